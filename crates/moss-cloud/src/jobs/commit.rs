//! How a job knows its own commit: the manifest carries the job's id.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use futures::future::try_join_all;
use moss_core::{Error, ErrorKind, Result};
use moss_store::{IndexStore, Manifest, Transaction};

use crate::Project;
use crate::access::WriteVersions;
use crate::stored::StoredIndex;

/// Manifests read at the same time.
const PARALLEL_READS: u64 = 16;

/// An index to which a job commits once, whoever works on the job.
///
/// A job that was taken over may have been on the point of committing. So each version on top of which a commit is tried is
/// looked at first: whoever commits second there loses, begins anew, and finds the other's commit.
pub(super) struct JobIndex {
    index: StoredIndex,
    job_id: String,
    /// No version up to this one is the job's.
    since: AtomicU64,
    has_committed: AtomicBool,
}

impl JobIndex {
    /// The index for a job that was made when `since` was its newest version.
    pub(super) fn new(project: &Project, name: &str, job_id: &str, since: u64) -> Result<JobIndex> {
        Ok(JobIndex {
            index: StoredIndex::new(project, name)?,
            job_id: job_id.to_owned(),
            since: AtomicU64::new(since),
            has_committed: AtomicBool::new(false),
        })
    }

    /// Whether a commit of the job was found.
    pub(super) fn has_committed(&self) -> bool {
        self.has_committed.load(Relaxed)
    }

    /// Looks for a commit of the job up to `head`, in what was committed since it looked last.
    ///
    /// # Errors
    /// `Internal` if there is one, and [`has_committed`](JobIndex::has_committed) then, and if versions that might tell are
    /// gone.
    pub(super) async fn check(&self, head: Option<&Manifest>) -> Result<()> {
        let Some(head) = head else { return Ok(()) };
        let is_own = |manifest: &Manifest| manifest.job_id == self.job_id;
        let mut is_found = is_own(head);
        let first = self.since.load(Relaxed).saturating_add(1);
        let mut next = first.max(head.floor);
        let mut is_known = next == first;
        while !is_found && next < head.version {
            let end = head.version.min(next + PARALLEL_READS);
            let manifests =
                try_join_all((next..end).map(|version| self.index.reader().manifest(version))).await?;
            is_found = manifests.iter().flatten().any(is_own);
            is_known &= manifests.iter().all(Option::is_some);
            next = end;
        }
        if is_found {
            self.has_committed.store(true, Relaxed);
            return Err(Error::new(
                ErrorKind::Internal,
                format!("job {:?} has committed already", self.job_id),
            ));
        }
        if !is_known {
            return Err(Error::new(
                ErrorKind::Internal,
                format!(
                    "whether job {:?} has committed can no longer be told",
                    self.job_id
                ),
            ));
        }
        self.since.store(head.version, Relaxed);
        Ok(())
    }
}

impl WriteVersions for JobIndex {
    type Reader = IndexStore;
    type Attempt = Transaction;

    fn reader(&self) -> &IndexStore {
        self.index.reader()
    }

    async fn begin(&self) -> Result<Transaction> {
        let transaction = self.index.begin().await?;
        self.check(transaction.head()).await?;
        Ok(transaction)
    }

    /// The job is recorded by who runs it.
    async fn committed(&self, manifest: &Manifest, _started_ms: u64) -> Option<Manifest> {
        self.index.tidy(manifest).await
    }
}
