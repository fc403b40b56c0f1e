//! What makes a session's vectors, and which vectors it takes.

use std::sync::Arc;

use crate::embed::{CUSTOM_MODEL, Embedder};
use crate::{Document, Error, ErrorKind, Result};

/// The model that an index is bound to.
#[derive(Debug, Clone)]
pub enum Model {
    /// The caller supplies every vector; the first one fixes the dimension until the index is empty again.
    Custom,
    /// Text is embedded here.
    BuiltIn {
        /// The model's id, such as `moss-minilm`.
        id: String,
        /// The opened encoder.
        embedder: Arc<dyn Embedder>,
    },
}

impl Model {
    /// The model's id; `custom` for vectors of the caller.
    pub fn id(&self) -> &str {
        match self {
            Model::Custom => CUSTOM_MODEL,
            Model::BuiltIn { id, .. } => id,
        }
    }

    /// Length of the model's vectors; 0 for `custom`, which has none of its own.
    pub fn dim(&self) -> usize {
        match self {
            Model::Custom => 0,
            Model::BuiltIn { embedder, .. } => embedder.dim(),
        }
    }

    /// Checks that the vectors of a batch are there and fit: `dim` is the length that the index holds, 0 if none is fixed.
    ///
    /// # Errors
    /// `MixedEmbeddings`, `EmbeddingMissing` and `DimensionMismatch`, which name the documents.
    pub fn check(&self, documents: &[Document], dim: usize) -> Result<()> {
        if let Model::Custom = self {
            check_complete(documents)?;
        }
        check_dimensions(documents, dim)
    }

    /// One vector per document of a checked batch: its own, or made from its text.
    pub(crate) fn vectors(&self, documents: &[Document]) -> Result<Vec<Vec<f32>>> {
        let own = with_vectors(documents);
        let mut made = match self {
            Model::BuiltIn { embedder, .. } if own < documents.len() => {
                let without = documents.iter().filter(|document| document.vector().is_none());
                embedder
                    .embed_documents(&without.map(|document| document.text.as_str()).collect::<Vec<_>>())?
            }
            _ => Vec::new(),
        }
        .into_iter();
        documents
            .iter()
            .map(|document| match document.vector() {
                Some(vector) => Ok(vector.to_vec()),
                None => made.next().ok_or_else(|| {
                    Error::new(
                        ErrorKind::Internal,
                        "the encoder returned fewer vectors than texts",
                    )
                }),
            })
            .collect()
    }

    /// The query's own vector, or one made from the text.
    pub(crate) fn query_vector(&self, text: &str, own: Option<&[f32]>) -> Result<Vec<f32>> {
        match (self, own) {
            (_, Some(own)) => Ok(own.to_vec()),
            (Model::BuiltIn { embedder, .. }, None) => embedder.embed_query(text),
            (Model::Custom, None) => Err(Error::new(
                ErrorKind::EmbeddingRequired,
                "an index of custom embeddings requires explicit query embeddings: pass the query's embedding",
            )),
        }
    }
}

/// How many documents carry a vector.
fn with_vectors(documents: &[Document]) -> usize {
    documents
        .iter()
        .filter(|document| document.vector().is_some())
        .count()
}

/// Checks that all documents of a custom batch carry a vector.
fn check_complete(documents: &[Document]) -> Result<()> {
    let own = with_vectors(documents);
    if own == documents.len() {
        return Ok(());
    }
    let missing = documents.iter().filter(|document| document.vector().is_none());
    let ids = list_ids(missing.map(|document| document.id.as_str()));
    Err(if own > 0 {
        Error::new(
            ErrorKind::MixedEmbeddings,
            format!("either all documents or none carry custom embeddings; missing .embedding: {ids}"),
        )
    } else {
        Error::new(
            ErrorKind::EmbeddingMissing,
            format!("an index of custom embeddings needs one for each document; missing .embedding: {ids}"),
        )
    })
}

/// Checks that every given vector has the index's length, or one common length where none is fixed.
fn check_dimensions(documents: &[Document], dim: usize) -> Result<()> {
    let mut expected = dim;
    for document in documents {
        let Some(vector) = document.vector() else { continue };
        if expected == 0 {
            expected = vector.len();
        }
        if vector.len() != expected {
            return Err(dimension_mismatch(
                format_args!("document {:?}", document.id),
                vector.len(),
                expected,
            ));
        }
    }
    Ok(())
}

/// `DimensionMismatch` naming what has `got` dimensions where `expected` are due.
pub(crate) fn dimension_mismatch(what: impl std::fmt::Display, got: usize, expected: usize) -> Error {
    Error::new(
        ErrorKind::DimensionMismatch,
        format!("{what}: embedding has {got} dimensions, the index has {expected}"),
    )
}

/// The first ids of a list, quoted, and how many more there are.
fn list_ids<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 10;
    let ids: Vec<&str> = ids.collect();
    let shown: Vec<String> = ids.iter().take(SHOWN).map(|id| format!("{id:?}")).collect();
    match ids.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
