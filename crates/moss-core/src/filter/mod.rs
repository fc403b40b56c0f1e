//! Metadata filters: JSON to a tree, a tree to a bitmap of rows.
//!
//! [`Filter`] is parsed and checked once; [`Filter::matches`] reads one document's metadata, [`Columns`] answers
//! for all rows of an index before they are ranked. Both ask the same question of one value, in `value`. Which
//! rows exist, and what is done with the bitmap, is the index's business.

mod ast;
mod columns;
mod eval;
mod geo;
mod json;
mod number;
mod parse;
mod path;
mod render;
#[cfg(test)]
mod tests;
mod value;

pub use ast::Filter;
pub use columns::Columns;
pub use path::Path;
pub use value::compare_values;
