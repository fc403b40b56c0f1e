//! An index behind a service, as loads and pushes see it.

use std::sync::Arc;

use bytes::Bytes;
use moss_cloud::{Attempt, ReadVersions, WriteVersions, blocking};
use moss_core::{Error, ErrorKind, Result, limits};
use moss_proto::indexes::{self, CommitAnswer, CommitRequest, SegmentAnswer};
use moss_store::{Change, Commit, KeptIndex, Manifest, NewSegment, SegmentEntry};
use parking_lot::Mutex;
use uuid::Uuid;

use super::http::Http;
use super::requests::Repeat;
use super::to_json;

/// How often a damaged download is begun again; one that was cut off is another matter, and each is tried as any request.
const DOWNLOADS: usize = 3;

/// One index of the project.
#[derive(Debug, Clone)]
pub(super) struct RemoteIndex {
    http: Arc<Http>,
    name: String,
    /// What this machine keeps of it.
    kept: Option<KeptIndex>,
    /// What the service made of the version that was committed last, by compaction.
    compacted: Arc<Mutex<Option<Manifest>>>,
}

impl RemoteIndex {
    pub(super) fn new(http: Arc<Http>, name: &str, kept: Option<KeptIndex>) -> Result<RemoteIndex> {
        limits::check_name(name)?;
        Ok(RemoteIndex {
            http,
            name: name.to_owned(),
            kept,
            compacted: Arc::default(),
        })
    }

    async fn read_manifest(&self, query: &str) -> Result<Option<Manifest>> {
        let path = indexes::path(&self.name, "manifest") + query;
        let manifest: Manifest = match self.http.get(&path).await {
            Err(error) if error.kind() == ErrorKind::IndexNotFound => return Ok(None),
            answer => answer?,
        };
        manifest.check_of(self.http.project_id(), &self.name)?;
        Ok(Some(manifest))
    }

    async fn kept_segment(&self, entry: &SegmentEntry) -> Option<Bytes> {
        let (kept, entry) = (self.kept.clone()?, entry.clone());
        blocking(move || Ok(kept.segment(&entry))).await.ok()?
    }
}

impl ReadVersions for RemoteIndex {
    async fn head(&self) -> Result<Option<Manifest>> {
        self.read_manifest("").await
    }

    async fn manifest(&self, version: u64) -> Result<Option<Manifest>> {
        self.read_manifest(&format!("?version={version}")).await
    }

    async fn read_segment(&self, entry: &SegmentEntry) -> Result<Bytes> {
        if let Some(kept) = self.kept_segment(entry).await {
            return Ok(kept);
        }
        let path = indexes::path(&self.name, &format!("segments/{}", entry.id));
        let mut tries = 1;
        loop {
            let read = self.http.download(&path, entry.bytes).await.and_then(|bytes| {
                let checked = entry.check(&bytes);
                let damaged = |fault| {
                    Error::new(
                        ErrorKind::CacheCorrupt,
                        format!("download of segment {}: {fault}", entry.id),
                    )
                };
                checked.map(|()| bytes).map_err(damaged)
            });
            match read {
                Err(error) if tries < DOWNLOADS && error.kind() == ErrorKind::CacheCorrupt => {
                    tracing::warn!(index = self.name, %error, "downloading a segment again");
                    tries += 1;
                }
                settled => return settled,
            }
        }
    }
}

impl WriteVersions for RemoteIndex {
    type Reader = RemoteIndex;
    type Attempt = RemoteAttempt;

    fn reader(&self) -> &RemoteIndex {
        self
    }

    async fn begin(&self) -> Result<RemoteAttempt> {
        Ok(RemoteAttempt {
            head: self.head().await?,
            index: self.clone(),
            commit_id: Uuid::new_v4(),
            receipts: Vec::new(),
        })
    }

    /// The service did the upkeep with the commit.
    async fn committed(&self, _manifest: &Manifest, _started_ms: u64) -> Option<Manifest> {
        self.compacted.lock().take()
    }
}

/// One attempt to put a version on top of the newest.
pub(super) struct RemoteAttempt {
    index: RemoteIndex,
    head: Option<Manifest>,
    commit_id: Uuid,
    receipts: Vec<String>,
}

impl Attempt for RemoteAttempt {
    fn head(&self) -> Option<&Manifest> {
        self.head.as_ref()
    }

    fn commit_id(&self) -> Uuid {
        self.commit_id
    }

    async fn write_segment(&mut self, segment: NewSegment) -> Result<SegmentEntry> {
        let resource = format!("segments/{}?version={}", segment.id, self.version());
        let path = indexes::path(&self.index.name, &resource);
        let answer: SegmentAnswer = self.index.http.put(&path, segment.bytes).await?;
        self.receipts.push(answer.receipt);
        Ok(answer.entry)
    }

    async fn commit(&self, change: &Change) -> Result<Commit> {
        let path = indexes::path(&self.index.name, "commits");
        let body = to_json(&CommitRequest {
            commit_id: self.commit_id,
            on_version: self.version() - 1,
            change: change.clone(),
            receipts: self.receipts.clone(),
        })?;
        // The service knows the commit by its id when it comes again.
        let answer: CommitAnswer = match self.index.http.post(&path, body, Repeat::Always).await {
            Err(error) if error.kind() == ErrorKind::Conflict => return Ok(Commit::Lost),
            answer => answer?,
        };
        answer
            .manifest
            .check_of(self.index.http.project_id(), &self.index.name)?;
        *self.index.compacted.lock() = answer.compacted;
        Ok(Commit::Done(Box::new(answer.manifest)))
    }
}
