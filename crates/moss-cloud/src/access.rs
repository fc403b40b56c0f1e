//! An index as loads and pushes see it: in a store that this process opened, or behind a service.
//!
//! What a push does stands in [`push`](crate::push()) once; the two doors differ in who writes the objects.

use std::future::Future;

use bytes::Bytes;
use moss_core::{ErrorKind, Result};
use moss_store::{Change, Commit, IndexStore, Manifest, NewSegment, SegmentEntry, Transaction};
use uuid::Uuid;

/// The versions of an index, to be read.
pub trait ReadVersions: Send + Sync {
    /// The newest version, `None` before the first; a deleted index has one too, with `deleted` set.
    fn head(&self) -> impl Future<Output = Result<Option<Manifest>>> + Send;

    /// That version, `None` if it never was or is gone.
    fn manifest(&self, version: u64) -> impl Future<Output = Result<Option<Manifest>>> + Send;

    /// The bytes of a segment, verified.
    fn read_segment(&self, entry: &SegmentEntry) -> impl Future<Output = Result<Bytes>> + Send;
}

/// The versions of an index, to be added to.
pub trait WriteVersions: Send + Sync {
    /// See [`reader`](WriteVersions::reader).
    type Reader: ReadVersions;
    /// See [`begin`](WriteVersions::begin).
    type Attempt: Attempt;

    /// The same index, to be read.
    fn reader(&self) -> &Self::Reader;

    /// Starts the next version on top of the newest.
    fn begin(&self) -> impl Future<Output = Result<Self::Attempt>> + Send;

    /// What is left to do once a version that was begun at `started_ms` is committed; the version that took its place if its
    /// segments were compacted. Nothing here makes the push fail.
    fn committed(
        &self,
        manifest: &Manifest,
        started_ms: u64,
    ) -> impl Future<Output = Option<Manifest>> + Send;
}

/// One attempt to commit the next version; see [`Transaction`].
pub trait Attempt: Send + Sync {
    /// The version that the next one is put on; `None` for the first.
    fn head(&self) -> Option<&Manifest>;

    /// The number of the version that this commits.
    fn version(&self) -> u64 {
        self.head().map_or(1, |head| head.version + 1)
    }

    /// What the version will carry if this commits it.
    fn commit_id(&self) -> Uuid;

    /// Stores a segment for the version and returns its entry.
    fn write_segment(&mut self, segment: NewSegment) -> impl Future<Output = Result<SegmentEntry>> + Send;

    /// Commits the version. Asked again where an answer was lost; after an error it may be committed or not.
    fn commit(&self, change: &Change) -> impl Future<Output = Result<Commit>> + Send;
}

impl ReadVersions for IndexStore {
    async fn head(&self) -> Result<Option<Manifest>> {
        IndexStore::head(self).await
    }

    async fn manifest(&self, version: u64) -> Result<Option<Manifest>> {
        IndexStore::manifest(self, version).await
    }

    async fn read_segment(&self, entry: &SegmentEntry) -> Result<Bytes> {
        IndexStore::read_segment(self, entry).await
    }
}

impl Attempt for Transaction {
    fn head(&self) -> Option<&Manifest> {
        Transaction::head(self)
    }

    fn commit_id(&self) -> Uuid {
        Transaction::commit_id(self)
    }

    async fn write_segment(&mut self, segment: NewSegment) -> Result<SegmentEntry> {
        Transaction::write_segment(self, segment).await
    }

    async fn commit(&self, change: &Change) -> Result<Commit> {
        match Transaction::commit(self, change).await {
            // The store may have taken the commit and lost its answer.
            Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::Network) => {
                Transaction::commit(self, change).await
            }
            settled => settled,
        }
    }
}
