//! Text to vector: `text -> tokens -> BERT -> pooling -> unit vector`.
//!
//! The registry says what the models are, [`Encoder`] runs one. No file is looked for or fetched here: paths come from
//! the caller (`moss-models`). The packed file is described byte by byte in `docs/model-format.md`.

mod bert;
mod config;
mod encoder;
mod int8;
mod layer;
mod math;
mod ops;
mod pack;
mod packed;
mod pool;
mod pooling;
mod registry;
mod tokenizer;

use std::fmt::Debug;
use std::path::Path;

pub use encoder::Encoder;
pub use pack::{PUBLISHED_FILES, pack};
pub use packed::{Description, describe};
pub use registry::{CUSTOM_MODEL, DEFAULT_MODEL, MODELS, ModelSpec, Pooling, find};

use crate::{Error, ErrorKind, Result};

/// Makes vectors of texts; what a session holds of its model.
///
/// The vector of a text depends on the text and the model alone: never on the batch it came in, on the number of
/// threads, or on earlier calls.
pub trait Embedder: Send + Sync + Debug {
    /// Length of every vector.
    fn dim(&self) -> usize;

    /// The unit vector of a question. Models with a query prefix put it before the text.
    ///
    /// Runs on the calling thread.
    ///
    /// # Errors
    /// `ModelUnavailable` if the model's files turn out not to fit together.
    fn embed_query(&self, text: &str) -> Result<Vec<f32>>;

    /// The unit vectors of documents, in their order.
    ///
    /// Runs on a pool of this process; see [`Encoder`].
    ///
    /// # Errors
    /// As [`embed_query`](Embedder::embed_query); `InvalidArgument` if `MOSS_NUM_THREADS` is not a number of threads.
    fn embed_documents(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>>;
}

/// The error of a model file that is absent, unreadable or not what it should be.
fn unavailable(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::ModelUnavailable,
        format!("model file {}: {reason}", path.display()),
    )
}
