//! A document on the wire.

use moss_core::limits::MAX_DIMENSION;
use moss_core::{Document, Metadata};
use serde::{Deserialize, Serialize};

use crate::bounded;

/// `{id, text, metadata?, embedding?, payload?}`; what is `None` is not sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct DocumentBody {
    /// See [`Document::id`].
    pub id: String,
    /// See [`Document::text`].
    pub text: String,
    /// See [`Document::metadata`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// See [`Document::embedding`].
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "bounded::list_or_null::<_, MAX_DIMENSION, _>"
    )]
    pub embedding: Option<Vec<f32>>,
    /// See [`Document::payload`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

impl From<Document> for DocumentBody {
    fn from(document: Document) -> DocumentBody {
        let Document {
            id,
            text,
            metadata,
            embedding,
            payload,
        } = document;
        DocumentBody {
            id,
            text,
            metadata,
            embedding,
            payload,
        }
    }
}

impl From<DocumentBody> for Document {
    fn from(body: DocumentBody) -> Document {
        let DocumentBody {
            id,
            text,
            metadata,
            embedding,
            payload,
        } = body;
        Document {
            id,
            text,
            metadata,
            embedding,
            payload,
        }
    }
}
