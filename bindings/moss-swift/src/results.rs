//! What calls give besides documents, as records that cross the border.

use moss::{IndexInfo, JobStatus, ModelRef, MutationResult, PushResult, RefreshResult, Upserted};

// Every conversion takes its value apart by name, so that a new field cannot be forgotten here.

/// What adding to a session did.
#[derive(uniffi::Record)]
pub(crate) struct NativeUpserted {
    added: u64,
    updated: u64,
}

impl From<Upserted> for NativeUpserted {
    fn from(done: Upserted) -> NativeUpserted {
        let Upserted { added, updated } = done;
        NativeUpserted {
            added: added as u64,
            updated: updated as u64,
        }
    }
}

/// What a change of a cloud index did.
#[derive(uniffi::Record)]
pub(crate) struct NativeMutation {
    job_id: String,
    index_name: String,
    doc_count: u64,
}

/// What a push did.
#[derive(uniffi::Record)]
pub(crate) struct NativePush {
    job_id: String,
    index_name: String,
    doc_count: u64,
    status: String,
    version: String,
    conflicts: Vec<String>,
}

/// A cloud index.
#[derive(uniffi::Record)]
pub(crate) struct NativeIndex {
    id: String,
    name: String,
    version: String,
    status: String,
    doc_count: u64,
    created_at: String,
    updated_at: String,
    model_id: String,
    model_version: String,
}

/// A job.
#[derive(uniffi::Record)]
pub(crate) struct NativeJob {
    job_id: String,
    status: String,
    progress: f64,
    current_phase: Option<String>,
    error: Option<String>,
    created_at: String,
    updated_at: String,
    completed_at: Option<String>,
}

/// What refreshing a loaded index did.
#[derive(uniffi::Record)]
pub(crate) struct NativeRefresh {
    index_name: String,
    previous_updated_at: String,
    new_updated_at: String,
    was_updated: bool,
}

impl From<MutationResult> for NativeMutation {
    fn from(result: MutationResult) -> NativeMutation {
        let MutationResult {
            job_id,
            index_name,
            doc_count,
        } = result;
        NativeMutation {
            job_id,
            index_name,
            doc_count: doc_count as u64,
        }
    }
}

impl From<PushResult> for NativePush {
    fn from(result: PushResult) -> NativePush {
        let PushResult {
            job_id,
            index_name,
            doc_count,
            status,
            version,
            conflicts,
        } = result;
        NativePush {
            job_id,
            index_name,
            doc_count: doc_count as u64,
            status,
            version,
            conflicts,
        }
    }
}

impl From<IndexInfo> for NativeIndex {
    fn from(info: IndexInfo) -> NativeIndex {
        let IndexInfo {
            id,
            name,
            version,
            status,
            doc_count,
            created_at,
            updated_at,
            model:
                ModelRef {
                    id: model_id,
                    version: model_version,
                },
        } = info;
        NativeIndex {
            id,
            name,
            version,
            status,
            doc_count: doc_count as u64,
            created_at,
            updated_at,
            model_id,
            model_version,
        }
    }
}

impl From<JobStatus> for NativeJob {
    fn from(job: JobStatus) -> NativeJob {
        let JobStatus {
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
        NativeJob {
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

impl From<RefreshResult> for NativeRefresh {
    fn from(result: RefreshResult) -> NativeRefresh {
        let RefreshResult {
            index_name,
            previous_updated_at,
            new_updated_at,
            was_updated,
        } = result;
        NativeRefresh {
            index_name,
            previous_updated_at,
            new_updated_at,
            was_updated,
        }
    }
}
