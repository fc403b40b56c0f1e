//! Records of finished jobs, readable from any process.

use moss_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::time::{iso, now_ms};
use crate::{JobStatus, Project};

#[derive(Debug, Serialize, Deserialize)]
struct JobRecord {
    index: String,
    status: String,
    created_at: u64,
    completed_at: u64,
}

/// The status of a job that reached its end.
pub(crate) const COMPLETED: &str = "completed";

impl Project {
    /// Records a job that ended well just now.
    ///
    /// Work in this process ends before its caller gets an id, so a job is written once, when it is done. The commit
    /// came before: should the record fail, what was asked for has happened all the same.
    pub(crate) async fn record_job(&self, job_id: &str, index: &str, started_ms: u64) {
        let record = JobRecord {
            index: index.to_owned(),
            status: COMPLETED.to_owned(),
            created_at: started_ms,
            completed_at: now_ms(),
        };
        if let Err(error) = self.store.put_job(job_id, &record).await {
            tracing::warn!(job_id, %error, "job record not written");
        }
    }

    /// The job of that id.
    ///
    /// # Errors
    /// `JobNotFound`.
    pub async fn job_status(&self, job_id: &str) -> Result<JobStatus> {
        let not_found = || Error::new(ErrorKind::JobNotFound, format!("no job {job_id:?}"));
        if uuid::Uuid::parse_str(job_id).is_err() {
            return Err(not_found());
        }
        let record: JobRecord = self.store.job(job_id).await?.ok_or_else(not_found)?;
        Ok(JobStatus {
            job_id: job_id.to_owned(),
            progress: 100.0,
            current_phase: None,
            error: None,
            created_at: iso(record.created_at),
            updated_at: iso(record.completed_at),
            completed_at: (record.status == COMPLETED).then(|| iso(record.completed_at)),
            status: record.status,
        })
    }
}
