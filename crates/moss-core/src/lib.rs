//! All of Moss search: documents, embedding, indexes, filters, sessions and their bytes.
//!
//! Synchronous; opens no socket and reads no clock. Two roads cross this crate: a question goes
//! text -> tokens -> vector -> candidates -> blend -> documents, a document goes
//! document -> tokens -> vector -> session -> segment.

pub mod document;
pub mod embed;
mod error;
pub mod filter;
pub mod index;
mod lanes;
pub mod lexical;
pub mod limits;
pub mod query;
mod rotate;
pub mod session;
pub mod snapshot;
mod state;
pub mod text;
pub mod vector;

pub use document::{Document, Metadata};
pub use error::{Error, ErrorKind, Result};
