//! What the store knows of a job.

use moss_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::time::{iso, now_ms};
use crate::{CreateMode, JobStatus};

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    #[default]
    PendingUpload,
    Building,
    Completed,
    Failed,
}

/// What is being done while a job is building, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    Downloading,
    Deserializing,
    GeneratingEmbeddings,
    BuildingIndex,
    Uploading,
    Cleanup,
}

impl Phase {
    /// The part of the progress from 0 to 100 that the phase takes.
    pub(crate) fn range(self) -> (f64, f64) {
        match self {
            Phase::Downloading => (0.0, 5.0),
            Phase::Deserializing => (5.0, 10.0),
            Phase::GeneratingEmbeddings => (10.0, 80.0),
            Phase::BuildingIndex => (80.0, 90.0),
            Phase::Uploading => (90.0, 99.0),
            Phase::Cleanup => (99.0, 100.0),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Phase::Downloading => "downloading",
            Phase::Deserializing => "deserializing",
            Phase::GeneratingEmbeddings => "generating_embeddings",
            Phase::BuildingIndex => "building_index",
            Phase::Uploading => "uploading",
            Phase::Cleanup => "cleanup",
        }
    }
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    /// Makes an index of an upload.
    Create {
        model_id: String,
        doc_count: usize,
        dimension: usize,
        mode: CreateMode,
    },
    /// Adds the documents of an upload.
    Add { upsert: bool },
    /// Deletes the ids of a JSON array.
    Delete,
}

/// The state of a job in the store. Of a push it is written once, when it is done.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct JobRecord {
    pub(crate) index: String,
    pub(crate) status: State,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    /// When it ended, well or not.
    pub(crate) completed_at: Option<u64>,
    pub(crate) work: Option<Work>,
    /// How often it was taken on; who did so last writes this record.
    pub(crate) attempt: u32,
    /// The newest version of the index when the job was made, 0 if there was none: what the job commits is above it.
    pub(crate) since: u64,
    pub(crate) progress: f64,
    pub(crate) phase: Option<Phase>,
    pub(crate) error: Option<String>,
    pub(crate) error_kind: Option<String>,
}

impl JobRecord {
    /// A job that begins now, on an index whose newest version is `since`.
    pub(crate) fn new(index: &str, since: u64, status: State, work: Work) -> JobRecord {
        let now = now_ms();
        JobRecord {
            index: index.to_owned(),
            status,
            created_at: now,
            updated_at: now,
            work: Some(work),
            since,
            ..JobRecord::default()
        }
    }

    /// A job that was done in one go and ended just now.
    pub(crate) fn done(index: &str, started_ms: u64) -> JobRecord {
        let mut record = JobRecord {
            index: index.to_owned(),
            created_at: started_ms,
            ..JobRecord::default()
        };
        record.end(&Ok(()));
        record
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.status, State::Completed | State::Failed)
    }

    /// The job ends now, like this.
    pub(crate) fn end(&mut self, result: &Result<(), Error>) {
        let now = now_ms().max(self.updated_at);
        self.updated_at = now;
        self.completed_at = Some(now);
        self.phase = None;
        match result {
            Ok(()) => {
                self.status = State::Completed;
                self.progress = 100.0;
            }
            Err(error) => {
                self.status = State::Failed;
                self.error = Some(error.to_string());
                self.error_kind = Some(error.kind().name().to_owned());
            }
        }
    }

    /// What users see of it.
    pub(crate) fn status(self, job_id: &str) -> JobStatus {
        let status = match self.status {
            State::PendingUpload => "pending_upload",
            State::Building => "building",
            State::Completed => "completed",
            State::Failed => "failed",
        };
        JobStatus {
            job_id: job_id.to_owned(),
            status: status.to_owned(),
            progress: self.progress,
            current_phase: self.phase.map(|phase| phase.name().to_owned()),
            error: self.error,
            error_kind: self.error_kind.as_deref().and_then(ErrorKind::from_name),
            created_at: iso(self.created_at),
            updated_at: iso(self.updated_at),
            completed_at: self.completed_at.map(iso),
        }
    }
}
