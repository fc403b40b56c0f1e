//! What the tests share.

use std::sync::Arc;
use std::time::Duration;

use moss_cloud::{Cloud, CloudOptions, CreateMode, JobStatus, Project, UploadSpec};
use moss_core::Document;
use moss_proto::bulk;

/// A store in a directory that is removed with it.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// A cloud that shares nothing with another one but the directory, as another process would.
    pub(crate) fn cloud(&self, options: CloudOptions) -> Arc<Cloud> {
        Cloud::open_with(self.path().to_str().unwrap(), options).unwrap()
    }

    pub(crate) async fn project(&self) -> Project {
        self.cloud(quick()).project("project", "key").await.unwrap()
    }
}

/// Options with which abandoned jobs are taken over soon.
pub(crate) fn quick() -> CloudOptions {
    let mut options = CloudOptions::default();
    options.job_heartbeat = Duration::from_millis(40);
    options
}

pub(crate) fn doc(id: &str, text: &str) -> Document {
    Document::new(id, text).with_embedding([text.len() as f32, 1.0])
}

pub(crate) fn docs(ids: impl IntoIterator<Item = usize>) -> Vec<Document> {
    ids.into_iter()
        .map(|number| doc(&format!("d{number}"), &format!("text of document {number}")))
        .collect()
}

/// What `documents` are uploaded with as an index of custom vectors.
pub(crate) fn spec(index: &str, documents: &[Document]) -> UploadSpec {
    UploadSpec {
        index: index.to_owned(),
        model_id: "custom".to_owned(),
        doc_count: documents.len(),
        dimension: documents[0].vector().map_or(0, <[f32]>::len),
        mode: CreateMode::Create,
    }
}

/// Uploads documents and starts to build an index of them; the job's id.
pub(crate) async fn upload(project: &Project, spec: UploadSpec, documents: &[Document]) -> String {
    let job = project.init_upload(spec).await.unwrap();
    project.begin_upload(&job).await.unwrap();
    let bytes = bulk::encode(documents).unwrap();
    project.receive_upload(&job, bytes.into()).await.unwrap();
    project.start_build(&job).await.unwrap();
    job
}

/// Waits until the job has ended. Progress never falls on the way.
pub(crate) async fn ended(project: &Project, job: &str) -> JobStatus {
    let mut progress = 0.0;
    loop {
        let status = project.job_status(job).await.unwrap();
        assert!(status.progress >= progress, "{status:?} after {progress}");
        progress = status.progress;
        if status.completed_at.is_some() {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn completed(project: &Project, job: &str) {
    let status = ended(project, job).await;
    assert_eq!(status.status, "completed", "{status:?}");
    assert_eq!(
        (status.progress, status.error, status.error_kind),
        (100.0, None, None)
    );
}

/// The ids in an index, in byte order.
pub(crate) async fn ids(project: &Project, index: &str) -> Vec<String> {
    let documents = project.get_docs(index, None).await.unwrap();
    documents.into_iter().map(|document| document.id).collect()
}
