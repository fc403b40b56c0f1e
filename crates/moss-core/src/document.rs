//! What users store: a document and its checks.

use std::collections::BTreeMap;

use crate::{Error, ErrorKind, Result, limits};

/// Flat metadata of a document: string to string, kept byte for byte.
pub type Metadata = BTreeMap<String, String>;

/// One document: the unit that is added, replaced, found and deleted.
///
/// ```
/// use moss_core::Document;
/// let turn = Document::new("turn-1", "I want my money back").with_metadata([("speaker", "customer")]);
/// assert_eq!(turn.metadata.unwrap()["speaker"], "customer");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// The user's key, unique in an index.
    pub id: String,
    /// What is embedded and searched by keyword.
    pub text: String,
    /// What filters see. `None` and an empty map are both kept as given.
    pub metadata: Option<Metadata>,
    /// The vector: given by the caller, or filled in by the session's model.
    pub embedding: Option<Vec<f32>>,
    /// An opaque string that comes back with the document; never embedded, searched or filtered.
    pub payload: Option<String>,
}

impl Document {
    /// A document of an id and a text.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Document {
        Document {
            id: id.into(),
            text: text.into(),
            ..Document::default()
        }
    }

    /// The same document with this metadata.
    pub fn with_metadata<K: Into<String>, V: Into<String>>(
        mut self,
        metadata: impl IntoIterator<Item = (K, V)>,
    ) -> Document {
        self.metadata = Some(
            metadata
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        );
        self
    }

    /// The same document with this vector.
    pub fn with_embedding(mut self, embedding: impl Into<Vec<f32>>) -> Document {
        self.embedding = Some(embedding.into());
        self
    }

    /// The same document with this payload.
    pub fn with_payload(mut self, payload: impl Into<String>) -> Document {
        self.payload = Some(payload.into());
        self
    }

    /// The vector, where an empty one counts as none.
    pub fn vector(&self) -> Option<&[f32]> {
        self.embedding.as_deref().filter(|vector| !vector.is_empty())
    }

    /// Checks everything that can be checked without knowing the index.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty or oversized id, a non-finite or overlong vector; `TooLarge` for text,
    /// payload or metadata above their limits.
    pub fn check(&self) -> Result<()> {
        if self.id.is_empty() {
            return Err(Error::invalid("document id must not be empty"));
        }
        if self.id.len() > limits::MAX_ID_BYTES {
            let bytes = self.id.len();
            return Err(Error::invalid(format!(
                "a document id has {bytes} bytes, at most {} are allowed",
                limits::MAX_ID_BYTES
            )));
        }
        self.check_size("text", self.text.len(), limits::MAX_TEXT_BYTES)?;
        self.check_size(
            "payload",
            self.payload.as_ref().map_or(0, String::len),
            limits::MAX_PAYLOAD_BYTES,
        )?;
        if let Some(metadata) = &self.metadata {
            if metadata.len() > limits::MAX_METADATA_KEYS {
                return Err(self.too_large(format!(
                    "has {} metadata keys, at most {} are allowed",
                    metadata.len(),
                    limits::MAX_METADATA_KEYS
                )));
            }
            for (key, value) in metadata {
                self.check_size("a metadata key", key.len(), limits::MAX_METADATA_KEY_BYTES)?;
                self.check_size("a metadata value", value.len(), limits::MAX_METADATA_VALUE_BYTES)?;
            }
        }
        if let Some(vector) = self.vector() {
            check_vector(vector).map_err(|error| error.within(format_args!("document {:?}", self.id)))?;
        }
        Ok(())
    }

    fn check_size(&self, what: &str, bytes: usize, limit: usize) -> Result<()> {
        if bytes > limit {
            return Err(self.too_large(format!("{what} has {bytes} bytes, at most {limit} are allowed")));
        }
        Ok(())
    }

    fn too_large(&self, message: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::TooLarge, format!("document {:?}: {message}", self.id))
    }
}

/// Checks that a vector is finite and not absurdly long.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_vector(vector: &[f32]) -> Result<()> {
    if vector.len() > limits::MAX_DIMENSION {
        return Err(Error::invalid(format!(
            "embedding has {} dimensions, at most {} are allowed",
            vector.len(),
            limits::MAX_DIMENSION
        )));
    }
    match vector.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(Error::invalid(format!(
            "embedding holds {} at position {at}",
            vector[at]
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks() {
        Document::new("a", "").check().unwrap();
        let kind = |document: Document| document.check().unwrap_err().kind();
        assert_eq!(kind(Document::new("", "x")), ErrorKind::InvalidArgument);
        assert_eq!(
            kind(Document::new("a", "x".repeat(limits::MAX_TEXT_BYTES + 1))),
            ErrorKind::TooLarge
        );
        assert_eq!(
            kind(Document::new("a", "x").with_embedding([1.0, f32::NAN])),
            ErrorKind::InvalidArgument
        );
        let keys = (0..65).map(|i| (i.to_string(), ""));
        assert_eq!(
            kind(Document::new("a", "x").with_metadata(keys)),
            ErrorKind::TooLarge
        );
    }
}
