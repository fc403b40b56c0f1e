//! The graph for large indexes; the only file that names usearch.
//!
//! A graph is built once and then only read: adding to a graph that others search, and filters that call back
//! into Rust from C++, are where usearch has crashed (its issues 548 and 624). To grow, a graph is copied,
//! and the copy grows. Rows are unknown here: the nodes are numbered as they were added.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use crate::vector::Vectors;

/// Callers that search one graph at a time. One more gets no answer from the graph, and scans.
const SEARCHES_AT_ONCE: usize = 64;
/// Links of a node in the upper layers, and half of those in the lowest. With usearch's 16, 100 candidates miss one in 14 of the ten
/// nearest among 50,000 descriptions, and eight times as many still one in 40; with 32 they miss one in 23, in about the same time. It
/// takes 0.2 KB a row more.
const CONNECTIVITY: usize = 32;
/// How far a vector's norm may be from 1. Inner-product graphs lose their recall when norms differ; rounding a unit vector to
/// codes moves its norm by less than this.
const UNIT_TOLERANCE: f32 = 1e-2;

/// Whether a vector of this norm can be in a graph.
pub(super) fn is_unit(norm: f32) -> bool {
    (norm - 1.0).abs() <= UNIT_TOLERANCE
}

/// An HNSW graph over unit vectors, kept in bf16: of usearch's kinds the fastest to build. Its candidates are scored again in
/// full.
pub(super) struct Graph {
    index: Index,
    nodes: usize,
    /// usearch's locks do not survive a fork, so a graph is good for the process that made it.
    pub(super) process_id: u32,
}

impl Graph {
    /// A copy of `base` (or an empty graph) with a node for each of `rows` added, in their order. None if it was
    /// told to stop, or if usearch failed, which is logged.
    ///
    /// 0.2 to 0.4 ms a row on one thread: the more rows, the longer.
    pub(super) fn grow(
        base: Option<&Graph>,
        vectors: &Vectors,
        rows: &[u32],
        stop: &AtomicBool,
    ) -> Option<Graph> {
        match try_grow(base, vectors, rows, stop) {
            Ok(graph) => graph,
            Err(error) => {
                warn!(%error, "no graph was built, queries go on scanning");
                None
            }
        }
    }

    /// Nodes ever added.
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// About the `count` nodes nearest to a unit vector, nearest first. None if usearch could not answer.
    pub(super) fn nearest(&self, unit_query: &[f32], count: usize) -> Option<Vec<u64>> {
        self.index.search(unit_query, count).ok().map(|found| found.keys)
    }
}

fn try_grow(
    base: Option<&Graph>,
    vectors: &Vectors,
    rows: &[u32],
    stop: &AtomicBool,
) -> Result<Option<Graph>, Box<dyn std::error::Error>> {
    let index = Index::new(&IndexOptions {
        dimensions: vectors.dim(),
        metric: MetricKind::IP,
        quantization: ScalarKind::BF16,
        connectivity: CONNECTIVITY,
        multi: false,
        ..IndexOptions::default()
    })?;
    let start = base.map_or(0, Graph::nodes);
    if let Some(base) = base {
        let mut bytes = vec![0; base.index.serialized_length()];
        base.index.save_to_buffer(&mut bytes)?;
        index.load_from_buffer(&bytes)?;
    }
    let nodes = start + rows.len();
    index.reserve_capacity_and_threads(nodes, SEARCHES_AT_ONCE)?;
    for (node, &row) in (start as u64..).zip(rows) {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        index.add(node, &vectors.get(row))?;
    }
    Ok(Some(Graph {
        index,
        nodes,
        process_id: std::process::id(),
    }))
}
