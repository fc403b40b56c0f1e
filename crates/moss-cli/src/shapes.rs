//! The JSON of answers: snake_case, fields in the order in which they are documented.

use moss::{Document, IndexInfo, JobStatus, Metadata, MutationResult, PushResult, SearchResult, VersionInfo};
use moss_proto::admin::{NewKey, ProjectObject};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct IndexShape<'a> {
    id: &'a str,
    name: &'a str,
    version: &'a str,
    status: &'a str,
    doc_count: usize,
    created_at: &'a str,
    updated_at: &'a str,
    model: ModelShape<'a>,
}

#[derive(Serialize)]
struct ModelShape<'a> {
    id: &'a str,
    version: &'a str,
}

impl<'a> From<&'a IndexInfo> for IndexShape<'a> {
    fn from(info: &'a IndexInfo) -> Self {
        IndexShape {
            id: &info.id,
            name: &info.name,
            version: &info.version,
            status: &info.status,
            doc_count: info.doc_count,
            created_at: &info.created_at,
            updated_at: &info.updated_at,
            model: ModelShape {
                id: &info.model.id,
                version: &info.model.version,
            },
        }
    }
}

#[derive(Serialize)]
pub(crate) struct DocumentShape<'a> {
    id: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<&'a [f32]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
}

impl<'a> From<&'a Document> for DocumentShape<'a> {
    fn from(document: &'a Document) -> Self {
        DocumentShape {
            id: &document.id,
            text: &document.text,
            metadata: document.metadata.as_ref(),
            embedding: document.embedding.as_deref(),
            payload: document.payload.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct SearchShape<'a> {
    query: &'a str,
    index_name: Option<&'a str>,
    time_taken_ms: u64,
    docs: Vec<FoundShape<'a>>,
}

#[derive(Serialize)]
struct FoundShape<'a> {
    id: &'a str,
    text: &'a str,
    score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
}

impl<'a> From<&'a SearchResult> for SearchShape<'a> {
    fn from(result: &'a SearchResult) -> Self {
        let docs = result.docs.iter().map(|found| FoundShape {
            id: &found.id,
            text: &found.text,
            score: found.score,
            metadata: found.metadata.as_ref(),
            payload: found.payload.as_deref(),
        });
        SearchShape {
            query: &result.query,
            index_name: result.index_name.as_deref(),
            time_taken_ms: result.time_taken_ms,
            docs: docs.collect(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct MutationShape<'a> {
    job_id: &'a str,
    index_name: &'a str,
    doc_count: usize,
}

impl<'a> From<&'a MutationResult> for MutationShape<'a> {
    fn from(result: &'a MutationResult) -> Self {
        MutationShape {
            job_id: &result.job_id,
            index_name: &result.index_name,
            doc_count: result.doc_count,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct JobShape<'a> {
    job_id: &'a str,
    status: &'a str,
    progress: f64,
    created_at: &'a str,
    updated_at: &'a str,
    completed_at: Option<&'a str>,
    current_phase: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> From<&'a JobStatus> for JobShape<'a> {
    fn from(job: &'a JobStatus) -> Self {
        JobShape {
            job_id: &job.job_id,
            status: &job.status,
            progress: job.progress,
            created_at: &job.created_at,
            updated_at: &job.updated_at,
            completed_at: job.completed_at.as_deref(),
            current_phase: job.current_phase.as_deref(),
            error: job.error.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct VersionShape<'a> {
    version: u64,
    doc_count: usize,
    updated_at: &'a str,
}

impl<'a> From<&'a VersionInfo> for VersionShape<'a> {
    fn from(version: &'a VersionInfo) -> Self {
        VersionShape {
            version: version.version,
            doc_count: version.doc_count,
            updated_at: &version.updated_at,
        }
    }
}

/// A push, after what was done to the session before it.
#[derive(Serialize)]
pub(crate) struct PushShape<'a, T: Serialize> {
    #[serde(flatten)]
    pub(crate) done: T,
    job_id: &'a str,
    index_name: &'a str,
    doc_count: usize,
    status: &'a str,
    version: &'a str,
    conflicts: &'a [String],
}

impl<'a, T: Serialize> PushShape<'a, T> {
    pub(crate) fn new(done: T, pushed: &'a PushResult) -> Self {
        PushShape {
            done,
            job_id: &pushed.job_id,
            index_name: &pushed.index_name,
            doc_count: pushed.doc_count,
            status: &pushed.status,
            version: &pushed.version,
            conflicts: &pushed.conflicts,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct KeyShape<'a> {
    project_id: &'a str,
    key_id: &'a str,
    project_key: &'a str,
}

impl<'a> From<&'a NewKey> for KeyShape<'a> {
    fn from(key: &'a NewKey) -> Self {
        KeyShape {
            project_id: &key.project_id,
            key_id: &key.key_id,
            project_key: &key.project_key,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ProjectShape<'a> {
    id: &'a str,
    created_at: &'a str,
    keys: Vec<KeyNameShape<'a>>,
}

/// A key without the key.
#[derive(Serialize)]
struct KeyNameShape<'a> {
    id: &'a str,
    created_at: &'a str,
}

impl<'a> From<&'a ProjectObject> for ProjectShape<'a> {
    fn from(project: &'a ProjectObject) -> Self {
        let keys = project.keys.iter().map(|key| KeyNameShape {
            id: &key.id,
            created_at: &key.created_at,
        });
        ProjectShape {
            id: &project.id,
            created_at: &project.created_at,
            keys: keys.collect(),
        }
    }
}

/// Something that was done and has no answer.
#[derive(Serialize)]
pub(crate) struct DoneShape<'a> {
    status: &'static str,
    message: &'a str,
}

impl<'a> DoneShape<'a> {
    pub(crate) fn new(message: &'a str) -> Self {
        DoneShape {
            status: "ok",
            message,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct DeletedProfileShape<'a> {
    status: &'static str,
    deleted_profile: &'a str,
    active_profile: &'a str,
}

impl<'a> DeletedProfileShape<'a> {
    pub(crate) fn new(deleted_profile: &'a str, active_profile: &'a str) -> Self {
        DeletedProfileShape {
            status: "ok",
            deleted_profile,
            active_profile,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ValidationShape<'a> {
    valid: bool,
    doc_count: usize,
    issues: &'a [String],
}

impl<'a> ValidationShape<'a> {
    pub(crate) fn new(doc_count: usize, issues: &'a [String]) -> Self {
        ValidationShape {
            valid: issues.is_empty(),
            doc_count,
            issues,
        }
    }
}
