//! Ranking rows: the scan, the graph for large indexes, and the blend with keyword scores.
//!
//! Everything here speaks of rows, the dense numbers that documents have inside an index. Ids, documents and
//! filters stay outside: a ranking is handed the rows it may return.

mod blend;
mod hnsw;
mod links;
mod nodes;
mod scan;
mod top;
mod vector_index;

pub use scan::rank;
pub use vector_index::{GRAPH_ABOVE, VectorIndex};

use fixedbitset::FixedBitSet;

/// The keyword scores of one query, as far as a ranking needs them.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    /// BM25 by row: 0 or absent for a row without a query word. Finite and not negative.
    pub scores: &'a [f32],
    /// The best of `scores` over the whole index, also outside of a filter.
    pub best: f32,
    /// The rows whose score is not 0, each once, in any order.
    pub touched: &'a [u32],
}

/// What to rank, and by what.
#[derive(Debug, Clone, Copy)]
pub struct Ranking<'a> {
    /// The question's vector. None ranks by keywords alone, whatever `alpha`.
    pub query: Option<&'a [f32]>,
    /// How much nearness counts against keywords, 0 to 1.
    pub alpha: f32,
    /// Keyword scores; None if the question has no word. The caller then sets `alpha` to 1 if it is above 0.
    pub keys: Option<Keys<'a>>,
    /// The rows that may be returned: those that live and pass the filter.
    pub allowed: &'a FixedBitSet,
    /// When each row was stored: of equal rows the smaller comes first.
    pub order: &'a [u64],
    /// How many rows to return at most.
    pub top_k: usize,
}

/// A row of a ranking with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The row; never shown to users.
    pub row: u32,
    /// 0 to 1, finite.
    pub score: f32,
}
