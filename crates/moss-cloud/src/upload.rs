//! Bulk uploads: what an index is to be made of is announced, stored, and built in a job.

use std::time::Duration;

use bytes::Bytes;
use moss_core::embed::{self, CUSTOM_MODEL};
use moss_core::{Error, ErrorKind, Result, limits};
use moss_proto::{MAX_UPLOAD_BYTES, bulk};
use moss_store::Created;
use uuid::Uuid;

use crate::index::{index_exists, model_mismatch};
use crate::jobs::{JobRecord, State, Work, check_job_id, no_job};
use crate::{CreateMode, Project, UploadSpec};

/// How long an announced upload may take to arrive.
pub const UPLOAD_EXPIRES: Duration = Duration::from_secs(3600);

/// The claim of whoever starts a build; those that follow are of attempts at it.
const START: u32 = 0;
/// How often is looked whether somebody else has started a build.
const START_LOOK: Duration = Duration::from_millis(250);
/// The claim of whoever begins to upload: a mark beside the record, which others may be writing. No build is tried so often.
const UPLOAD: u32 = u32::MAX;

impl UploadSpec {
    /// Checks what can be checked without knowing the project.
    fn check(&self) -> Result<()> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidArgument, message));
        limits::check_name(&self.index)?;
        if self.doc_count == 0 {
            return invalid("an index needs at least one document".to_owned());
        }
        limits::check_document_count(self.doc_count)?;
        if self.dimension > limits::MAX_DIMENSION {
            return invalid(format!(
                "dimension must be at most {}, got {}",
                limits::MAX_DIMENSION,
                self.dimension
            ));
        }
        // Both factors are checked: at most 2^20 documents of 2^16 bytes.
        let vector_bytes = self.doc_count as u64 * self.dimension as u64 * 4;
        if vector_bytes > MAX_UPLOAD_BYTES as u64 {
            return Err(bulk::too_large(vector_bytes));
        }
        if self.model_id == CUSTOM_MODEL {
            return match self.dimension {
                0 => Err(Error::new(
                    ErrorKind::EmbeddingMissing,
                    "model custom needs custom embeddings in the upload, dimension is 0",
                )),
                _ => Ok(()),
            };
        }
        let dim = embed::find(&self.model_id)?.dim;
        if self.dimension != 0 && self.dimension != dim {
            return Err(Error::new(
                ErrorKind::DimensionMismatch,
                format!(
                    "the upload has embeddings of {} dimensions, those of model {} have {dim}",
                    self.dimension, self.model_id
                ),
            ));
        }
        Ok(())
    }
}

impl Project {
    /// Announces an upload that an index is to be made of; returns the id of the job. It ends by itself if the upload does
    /// not arrive within [`UPLOAD_EXPIRES`].
    ///
    /// # Errors
    /// `IndexExists` if the name is taken and not to be replaced; `ModelMismatch` if it is to be replaced and has another
    /// model; `InvalidArgument`, `UnknownModel`, `EmbeddingMissing`, `DimensionMismatch`, `TooLarge` for what cannot be
    /// uploaded.
    pub async fn init_upload(&self, spec: UploadSpec) -> Result<String> {
        spec.check()?;
        let head = self.index(&spec.index)?.head().await?;
        let since = head.as_ref().map_or(0, |head| head.version);
        match (spec.mode, head.filter(|head| !head.deleted)) {
            (CreateMode::Create, Some(_)) => return Err(index_exists(&spec.index)),
            (CreateMode::Replace, Some(head)) if head.model.id != spec.model_id => {
                return Err(model_mismatch(&spec.index, &head.model.id, &spec.model_id));
            }
            _ => {}
        }
        let job_id = Uuid::new_v4().to_string();
        let UploadSpec {
            index,
            model_id,
            doc_count,
            dimension,
            mode,
        } = spec;
        let work = Work::Create {
            model_id,
            doc_count,
            dimension,
            mode,
        };
        let record = JobRecord::new(&index, since, State::PendingUpload, work);
        self.store.put_job(&job_id, &record).await?;
        Ok(job_id)
    }

    /// The upload of a job begins to arrive: to be called before any of it is read. It may begin again until all of it was
    /// [received](Project::receive_upload) once.
    ///
    /// # Errors
    /// `JobNotFound` if no upload is waited for under this id: unknown, received already, or too late.
    pub async fn begin_upload(&self, job_id: &str) -> Result<()> {
        self.awaited(job_id).await?;
        let by = Uuid::new_v4().to_string();
        self.store.claim_job(job_id, UPLOAD, &by).await.map(drop)
    }

    /// Whether the upload of a job has begun to arrive.
    pub(crate) async fn has_begun_upload(&self, job_id: &str) -> Result<bool> {
        self.store.has_claim(job_id, UPLOAD).await
    }

    /// Stores the upload of a job. What is wrong with it appears when it is built.
    ///
    /// # Errors
    /// As [`begin_upload`](Project::begin_upload); `TooLarge`; `Io`: uploading again is safe.
    pub async fn receive_upload(&self, job_id: &str, upload: Bytes) -> Result<()> {
        if upload.len() > MAX_UPLOAD_BYTES {
            return Err(bulk::too_large(upload.len() as u64));
        }
        self.awaited(job_id).await?;
        // That it is there says that it arrived: the record, which others may be writing, is left alone.
        match self.store.put_payload(job_id, upload).await? {
            Created::New => Ok(()),
            Created::Exists => Err(no_job(job_id)),
        }
    }

    /// Starts to build the index of an upload that has arrived; it is built in the background. Nothing happens if that was
    /// started before.
    ///
    /// # Errors
    /// `UploadMissing` before the upload has arrived; `JobNotFound`.
    pub async fn start_build(&self, job_id: &str) -> Result<()> {
        let by = Uuid::new_v4().to_string();
        let mut record = loop {
            let record = self.job(job_id).await?;
            match record.status {
                State::PendingUpload => {}
                // It may be in no queue: whoever started it may have failed in between. Twice in the queue is once built.
                State::Building if record.attempt == 0 => return self.enqueue(&record.index, job_id).await,
                _ => return Ok(()),
            }
            if self.store.payload_bytes(job_id).await?.is_none() {
                return Err(Error::new(
                    ErrorKind::UploadMissing,
                    format!("the upload of job {job_id:?} has not arrived, upload it first"),
                ));
            }
            if self.store.claim_job(job_id, START, &by).await? == Created::New
                || self.is_abandoned(job_id).await?
            {
                break record;
            }
            // Somebody is about to start it, or died just then.
            tokio::time::sleep(START_LOOK).await;
        };
        record.status = State::Building;
        self.store.put_job(job_id, &record).await?;
        let name = record.index;
        self.enqueue(&name, job_id).await
    }

    /// Whether somebody was about to start a build and has not done it for so long that he never will.
    async fn is_abandoned(&self, job_id: &str) -> Result<bool> {
        let age = self.store.claim_age(job_id, START).await?;
        let is_started = self.job(job_id).await?.status == State::Building;
        Ok(!is_started && age.is_some_and(|age| age >= self.abandoned_after()))
    }

    /// The record of a job whose upload may still arrive.
    async fn awaited(&self, job_id: &str) -> Result<JobRecord> {
        check_job_id(job_id)?;
        let aged: Option<(JobRecord, Duration)> = self.store.job_and_age(job_id).await?;
        match aged {
            Some((record, age))
                if record.status == State::PendingUpload
                    && age < UPLOAD_EXPIRES
                    && self.store.payload_bytes(job_id).await?.is_none() =>
            {
                Ok(record)
            }
            _ => Err(no_job(job_id)),
        }
    }
}
