//! Metadata filters: JSON to a tree, a tree to a bitmap of rows.
