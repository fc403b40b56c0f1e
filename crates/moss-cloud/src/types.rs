//! What the cloud takes and answers, apart from documents.

use std::str::FromStr;

use moss_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// What a push does if somebody else pushed since the session's base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Both sides' documents stay; this session wins where both changed one, and an edit beats a delete.
    Merge,
    /// The pushed version holds this session's documents and no others.
    Replace,
    /// The push fails with `Conflict`.
    Fail,
}

impl FromStr for OnConflict {
    type Err = Error;

    fn from_str(text: &str) -> Result<OnConflict> {
        match text {
            "merge" => Ok(OnConflict::Merge),
            "replace" => Ok(OnConflict::Replace),
            "fail" => Ok(OnConflict::Fail),
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("on_conflict must be \"merge\", \"replace\" or \"fail\", got {text:?}"),
            )),
        }
    }
}

/// What an upload is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CreateMode {
    /// To make an index whose name is free.
    #[default]
    Create,
    /// To make an index, or to take the place of all documents of one.
    Replace,
}

/// What is to be uploaded, to be checked against what comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadSpec {
    /// The index to make.
    pub index: String,
    /// Its model.
    pub model_id: String,
    /// Documents in the upload.
    pub doc_count: usize,
    /// Length of the vectors in the upload; 0 where the model is to embed the texts.
    pub dimension: usize,
    /// Whether the name must be free.
    pub mode: CreateMode,
}

/// The model of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRef {
    /// Its id.
    pub id: String,
    /// Its version; empty if unknown.
    pub version: String,
}

/// An index as its newest version says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexInfo {
    /// Stays over pushes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The version, a number that grows with each change, and at times by upkeep between two changes.
    pub version: String,
    /// `NotStarted`, `Building`, `Ready` or `Failed`.
    pub status: String,
    /// Documents in it.
    pub doc_count: usize,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC.
    pub updated_at: String,
    /// The model it is bound to.
    pub model: ModelRef,
}

/// What a mutation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MutationResult {
    /// The job, finished already.
    pub job_id: String,
    /// The index.
    pub index_name: String,
    /// Documents or ids in the request.
    pub doc_count: usize,
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobStatus {
    /// Its id.
    pub job_id: String,
    /// `pending_upload`, `uploading`, `building`, `completed` or `failed`.
    pub status: String,
    /// 0 to 100, never falling.
    pub progress: f64,
    /// What is being done while the status is `building`.
    pub current_phase: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// The kind of what it failed with.
    pub error_kind: Option<ErrorKind>,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC.
    pub updated_at: String,
    /// ISO 8601, UTC; `None` until it ended, well or not.
    pub completed_at: Option<String>,
}

/// A version of an index that can still be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// Its number.
    pub version: u64,
    /// Documents in it.
    pub doc_count: usize,
    /// When it was made; ISO 8601, UTC.
    pub updated_at: String,
}

/// A file that [`Project::create_index_from_files`](crate::Project::create_index_from_files) reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name, which becomes part of the ids.
    pub name: String,
    /// `text/plain` or `text/markdown`.
    pub content_type: String,
    /// Its bytes, UTF-8.
    pub data: Vec<u8>,
}
