//! An index of a store that this process opened, with the upkeep that commits bring along.

use moss_core::{Error, Result};
use moss_store::{IndexStore, Manifest, Retention, Transaction};
use uuid::Uuid;

use crate::Project;
use crate::access::WriteVersions;

/// After this many versions the garbage of an index is collected.
const COLLECT_EVERY: u64 = 16;

/// One index of a project.
#[derive(Debug, Clone)]
pub(crate) struct StoredIndex {
    project: Project,
    index: IndexStore,
}

impl StoredIndex {
    pub(crate) fn new(project: &Project, name: &str) -> Result<StoredIndex> {
        Ok(StoredIndex {
            index: project.index(name)?,
            project: project.clone(),
        })
    }

    /// The index's name.
    pub(crate) fn name(&self) -> &str {
        self.index.name()
    }

    /// As [`begin`](WriteVersions::begin), for a commit with an id drawn elsewhere.
    pub(crate) async fn begin_as(&self, commit_id: Uuid) -> Result<Transaction> {
        let mut transaction = self.index.begin_as(commit_id).await?;
        self.expire(&mut transaction).await;
        Ok(transaction)
    }

    /// Lets the commit give up what is old, now and then.
    async fn expire(&self, transaction: &mut Transaction) {
        if transaction.version().is_multiple_of(COLLECT_EVERY)
            && let Err(error) = transaction.expire(&Retention::default()).await
        {
            self.warn("garbage not looked for", &error);
        }
    }

    /// Tells who watches, and compacts and collects where it is time to; the version that took the place of this one if it was compacted.
    pub(crate) async fn tidy(&self, manifest: &Manifest) -> Option<Manifest> {
        let watchers = self.project.cloud().watchers();
        watchers.committed(self.project.id(), &manifest.index);
        if manifest.version.is_multiple_of(COLLECT_EVERY) {
            let retention = Retention::default();
            if let Err(error) = self.index.sweep(manifest, &retention).await {
                self.warn("garbage not removed", &error);
            }
            if self.project.collects_jobs_now()
                && let Err(error) = self.project.store.collect_jobs(retention.age).await
            {
                self.warn("old jobs not removed", &error);
            }
        }
        crate::compact::compact(&self.index, manifest)
            .await
            .unwrap_or_else(|error| {
                self.warn("not compacted", &error);
                None
            })
    }

    fn warn(&self, what: &str, error: &Error) {
        tracing::warn!(index = self.index.name(), %error, "{what}");
    }
}

impl WriteVersions for StoredIndex {
    type Reader = IndexStore;
    type Attempt = Transaction;

    fn reader(&self) -> &IndexStore {
        &self.index
    }

    async fn begin(&self) -> Result<Transaction> {
        self.begin_as(Uuid::new_v4()).await
    }

    /// Records the job, and [tidies](StoredIndex::tidy).
    async fn committed(&self, manifest: &Manifest, started_ms: u64) -> Option<Manifest> {
        self.project
            .record_job(&manifest.job_id, &manifest.index, started_ms)
            .await;
        self.tidy(manifest).await
    }
}
