//! Incremental BM25 over stemmed words.
//!
//! [`TermTable`] is the words of many documents as plain columns, so that a stored index is opened without
//! reading a text again. Words are made in [`crate::text`].

mod table;

pub use table::TermTable;
