//! What calls return, as the structs of the Elixir package. Every field of the Rust value is named, so that a new one
//! breaks this build instead of being dropped in silence.

use rustler::NifStruct;

use crate::documents::Fields;

/// `Moss.QueryResultDoc`.
#[derive(NifStruct)]
#[module = "Moss.QueryResultDoc"]
#[rustler(encode)]
pub(crate) struct QueryResultDoc {
    id: String,
    text: String,
    score: f32,
    metadata: Option<Fields>,
    payload: Option<String>,
}

impl From<moss::ScoredDocument> for QueryResultDoc {
    fn from(found: moss::ScoredDocument) -> QueryResultDoc {
        QueryResultDoc {
            id: found.id,
            text: found.text,
            score: found.score,
            metadata: found.metadata.map(Fields),
            payload: found.payload,
        }
    }
}

/// `Moss.SearchResult`.
#[derive(NifStruct)]
#[module = "Moss.SearchResult"]
#[rustler(encode)]
pub(crate) struct SearchResult {
    docs: Vec<QueryResultDoc>,
    query: String,
    index_name: Option<String>,
    time_taken_ms: u64,
}

impl From<moss::SearchResult> for SearchResult {
    fn from(result: moss::SearchResult) -> SearchResult {
        let moss::SearchResult {
            docs,
            query,
            index_name,
            time_taken_ms,
        } = result;
        SearchResult {
            docs: docs.into_iter().map(QueryResultDoc::from).collect(),
            query,
            index_name,
            time_taken_ms,
        }
    }
}

/// `Moss.ModelRef`.
#[derive(NifStruct)]
#[module = "Moss.ModelRef"]
#[rustler(encode)]
pub(crate) struct ModelRef {
    id: String,
    version: Option<String>,
}

/// `Moss.IndexInfo`.
#[derive(NifStruct)]
#[module = "Moss.IndexInfo"]
#[rustler(encode)]
pub(crate) struct IndexInfo {
    id: String,
    name: String,
    version: String,
    status: String,
    doc_count: usize,
    created_at: String,
    updated_at: String,
    model: ModelRef,
}

impl From<moss::IndexInfo> for IndexInfo {
    fn from(info: moss::IndexInfo) -> IndexInfo {
        let moss::IndexInfo {
            id,
            name,
            version,
            status,
            doc_count,
            created_at,
            updated_at,
            model:
                moss::ModelRef {
                    id: model_id,
                    version: model_version,
                },
        } = info;
        IndexInfo {
            id,
            name,
            version,
            status,
            doc_count,
            created_at,
            updated_at,
            model: ModelRef {
                id: model_id,
                version: Some(model_version).filter(|version| !version.is_empty()),
            },
        }
    }
}

/// `Moss.MutationResult`.
#[derive(NifStruct)]
#[module = "Moss.MutationResult"]
#[rustler(encode)]
pub(crate) struct MutationResult {
    job_id: String,
    index_name: String,
    doc_count: usize,
}

impl From<moss::MutationResult> for MutationResult {
    fn from(result: moss::MutationResult) -> MutationResult {
        let moss::MutationResult {
            job_id,
            index_name,
            doc_count,
        } = result;
        MutationResult {
            job_id,
            index_name,
            doc_count,
        }
    }
}

/// `Moss.PushIndexResult`.
#[derive(NifStruct)]
#[module = "Moss.PushIndexResult"]
#[rustler(encode)]
pub(crate) struct PushIndexResult {
    job_id: String,
    index_name: String,
    doc_count: usize,
    status: String,
    version: String,
    conflicts: Vec<String>,
}

impl From<moss::PushResult> for PushIndexResult {
    fn from(result: moss::PushResult) -> PushIndexResult {
        let moss::PushResult {
            job_id,
            index_name,
            doc_count,
            status,
            version,
            conflicts,
        } = result;
        PushIndexResult {
            job_id,
            index_name,
            doc_count,
            status,
            version,
            conflicts,
        }
    }
}

/// `Moss.RefreshResult`.
#[derive(NifStruct)]
#[module = "Moss.RefreshResult"]
#[rustler(encode)]
pub(crate) struct RefreshResult {
    index_name: String,
    previous_updated_at: String,
    new_updated_at: String,
    was_updated: bool,
}

impl From<moss::RefreshResult> for RefreshResult {
    fn from(result: moss::RefreshResult) -> RefreshResult {
        let moss::RefreshResult {
            index_name,
            previous_updated_at,
            new_updated_at,
            was_updated,
        } = result;
        RefreshResult {
            index_name,
            previous_updated_at,
            new_updated_at,
            was_updated,
        }
    }
}

/// `Moss.JobStatusResponse`.
#[derive(NifStruct)]
#[module = "Moss.JobStatusResponse"]
#[rustler(encode)]
pub(crate) struct JobStatusResponse {
    job_id: String,
    status: String,
    progress: f64,
    current_phase: Option<String>,
    error: Option<String>,
    created_at: String,
    updated_at: String,
    completed_at: Option<String>,
}

impl From<moss::JobStatus> for JobStatusResponse {
    fn from(job: moss::JobStatus) -> JobStatusResponse {
        let moss::JobStatus {
            job_id,
            status,
            progress,
            current_phase,
            error,
            created_at,
            updated_at,
            completed_at,
            error_kind: _,
        } = job;
        JobStatusResponse {
            job_id,
            status,
            progress,
            current_phase,
            error,
            created_at,
            updated_at,
            completed_at,
        }
    }
}
