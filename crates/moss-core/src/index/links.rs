//! The graph of an index and the thread that makes the next one.
//!
//! A build works on a snapshot of the vectors and holds no lock. Meanwhile writes go on: they detach the rows they
//! touch from the graph in use and from the one being built, and a detached row is found by scanning.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use fixedbitset::FixedBitSet;
use tracing::warn;

use super::hnsw::{Graph, is_unit};
use super::nodes::Nodes;
use crate::vector::Vectors;

/// The next graph is begun when one row in this many is not in the present one.
const LOOSE_SHARE: usize = 16;

/// What of an index is linked in a graph, and what is not.
#[derive(Default)]
pub(super) struct Links {
    /// The rows that have a vector.
    live: FixedBitSet,
    /// Those of them that are not in the graph, and have to be scanned.
    loose: FixedBitSet,
    /// Those of the live ones that a graph could hold.
    unit: FixedBitSet,
    /// How many rows are live.
    count: usize,
    /// How many rows are both loose and unit.
    waiting: usize,
    graph: Option<Linked>,
    build: Option<Build>,
    /// A build failed; scanning goes on, and no other is tried.
    gave_up: bool,
}

/// A finished graph.
pub(super) struct Linked {
    pub(super) graph: Arc<Graph>,
    pub(super) nodes: Nodes,
}

struct Build {
    process_id: u32,
    stop: Arc<AtomicBool>,
    /// None once it was joined.
    thread: Option<JoinHandle<Option<Graph>>>,
    nodes: Nodes,
}

impl Links {
    /// Rows that have a vector.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The rows that the graph does not know.
    pub(super) fn loose(&self) -> &FixedBitSet {
        &self.loose
    }

    /// The graph, if this process can search it.
    pub(super) fn graph(&self) -> Option<&Linked> {
        self.graph
            .as_ref()
            .filter(|linked| linked.graph.process_id == std::process::id())
    }

    /// The row got a vector of this norm.
    pub(super) fn set(&mut self, row: u32, norm: f32) {
        self.remove(row);
        let row = row as usize;
        for bits in [&mut self.live, &mut self.loose, &mut self.unit] {
            bits.grow(row + 1);
        }
        self.live.insert(row);
        self.loose.insert(row);
        self.unit.set(row, is_unit(norm));
        self.count += 1;
        self.waiting += usize::from(is_unit(norm));
    }

    /// The row has no vector any more.
    pub(super) fn remove(&mut self, row: u32) {
        let at = row as usize;
        if !self.live.contains(at) {
            return;
        }
        self.count -= 1;
        self.waiting -= usize::from(self.loose.contains(at) && self.unit.contains(at));
        for bits in [&mut self.live, &mut self.loose, &mut self.unit] {
            bits.remove(at);
        }
        for nodes in self.all_nodes() {
            nodes.detach(row);
        }
    }

    /// Rows were renumbered: `r` is now `new_row[r]`, or dropped where that is `u32::MAX`.
    pub(super) fn remap(&mut self, new_row: &[u32]) {
        for bits in [&mut self.live, &mut self.loose, &mut self.unit] {
            let kept = bits
                .ones()
                .map(|row| new_row[row] as usize)
                .filter(|&row| row != u32::MAX as usize);
            let mut renumbered = FixedBitSet::with_capacity(new_row.len());
            kept.for_each(|row| renumbered.insert(row));
            *bits = renumbered;
        }
        self.count = self.live.count_ones(..);
        self.waiting = self.loose.intersection_count(&self.unit);
        for nodes in self.all_nodes() {
            nodes.remap(new_row);
        }
    }

    fn all_nodes(&mut self) -> impl Iterator<Item = &mut Nodes> {
        let linked = self.graph.iter_mut().map(|linked| &mut linked.nodes);
        linked.chain(self.build.iter_mut().map(|build| &mut build.nodes))
    }

    /// Whether [`tend`](Links::tend) would change anything: a build ended, the process was forked, or it is time
    /// for a build.
    pub(super) fn needs_tending(&self, graph_above: usize) -> bool {
        // Asked of the system each time, so only where there is something to compare it with.
        let is_foreign = |process_id| process_id != std::process::id();
        let foreign = self
            .graph
            .as_ref()
            .is_some_and(|linked| is_foreign(linked.graph.process_id));
        match &self.build {
            Some(build) => foreign || is_foreign(build.process_id) || build.is_finished(),
            None => foreign || self.is_due(graph_above),
        }
    }

    /// Takes over a finished build, forgets what belongs to the process that this one was forked from, and begins
    /// a build when it is time.
    pub(super) fn tend(&mut self, vectors: &Vectors, graph_above: usize) {
        let process_id = std::process::id();
        self.build.take_if(|build| build.process_id != process_id);
        if self
            .graph
            .take_if(|linked| linked.graph.process_id != process_id)
            .is_some()
        {
            self.loosen_all();
        }
        if let Some(build) = self.build.take_if(|build| build.is_finished()) {
            self.adopt(build);
        }
        if self.build.is_none() && self.is_due(graph_above) {
            self.begin(vectors);
        }
    }

    fn loosen_all(&mut self) {
        self.loose = self.live.clone();
        self.waiting = self.unit.count_ones(..);
    }

    fn is_due(&self, graph_above: usize) -> bool {
        if self.gave_up || self.count <= graph_above {
            return false;
        }
        match &self.graph {
            // Most rows must gain by it: those that are not of unit length are scanned all the same.
            None => self.waiting * 2 > self.count,
            Some(linked) => self.waiting * LOOSE_SHARE > self.count || linked.nodes.is_worn(),
        }
    }

    fn begin(&mut self, vectors: &Vectors) {
        let base = self.graph.as_ref().filter(|linked| !linked.nodes.is_worn());
        let mut nodes = base.map_or_else(Nodes::default, |linked| linked.nodes.clone());
        let rows: Vec<u32> = self
            .unit
            .ones()
            .filter(|&row| !nodes.has(row))
            .map(|row| row as u32)
            .collect();
        nodes.extend(&rows);
        let base = base.map(|linked| linked.graph.clone());
        let stop = Arc::new(AtomicBool::new(false));
        let (snapshot, told_to_stop) = (vectors.clone(), stop.clone());
        let thread = std::thread::Builder::new()
            .name("moss-graph".into())
            .spawn(move || Graph::grow(base.as_deref(), &snapshot, &rows, &told_to_stop));
        match thread {
            Ok(thread) => {
                self.build = Some(Build {
                    process_id: std::process::id(),
                    stop,
                    thread: Some(thread),
                    nodes,
                });
            }
            Err(error) => {
                warn!(%error, "no thread for building a graph, queries go on scanning");
                self.gave_up = true;
            }
        }
    }

    fn adopt(&mut self, mut build: Build) {
        // A panic in the build counts as a failure of it.
        let graph = build
            .thread
            .take()
            .and_then(|thread| thread.join().ok().flatten());
        let Some(graph) = graph else {
            self.gave_up = true;
            return;
        };
        let nodes = std::mem::take(&mut build.nodes);
        self.loose = self.live.clone();
        self.live
            .ones()
            .filter(|&row| nodes.has(row))
            .for_each(|row| self.loose.remove(row));
        self.waiting = self.loose.intersection_count(&self.unit);
        self.graph = Some(Linked {
            graph: Arc::new(graph),
            nodes,
        });
    }

    /// Waits for the build that is going on, and takes it over.
    pub(super) fn finish_build(&mut self) {
        if let Some(build) = self.build.take() {
            self.adopt(build);
        }
    }
}

impl Build {
    fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Build {
    /// Tells the thread to stop, which it does before the next row, and does not wait for it.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if self.process_id != std::process::id() {
            // After a fork the handle's number may by now be another thread's: detach nothing.
            std::mem::forget(self.thread.take());
        }
    }
}
