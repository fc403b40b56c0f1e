//! Jobs: changes of an index that outlive the call that asked for them.
//!
//! A job and what it works on are stored before its id is answered, so that any process over the store can finish it.
//! Jobs of one index stand in a queue in the store and run one at a time in order of arrival ([`queue`]). Who runs one
//! claims it first, and writes its record now and then ([`run`]); a job whose record has not been written for a while is
//! taken over. Its commit carries its id, so that a job is never done twice ([`build`]).

mod build;
mod commit;
mod queue;
mod record;
mod run;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moss_core::query::AddOptions;
use moss_core::{Document, Error, ErrorKind, Result};
use moss_proto::bulk;
use moss_store::Manifest;
use uuid::Uuid;

use crate::index::{blocking, open_model};
use crate::mutate::{check_batch, check_fit, check_ids};
use crate::time::now_ms;
use crate::{Cloud, JobStatus, Project};

pub use queue::JobStats;
pub(crate) use queue::Workers;
pub(crate) use record::{JobRecord, State, Work};

impl Cloud {
    /// Takes on the jobs that processes left behind which went away, and that nobody asks for: to be called when a service
    /// starts and now and then. Reads the end of every queue; returns before the jobs have ended. What fails is logged, and
    /// keeps nothing else from being taken on.
    pub async fn resume_jobs(self: &Arc<Self>) {
        let projects = self.store().project_names().await;
        let projects =
            projects.inspect_err(|error| tracing::warn!(%error, "jobs left behind not looked for"));
        for id in projects.unwrap_or_default() {
            if let Err(error) = self.resume_jobs_of(&id).await {
                tracing::warn!(project = id, %error, "jobs left behind not taken on");
            }
        }
    }

    async fn resume_jobs_of(self: &Arc<Self>, id: &str) -> Result<()> {
        // No key opened the project: its jobs were asked for by one long ago.
        let project = self.opened(id, self.store().project(id)?, String::new());
        for job_id in project.store.last_queued_jobs().await? {
            match project.job_status(&job_id).await {
                Err(error) if error.kind() != ErrorKind::JobNotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Project {
    /// Adds documents to an index in a job; returns its id.
    ///
    /// # Errors
    /// What can be known at once, and then there is no job: `IndexNotFound`; `InvalidArgument` without documents;
    /// `MixedEmbeddings`, `EmbeddingMissing`, `DimensionMismatch` and the other faults of documents; `TooLarge`; `Io`.
    pub async fn submit_add(
        &self,
        name: &str,
        documents: Vec<Document>,
        options: AddOptions,
    ) -> Result<String> {
        let head = self.head(name).await?;
        let model = open_model(&head.model.id).await?;
        let version = head.clone();
        let payload = blocking(move || {
            check_batch(&documents)?;
            documents.iter().try_for_each(Document::check)?;
            check_fit(&version, &model, &documents)?;
            bulk::encode(&documents)
        });
        let payload = payload.await?;
        let work = Work::Add {
            upsert: options.upsert,
        };
        self.submit(&head, work, payload.into()).await
    }

    /// Deletes documents from an index in a job; returns its id. Unknown ids are ignored.
    ///
    /// # Errors
    /// `IndexNotFound`; `InvalidArgument` without ids; `Io`.
    pub async fn submit_delete(&self, name: &str, ids: &[String]) -> Result<String> {
        check_ids(ids)?;
        let head = self.head(name).await?;
        let payload = serde_json::to_vec(ids)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("writing ids: {error}")))?;
        self.submit(&head, Work::Delete, payload.into()).await
    }

    /// The job of that id. A job that nobody works on any more is taken on.
    ///
    /// # Errors
    /// `JobNotFound`.
    pub async fn job_status(&self, job_id: &str) -> Result<JobStatus> {
        let record = self.job(job_id).await?;
        let state = record.status;
        if state == State::Building {
            self.put_back(job_id, &record).await?;
            self.run_jobs(&record.index);
        }
        let mut status = record.status(job_id);
        if state == State::PendingUpload && self.has_begun_upload(job_id).await? {
            status.status = "uploading".to_owned();
        }
        Ok(status)
    }

    /// Puts a job back into its queue that nobody works on and that stands in none: a late write of whoever lost it may have
    /// undone its end. It has committed then, which the next attempt finds.
    async fn put_back(&self, job_id: &str, record: &JobRecord) -> Result<()> {
        let silent = Duration::from_millis(now_ms().saturating_sub(record.updated_at));
        if silent < self.abandoned_after() {
            return Ok(());
        }
        for number in self.store.queue(&record.index).await? {
            let queued = self.store.queued_job(&record.index, number).await?;
            if queued.is_some_and(|queued| queued == job_id) {
                return Ok(());
            }
        }
        self.store.enqueue_job(&record.index, job_id).await
    }

    async fn submit(&self, head: &Manifest, work: Work, payload: Bytes) -> Result<String> {
        let job_id = Uuid::new_v4().to_string();
        self.store.put_payload(&job_id, payload).await?;
        let record = JobRecord::new(&head.index, head.version, State::Building, work);
        self.store.put_job(&job_id, &record).await?;
        self.enqueue(&head.index, &job_id).await?;
        Ok(job_id)
    }

    /// Puts a job at the end of its index's queue and sees that it is run.
    pub(crate) async fn enqueue(&self, name: &str, job_id: &str) -> Result<()> {
        self.store.enqueue_job(name, job_id).await?;
        self.run_jobs(name);
        Ok(())
    }

    /// The record of a job.
    pub(crate) async fn job(&self, job_id: &str) -> Result<JobRecord> {
        check_job_id(job_id)?;
        self.store.job(job_id).await?.ok_or_else(|| no_job(job_id))
    }

    /// Records a job that ended well just now.
    ///
    /// A push ends before its caller gets an id, so its job is written once, when it is done. The commit came before:
    /// should the record fail, what was asked for has happened all the same.
    pub(crate) async fn record_job(&self, job_id: &str, index: &str, started_ms: u64) {
        let record = JobRecord::done(index, started_ms);
        if let Err(error) = self.store.put_job(job_id, &record).await {
            tracing::warn!(job_id, %error, "job record not written");
        }
    }
}

pub(crate) fn check_job_id(job_id: &str) -> Result<()> {
    match Uuid::try_parse(job_id) {
        Ok(id) if id.to_string() == job_id => Ok(()),
        _ => Err(no_job(job_id)),
    }
}

pub(crate) fn no_job(job_id: &str) -> Error {
    Error::new(ErrorKind::JobNotFound, format!("no job {job_id:?}"))
}
