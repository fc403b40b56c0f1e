//! The versions of one index: reading them. Writing the next one is [`Transaction`]'s.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use moss_core::{Error, ErrorKind, Result};
use object_store::path::Path;
use url::Url;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use crate::garbage::Retention;
use crate::key::{IndexKeys, version_in};
use crate::local;
use crate::manifest::{Manifest, SegmentEntry};
use crate::object::{Created, Objects, corrupt};
use crate::transaction::{Change, Commit, NewSegment, Transaction};

/// How often the newest manifest may vanish between list and read before this is a fault: each time means that others
/// committed and collected meanwhile.
const HEAD_ATTEMPTS: usize = 16;
/// How often a collection that lost to a push starts again.
const COLLECT_ATTEMPTS: usize = 16;
/// Objects deleted at a time.
const DELETES_IN_FLIGHT: usize = 16;

/// One index of a project. A cheap handle, shared by cloning.
#[derive(Debug, Clone)]
pub struct IndexStore {
    pub(crate) objects: Objects,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) project: String,
    pub(crate) name: String,
    pub(crate) keys: IndexKeys,
    pub(crate) catalogue_entry: Path,
}

impl IndexStore {
    /// The index's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The newest version, `None` before the first. A deleted index has one too, with `deleted` set.
    ///
    /// Always asks for the first name of the list. Probing for the version after a known one would be one request cheaper and
    /// wrong: that version may have been collected, and its absence would hide all that came later.
    ///
    /// # Errors
    /// `CacheCorrupt` naming the manifest, `Io`.
    pub async fn head(&self) -> Result<Option<Manifest>> {
        for _ in 0..HEAD_ATTEMPTS {
            let Some(newest) = self.newest().await? else {
                return Ok(None);
            };
            if let Some(manifest) = self.manifest(newest).await? {
                return Ok(Some(manifest));
            }
        }
        Err(Error::new(
            ErrorKind::Io,
            format!("{}: manifests vanish while they are read", self.keys.manifests()),
        ))
    }

    /// That version, `None` if it never was or is gone.
    ///
    /// # Errors
    /// `CacheCorrupt` naming the manifest if it is damaged or another index's, `Io`.
    pub async fn manifest(&self, version: u64) -> Result<Option<Manifest>> {
        let path = self.keys.manifest(version);
        let Some(bytes) = self.objects.get(&path).await? else {
            return Ok(None);
        };
        let manifest = Manifest::decode(&bytes, &path)?;
        if manifest.project != self.project || manifest.index != self.name || manifest.version != version {
            return Err(corrupt(
                &path,
                format_args!(
                    "is version {} of {:?} in {:?}",
                    manifest.version, manifest.index, manifest.project
                ),
            ));
        }
        Ok(Some(manifest))
    }

    /// The versions that can be read, newest first.
    ///
    /// # Errors
    /// As [`head`](IndexStore::head).
    pub async fn versions(&self) -> Result<Vec<u64>> {
        let Some(head) = self.head().await? else {
            return Ok(Vec::new());
        };
        let mut versions = self.stored_versions().await?;
        versions.retain(|version| (head.floor..=head.version).contains(version));
        versions.sort_unstable_by(|a, b| b.cmp(a));
        Ok(versions)
    }

    /// Lists the name of the index, before there is anything of it: it must never be there and not be listed.
    pub(crate) async fn announce(&self) -> Result<()> {
        let name = Bytes::from(self.name.clone());
        match self.objects.create(&self.catalogue_entry, name).await? {
            Created::New => Ok(()),
            Created::Exists => Err(corrupt(&self.catalogue_entry, "not the name of this index")),
        }
    }

    /// The bytes stored as the segment of that id, unverified; `None` if there is none.
    ///
    /// # Errors
    /// `Io`.
    pub async fn segment(&self, id: Uuid) -> Result<Option<Bytes>> {
        self.objects.get(&self.keys.segment(id)).await
    }

    /// The bytes of a segment, as long as its entry says and with its checksum.
    ///
    /// # Errors
    /// `CacheCorrupt` naming the segment if it is missing or other bytes, `Io`.
    pub async fn read_segment(&self, entry: &SegmentEntry) -> Result<Bytes> {
        let path = self.keys.segment(entry.id);
        let Some(bytes) = self.objects.get(&path).await? else {
            return Err(corrupt(&path, "segment is missing"));
        };
        match entry.check(&bytes) {
            Ok(()) => Ok(bytes),
            Err(fault) => Err(corrupt(&path, fault)),
        }
    }

    /// Stores a segment outside of any transaction and returns its entry, with that `since`. A transaction may use it after
    /// [`allow_written`](Transaction::allow_written); until then it is garbage to the collector.
    ///
    /// # Errors
    /// `Io`; calling again with the same segment is safe. `Conflict` if the id is taken by other bytes.
    pub async fn write_segment(&self, segment: NewSegment, since: u64) -> Result<SegmentEntry> {
        let entry = SegmentEntry {
            id: segment.id,
            bytes: segment.bytes.len() as u64,
            checksum: xxh3_64(&segment.bytes),
            rows: segment.rows,
            tombstones: segment.tombstones,
            since,
        };
        if since <= 1 {
            // Should there never be a version, housekeeping finds the segment by the name.
            self.announce().await?;
        }
        let path = self.keys.segment(segment.id);
        match self.objects.create(&path, segment.bytes).await? {
            Created::New => Ok(entry),
            Created::Exists => Err(Error::new(
                ErrorKind::Conflict,
                format!("{path}: another segment has this id"),
            )),
        }
    }

    /// A URL from which anybody can read that segment for so long, without credentials and past any service; `None` where the
    /// store cannot sign (a directory, memory). Whether the segment is there is not asked.
    ///
    /// # Errors
    /// `Network` if the store's credentials cannot sign, or need a service for it that is not reached.
    pub async fn sign_segment(&self, id: Uuid, ttl: Duration) -> Result<Option<Url>> {
        self.objects.sign_get(&self.keys.segment(id), ttl).await
    }

    /// Starts the next version on top of the newest.
    ///
    /// # Errors
    /// As [`head`](IndexStore::head).
    pub async fn begin(&self) -> Result<Transaction> {
        self.begin_as(Uuid::new_v4()).await
    }

    /// As [`begin`](IndexStore::begin), with a commit id that the caller has drawn: whoever asked for the commit finds it in
    /// the history, however its answer was lost.
    ///
    /// # Errors
    /// As [`head`](IndexStore::head).
    pub async fn begin_as(&self, commit_id: Uuid) -> Result<Transaction> {
        Ok(Transaction::new(self.clone(), self.head().await?, commit_id))
    }

    /// Removes what a commit gave up: versions below its floor, the segments it condemned, and files of killed writers.
    ///
    /// Safe at any later time, many times, and beside any writer. What is left after a failure goes with the next
    /// collection.
    ///
    /// # Errors
    /// `Io`.
    pub async fn sweep(&self, committed: &Manifest, retention: &Retention) -> Result<()> {
        let below = self.stored_versions().await?.into_iter();
        let manifests = below
            .filter(|version| *version < committed.floor)
            .map(|version| self.keys.manifest(version));
        let segments = committed.condemned.iter().map(|id| self.keys.segment(*id));
        let paths: Vec<Path> = manifests.chain(segments).collect();
        stream::iter(paths)
            .map(|path| async move { self.objects.delete(&path).await })
            .buffer_unordered(DELETES_IN_FLIGHT)
            .try_collect::<()>()
            .await?;
        for part in [self.keys.manifests(), self.keys.segments()] {
            local::remove_stale_staging(self.directory.as_deref(), &part, retention.age)?;
        }
        Ok(())
    }

    /// Collects garbage now, by a commit of its own that changes nothing else, if there is enough of it.
    ///
    /// Writers collect on the way with [`Transaction::expire`]; this is for an index that nobody writes to, a deleted
    /// one above all. Returns whether it committed.
    ///
    /// # Errors
    /// `Conflict` if pushes win all the time, `CacheCorrupt`, `Io`.
    pub async fn collect(&self, retention: &Retention) -> Result<bool> {
        if self.head().await?.is_none() {
            return Ok(false);
        }
        let now = self.objects.now(&self.keys.clock()).await?;
        self.collect_at(retention, now).await
    }

    /// As [`collect`](IndexStore::collect), with the store's time.
    pub(crate) async fn collect_at(&self, retention: &Retention, now: DateTime<Utc>) -> Result<bool> {
        for _ in 0..COLLECT_ATTEMPTS {
            let mut transaction = self.begin().await?;
            let change = match transaction.head() {
                Some(head) => Change::of(head),
                None => Change::nothing(now.timestamp_millis().unsigned_abs()),
            };
            if !transaction.expire_at(retention, now).await? {
                return Ok(false);
            }
            if let Commit::Done(manifest) = transaction.commit(&change).await? {
                self.sweep(&manifest, retention).await?;
                return Ok(true);
            }
        }
        Err(Error::new(
            ErrorKind::Conflict,
            format!("index {:?}: collection lost to other writers", self.name),
        ))
    }

    /// The greatest version that is stored.
    pub(crate) async fn newest(&self) -> Result<Option<u64>> {
        self.objects.greatest(&self.keys.manifests(), version_in).await
    }

    async fn stored_versions(&self) -> Result<Vec<u64>> {
        self.objects.numbers(&self.keys.manifests(), version_in).await
    }
}
