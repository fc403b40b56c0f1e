//! Incremental BM25 over stemmed words.
//!
//! [`KeywordIndex`] holds the postings in memory and ranks by them; [`TermTable`] is the same words as plain
//! columns, so that a stored index is opened without reading a text again. Words are made in [`crate::text`],
//! the bytes of a table in [`crate::snapshot`], and the blend with vectors in [`crate::index`].

mod index;
mod postings;
mod score;
mod table;
#[cfg(test)]
mod tests;

pub use index::KeywordIndex;
pub use score::KeywordScores;
pub use table::TermTable;

/// In a list of rows: no row, the document is left out.
pub const NO_ROW: u32 = u32::MAX;
