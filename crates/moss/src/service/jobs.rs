//! Changes that the service makes as jobs: each is asked for, and waited for by whoever wants to.

use std::time::Duration;

use bytes::Bytes;
use moss_core::embed::{CUSTOM_MODEL, DEFAULT_MODEL};
use moss_core::query::AddOptions;
use moss_core::session::Model;
use moss_core::{Document, Error, ErrorKind, Result};
use moss_proto::bulk;
use moss_proto::manage::JobStatus as JobObject;
use moss_proto::manage::{
    AddDocs, AddDocsOptions, DeleteDocs, InitUpload, InitUploadAnswer, JobAnswer, JobRef, ManageRequest,
    UploadMode,
};
use tokio::time::Instant;

use super::{Service, checked};
use crate::types::{JobStatus, MutationResult, SourceFile};

/// The first wait for a job; each next one is twice as long.
const FIRST_POLL: Duration = Duration::from_millis(5);
/// The longest wait between two looks at a job.
const LAST_POLL: Duration = Duration::from_secs(2);
/// A job that takes longer is given up.
const JOB_PATIENCE: Duration = Duration::from_secs(30 * 60);
/// So many looks that fail in a row give a job up.
const FAILED_POLLS: usize = 3;

impl Service {
    pub(crate) async fn create_index(
        &self,
        name: &str,
        docs: Vec<Document>,
        model_id: Option<&str>,
    ) -> Result<MutationResult> {
        let index_name = checked(name)?;
        let with_vectors = moss_cloud::check_batch(&docs)?;
        let model_id = model_id.unwrap_or(if with_vectors { CUSTOM_MODEL } else { DEFAULT_MODEL });
        if model_id == CUSTOM_MODEL {
            Model::Custom.check(&docs, 0)?;
        }
        let doc_count = docs.len();
        let first = docs.first().and_then(Document::vector);
        let dimension = first.map_or(0, <[f32]>::len) as u32;
        let upload = moss_cloud::blocking(move || bulk::encode(&docs)).await?;
        let init = ManageRequest::InitUpload(InitUpload {
            index_name,
            model_id: model_id.to_owned(),
            doc_count: doc_count as u32,
            dimension,
            mode: UploadMode::Create,
        });
        let InitUploadAnswer {
            job_id, upload_url, ..
        } = self.change(&init).await?;
        match self.http.upload(&upload_url, Bytes::from(upload)).await {
            // The URL works once: an upload whose answer was lost has arrived, and the start of the build tells.
            Err(error) if matches!(error.kind(), ErrorKind::JobNotFound | ErrorKind::UploadMissing) => {}
            sent => sent?,
        }
        let start = ManageRequest::StartBuild(JobRef { job_id });
        self.start(&start, name, doc_count).await
    }

    pub(crate) async fn create_index_from_files(
        &self,
        name: &str,
        files: &[SourceFile],
        model_id: Option<&str>,
    ) -> Result<MutationResult> {
        let docs = moss_cloud::file_documents(files, model_id)?;
        self.create_index(name, docs, model_id.or(Some(DEFAULT_MODEL)))
            .await
    }

    pub(crate) async fn add_docs(
        &self,
        name: &str,
        docs: Vec<Document>,
        options: AddOptions,
    ) -> Result<MutationResult> {
        moss_cloud::check_batch(&docs)?;
        let doc_count = docs.len();
        let request = ManageRequest::AddDocs(AddDocs {
            index_name: checked(name)?,
            docs: docs.into_iter().map(Into::into).collect(),
            options: Some(AddDocsOptions {
                upsert: Some(options.upsert),
            }),
        });
        self.start(&request, name, doc_count).await
    }

    pub(crate) async fn delete_docs(&self, name: &str, ids: &[String]) -> Result<MutationResult> {
        let request = ManageRequest::DeleteDocs(DeleteDocs {
            index_name: checked(name)?,
            doc_ids: ids.to_vec(),
        });
        self.start(&request, name, ids.len()).await
    }

    /// Makes a request that starts a job.
    async fn start(&self, request: &ManageRequest, name: &str, doc_count: usize) -> Result<MutationResult> {
        let JobAnswer { job_id, .. } = self.change(request).await?;
        Ok(MutationResult {
            job_id,
            index_name: name.to_owned(),
            doc_count,
        })
    }

    pub(crate) async fn job_status(&self, job_id: &str) -> Result<JobStatus> {
        self.job(job_id).await.map(status)
    }

    async fn job(&self, job_id: &str) -> Result<JobObject> {
        let job_id = job_id.to_owned();
        self.ask(&ManageRequest::GetJobStatus(JobRef { job_id })).await
    }

    /// Waits for a job to end well.
    pub(crate) async fn finished(&self, job_id: &str) -> Result<()> {
        let started = Instant::now();
        let mut wait = FIRST_POLL;
        let mut failed_polls = 0;
        loop {
            match self.job(job_id).await {
                Ok(job) if job.status == "completed" => return Ok(()),
                Ok(job) if job.status == "failed" => return Err(failure(&job)),
                Ok(_) => failed_polls = 0,
                Err(error) => {
                    failed_polls += 1;
                    if failed_polls == FAILED_POLLS || error.kind() == ErrorKind::Unauthorized {
                        return Err(Error::new(
                            ErrorKind::JobTimeout,
                            format!("job {job_id} may go on, its state cannot be read: {error}"),
                        ));
                    }
                }
            }
            if started.elapsed() > JOB_PATIENCE {
                let minutes = JOB_PATIENCE.as_secs() / 60;
                return Err(Error::new(
                    ErrorKind::JobTimeout,
                    format!("job {job_id} has not ended in {minutes} minutes"),
                ));
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LAST_POLL);
        }
    }
}

/// The error of a failed job, of the kind that the service says.
fn failure(job: &JobObject) -> Error {
    let message = job.error.clone().unwrap_or_else(|| "the job failed".to_owned());
    Error::new(kind(job).unwrap_or(ErrorKind::JobFailed), message)
}

fn kind(job: &JobObject) -> Option<ErrorKind> {
    job.code.as_deref().and_then(ErrorKind::from_name)
}

fn status(job: JobObject) -> JobStatus {
    JobStatus {
        error_kind: kind(&job),
        job_id: job.job_id,
        status: job.status,
        progress: job.progress,
        current_phase: job.current_phase,
        error: job.error,
        created_at: job.created_at,
        updated_at: job.updated_at,
        completed_at: job.completed_at,
    }
}
