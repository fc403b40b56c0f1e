//! `POST /query`: the cloud query.

use moss_core::Metadata;
use moss_core::limits::MAX_DIMENSION;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::bounded;

/// Results when the request names no number.
pub const DEFAULT_TOP_K: usize = 10;

/// A question. Not `Debug`: it may hold a key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct QueryRequest {
    /// The text.
    pub query: String,
    /// The index to ask.
    pub index_name: String,
    /// The project.
    pub project_id: String,
    /// Its key, unless a bearer token is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_key: Option<String>,
    /// How many documents at most; default [`DEFAULT_TOP_K`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<i64>,
    /// Used instead of embedding the text.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "bounded::list_or_null::<_, MAX_DIMENSION, _>"
    )]
    pub query_embedding: Option<Vec<f32>>,
    /// Weight of the vectors, 0 to 1; default 0.8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f32>,
    /// Only documents that match are ranked. The text, which the parser of filters measures before it reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Box<RawValue>>,
}

/// What the question found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryAnswer {
    /// In descending score.
    pub docs: Vec<Hit>,
    /// The text as given.
    pub query: String,
    /// The index asked.
    pub index_name: String,
    /// Whole milliseconds in the service.
    pub time_taken_ms: u64,
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its metadata; `null` where it has none.
    #[serde(default)]
    pub metadata: Option<Metadata>,
    /// Its payload; not sent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// 0 to 1.
    pub score: f32,
}
