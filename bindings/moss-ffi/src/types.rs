//! The structs of results and documents, field for field as C sees them.
//!
//! Fields are never reordered; new ones go last.

use std::ffi::c_char;

/// One entry of a document's metadata.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MossMetadataEntry {
    /// The key.
    pub key: *mut c_char,
    /// The value.
    pub value: *mut c_char,
}

/// A document: passed in by the caller, who keeps all of it, or given out by a get function.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MossDocumentInfo {
    /// The key of the document, unique in an index.
    pub id: *mut c_char,
    /// What is embedded and searched by keyword.
    pub text: *mut c_char,
    /// What filters see. NULL: no metadata; not NULL with count 0: empty metadata.
    pub metadata: *mut MossMetadataEntry,
    /// How many entries.
    pub metadata_count: usize,
    /// The vector, or NULL. Needed with the model "custom", and given out only for it.
    pub embedding: *mut f32,
    /// Its length; 0 is no vector.
    pub embedding_dim: usize,
    /// An opaque text that comes back with the document, or NULL; never searched.
    pub payload: *mut c_char,
}

/// A document that a query found.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MossQueryResultDoc {
    /// The key of the document.
    pub id: *mut c_char,
    /// Its text.
    pub text: *mut c_char,
    /// Its metadata, as in MossDocumentInfo.
    pub metadata: *mut MossMetadataEntry,
    /// How many entries.
    pub metadata_count: usize,
    /// How well it answers, 0 to 1.
    pub score: f32,
    /// Its payload, or NULL.
    pub payload: *mut c_char,
}

/// The answer to a query.
#[repr(C)]
#[derive(Debug)]
pub struct MossSearchResult {
    /// Documents by descending score; NULL if there are none.
    pub docs: *mut MossQueryResultDoc,
    /// How many.
    pub doc_count: usize,
    /// The text as asked.
    pub query: *mut c_char,
    /// The searched index or session, or NULL.
    pub index_name: *mut c_char,
    /// Whole milliseconds, often 0.
    pub time_taken_ms: u64,
}

/// A model that an index is bound to.
#[repr(C)]
#[derive(Debug)]
pub struct MossModelRef {
    /// Its id.
    pub id: *mut c_char,
    /// Its version, or NULL.
    pub version: *mut c_char,
}

/// A cloud index as its newest version says.
#[repr(C)]
#[derive(Debug)]
pub struct MossIndexInfo {
    /// Stays the same over pushes.
    pub id: *mut c_char,
    /// Its name.
    pub name: *mut c_char,
    /// Its version, or NULL.
    pub version: *mut c_char,
    /// "NotStarted", "Building", "Ready" or "Failed".
    pub status: *mut c_char,
    /// How many documents it has.
    pub doc_count: usize,
    /// ISO 8601 in UTC, or NULL.
    pub created_at: *mut c_char,
    /// ISO 8601 in UTC, or NULL.
    pub updated_at: *mut c_char,
    /// The model it is bound to.
    pub model: MossModelRef,
}

/// What a mutation of a cloud index did.
#[repr(C)]
#[derive(Debug)]
pub struct MossMutationResult {
    /// The job, which is finished.
    pub job_id: *mut c_char,
    /// The index.
    pub index_name: *mut c_char,
    /// Documents or ids in the request.
    pub doc_count: usize,
}

/// What a push did.
#[repr(C)]
#[derive(Debug)]
pub struct MossPushIndexResult {
    /// The push as a job, which is finished.
    pub job_id: *mut c_char,
    /// The session's name.
    pub index_name: *mut c_char,
    /// Documents in the pushed version.
    pub doc_count: usize,
    /// "completed".
    pub status: *mut c_char,
    /// The pushed version.
    pub version: *mut c_char,
    /// Ids that both this session and another writer changed, in byte order; this session's change won.
    pub conflicts: *mut *mut c_char,
    /// How many.
    pub conflict_count: usize,
}

/// What a refresh did.
#[repr(C)]
#[derive(Debug)]
pub struct MossRefreshResult {
    /// The index.
    pub index_name: *mut c_char,
    /// When the copy held before was made.
    pub previous_updated_at: *mut c_char,
    /// When the copy held now was made.
    pub new_updated_at: *mut c_char,
    /// Whether a newer version was loaded.
    pub was_updated: bool,
}

/// A job.
#[repr(C)]
#[derive(Debug)]
pub struct MossJobStatusResponse {
    /// Its id.
    pub job_id: *mut c_char,
    /// "pending_upload", "uploading", "building", "completed" or "failed".
    pub status: *mut c_char,
    /// 0 to 100, never falling.
    pub progress: f64,
    /// What is being done while the status is "building", or NULL.
    pub current_phase: *mut c_char,
    /// Why it failed, or NULL.
    pub error: *mut c_char,
    /// ISO 8601 in UTC, or NULL.
    pub created_at: *mut c_char,
    /// ISO 8601 in UTC, or NULL.
    pub updated_at: *mut c_char,
    /// ISO 8601 in UTC; NULL until it ended.
    pub completed_at: *mut c_char,
}
