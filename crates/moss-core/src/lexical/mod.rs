//! Incremental BM25 over stemmed words.
