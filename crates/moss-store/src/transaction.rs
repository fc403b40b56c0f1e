//! One attempt to commit the next version of an index.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use moss_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::garbage::{Garbage, Retention, plan, plan_without_versions};
use crate::index::IndexStore;
use crate::manifest::{Manifest, ModelTag, SegmentEntry};
use crate::object::Created;

/// Versions from one of which on all objects of an index are looked at, however young its oldest version is.
const LOOK_AT_ALL_EVERY: u64 = 256;

/// A segment to store.
#[derive(Debug, Clone)]
pub struct NewSegment {
    /// The id in its bytes; the caller draws it.
    pub id: Uuid,
    /// The object.
    pub bytes: Bytes,
    /// Documents in it.
    pub rows: u64,
    /// Ids that it deletes.
    pub tombstones: u64,
}

/// What the caller says of the next version; names, numbers and ids of the commit are the store's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Stays over pushes; a fresh one for an index that is created or created again.
    pub index_id: Uuid,
    /// What made the vectors.
    pub model: ModelTag,
    /// Length of the vectors, 0 where nothing fixed it yet.
    pub dimension: u32,
    /// Documents of this version.
    pub doc_count: u64,
    /// Milliseconds since 1970.
    pub created_at: u64,
    /// Milliseconds since 1970.
    pub updated_at: u64,
    /// The job or call that writes it.
    pub job_id: String,
    /// Deletes the index.
    pub deleted: bool,
    /// All segments of this version, oldest first.
    pub segments: Vec<SegmentEntry>,
}

impl Change {
    /// The first version of an index that there is nothing of.
    pub(crate) fn nothing(now_ms: u64) -> Change {
        Change {
            index_id: Uuid::new_v4(),
            model: ModelTag {
                id: String::new(),
                version: String::new(),
            },
            dimension: 0,
            doc_count: 0,
            created_at: now_ms,
            updated_at: now_ms,
            job_id: String::new(),
            deleted: true,
            segments: Vec::new(),
        }
    }

    /// The change that says again what that version says.
    pub fn of(manifest: &Manifest) -> Change {
        Change {
            index_id: manifest.index_id,
            model: manifest.model.clone(),
            dimension: manifest.dimension,
            doc_count: manifest.doc_count,
            created_at: manifest.created_at,
            updated_at: manifest.updated_at,
            job_id: manifest.job_id.clone(),
            deleted: manifest.deleted,
            segments: manifest.segments.clone(),
        }
    }
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// This version is stored and was the newest.
    Done(Box<Manifest>),
    /// Somebody else was first. Nothing happened; begin again on what they wrote.
    Lost,
}

/// One attempt to put a version on top of the newest: begin, write segments, commit.
///
/// A version may use the segments of its predecessor, of an older version that was [adopted](Transaction::adopt), and those
/// written in the transaction, and no others: a lost transaction's segments are garbage. That is what makes collection
/// safe beside writers without any clock (docs/layout.md). A dropped transaction leaves at most orphans for the collector.
#[derive(Debug)]
pub struct Transaction {
    index: IndexStore,
    head: Option<Manifest>,
    commit_id: Uuid,
    garbage: Option<Garbage>,
    /// Segments that the next version may use: length and checksum by id.
    usable: HashMap<Uuid, (u64, u64)>,
}

impl Transaction {
    pub(crate) fn new(index: IndexStore, head: Option<Manifest>, commit_id: Uuid) -> Transaction {
        let mut transaction = Transaction {
            index,
            head: None,
            commit_id,
            garbage: None,
            usable: HashMap::new(),
        };
        if let Some(head) = &head {
            transaction.allow(&head.segments);
        }
        transaction.head = head;
        transaction
    }

    /// The version that the next one is put on; `None` for the first. It may be deleted.
    pub fn head(&self) -> Option<&Manifest> {
        self.head.as_ref()
    }

    /// What the version will carry that this commits.
    pub fn commit_id(&self) -> Uuid {
        self.commit_id
    }

    /// The number of the version that this commits.
    pub fn version(&self) -> u64 {
        self.head.as_ref().map_or(1, |head| head.version + 1)
    }

    /// Stores a segment and returns its entry, with `since` set to [`version`](Transaction::version).
    ///
    /// # Errors
    /// `Io`; calling again with the same segment is safe. `Conflict` if the id is taken by other bytes.
    pub async fn write_segment(&mut self, segment: NewSegment) -> Result<SegmentEntry> {
        let entry = self.index.write_segment(segment, self.version()).await?;
        self.allow(std::slice::from_ref(&entry));
        Ok(entry)
    }

    /// Makes the segments of an older version usable and returns it, `None` if it is gone.
    ///
    /// # Errors
    /// As [`IndexStore::manifest`].
    pub async fn adopt(&mut self, version: u64) -> Result<Option<Manifest>> {
        let floor = self.head.as_ref().map_or(0, |head| head.floor);
        if version < floor || version >= self.version() {
            return Ok(None);
        }
        let manifest = self.index.manifest(version).await?;
        if let Some(manifest) = &manifest {
            self.allow(&manifest.segments);
        }
        Ok(manifest)
    }

    /// Makes segments usable that [`IndexStore::write_segment`] wrote outside of the transaction, as the caller has proof of,
    /// when `since` was or had been the newest version (0 before the first).
    ///
    /// Returns whether they may be used: not if one was condemned after `since`, or if the versions after it are no longer all
    /// there to tell. Then write the segments again.
    ///
    /// Reads the manifests after `since`; none where it is still the newest.
    ///
    /// # Errors
    /// As [`IndexStore::manifest`].
    pub async fn allow_written(&mut self, entries: &[SegmentEntry], since: u64) -> Result<bool> {
        let newest = self.version() - 1;
        if since > newest || since + 1 < self.head.as_ref().map_or(0, |head| head.floor) {
            return Ok(false);
        }
        for version in since + 1..=newest {
            let Some(manifest) = self.index.manifest(version).await? else {
                return Ok(false);
            };
            if entries.iter().any(|entry| manifest.condemned.contains(&entry.id)) {
                return Ok(false);
            }
        }
        self.allow(entries);
        Ok(true)
    }

    /// Lets the commit give up versions and segments that `retention` no longer keeps, if there are enough. Returns whether
    /// it will; [`IndexStore::sweep`] then removes them after the commit.
    ///
    /// Where the oldest version is still young this costs two requests, and says no; segments that no version uses then wait
    /// for one of the 256th versions, or for [`IndexStore::collect`].
    ///
    /// # Errors
    /// `CacheCorrupt` if an old manifest is damaged, `Io`. The transaction goes on without.
    pub async fn expire(&mut self, retention: &Retention) -> Result<bool> {
        if let Some(head) = &self.head
            && !self.version().is_multiple_of(LOOK_AT_ALL_EVERY)
            && self.index.keeps_all(head, retention).await?
        {
            self.garbage = None;
            return Ok(false);
        }
        self.expire_at(retention, DateTime::UNIX_EPOCH).await
    }

    /// As [`expire`](Transaction::expire), with what the caller knows of the store's time.
    pub(crate) async fn expire_at(&mut self, retention: &Retention, now: DateTime<Utc>) -> Result<bool> {
        self.garbage = match &self.head {
            Some(head) => plan(&self.index, head, retention, now).await?,
            None => plan_without_versions(&self.index, retention, now).await?,
        };
        Ok(self.garbage.is_some())
    }

    /// Commits the version: the instant at which all of it is visible, and before which nothing is.
    ///
    /// # Errors
    /// `Io`: it may be committed or not. Calling again with the same change is safe and tells.
    /// `Internal` for a change that uses segments it may not use or breaks a rule of manifests.
    pub async fn commit(&self, change: &Change) -> Result<Commit> {
        let manifest = self.manifest(change)?;
        let bytes = manifest.encode()?;
        if self.head.as_ref().is_none_or(|head| head.deleted) {
            self.index.announce().await?;
        }
        let path = self.index.keys.manifest(manifest.version);
        if self.index.objects.create(&path, bytes).await? == Created::Exists {
            return Ok(Commit::Lost);
        }
        if self.is_in_the_history(manifest.version).await? {
            return Ok(Commit::Done(Box::new(manifest)));
        }
        tracing::warn!(
            index = manifest.index,
            version = manifest.version,
            "committed below the floor"
        );
        Ok(Commit::Lost)
    }

    /// Whether a version just created is part of the history, and not a number that was free because it was collected:
    /// what a writer finds that slept since it began. Below the floor nobody ever reads.
    async fn is_in_the_history(&self, version: u64) -> Result<bool> {
        if self.index.newest().await? == Some(version) {
            return Ok(true);
        }
        let head = self.index.head().await?;
        Ok(head.is_some_and(|head| head.floor <= version))
    }

    fn manifest(&self, change: &Change) -> Result<Manifest> {
        for entry in &change.segments {
            if self.usable.get(&entry.id) != Some(&(entry.bytes, entry.checksum)) {
                return Err(Error::new(
                    ErrorKind::Internal,
                    format!("segment {} does not belong to the transaction", entry.id),
                ));
            }
        }
        let floor_before = self.head.as_ref().map_or(1, |head| head.floor);
        let (floor, mut condemned) = match &self.garbage {
            Some(garbage) => (garbage.floor, garbage.condemned.clone()),
            None => (floor_before, Vec::new()),
        };
        // What was adopted may be of a version that this very commit gives up.
        condemned.retain(|id| change.segments.iter().all(|entry| entry.id != *id));
        let Change {
            index_id,
            model,
            dimension,
            doc_count,
            created_at,
            updated_at,
            job_id,
            deleted,
            segments,
        } = change.clone();
        Ok(Manifest {
            project: self.index.project.clone(),
            index: self.index.name.clone(),
            version: self.version(),
            index_id,
            model,
            dimension,
            doc_count,
            created_at,
            updated_at,
            commit_id: self.commit_id,
            job_id,
            deleted,
            segments,
            floor,
            condemned,
        })
    }

    fn allow(&mut self, entries: &[SegmentEntry]) {
        self.usable.extend(
            entries
                .iter()
                .map(|entry| (entry.id, (entry.bytes, entry.checksum))),
        );
    }
}
