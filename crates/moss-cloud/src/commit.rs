//! Commits on behalf of a writer elsewhere: segments and versions that arrive over HTTP.
//!
//! The writer merged already; here it is checked that what it commits was stored for this very version, and the times are set.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use moss_core::embed::CUSTOM_MODEL;
use moss_core::snapshot::{Segment, SegmentMeta};
use moss_core::{Error, ErrorKind, Result, embed, limits};
use moss_store::{Change, Commit, Manifest, NewSegment, SegmentEntry, Transaction};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Project;
use crate::access::WriteVersions;
use crate::index::{blocking, model_mismatch};
use crate::stored::StoredIndex;
use crate::time::now_ms;

/// What a receipt is signed as.
const RECEIPT: &str = "segment receipt";
/// A segment that is not committed within this time may be collected a day later.
const RECEIPT_TTL: Duration = Duration::from_secs(3600);

/// What a receipt says.
#[derive(Serialize, Deserialize)]
struct Receipt {
    project: String,
    index: String,
    entry: SegmentEntry,
    model: String,
    dimension: u32,
}

/// A segment that is stored and in no version yet.
#[derive(Debug, Clone)]
pub struct StoredSegment {
    /// As a manifest names it.
    pub entry: SegmentEntry,
    /// For [`CommitSpec::receipts`].
    pub receipt: String,
}

/// What a writer elsewhere asks to be committed.
#[derive(Debug)]
pub struct CommitSpec {
    /// Drawn by the writer, the same when it asks again.
    pub commit_id: Uuid,
    /// The version that it goes on top of; 0 where there is none.
    pub on_version: u64,
    /// What the version is; its times are set here.
    pub change: Change,
    /// Of the segments that were stored for it.
    pub receipts: Vec<String>,
}

impl CommitSpec {
    /// The version that it is to make. No version is as high as the number where this ends.
    fn next(&self) -> u64 {
        self.on_version.saturating_add(1)
    }
}

/// A commit that happened.
#[derive(Debug)]
pub struct Committed {
    /// The version it made.
    pub manifest: Manifest,
    /// The version that took its place since its segments were compacted.
    pub compacted: Option<Manifest>,
}

impl Project {
    /// Stores a segment that is meant for `version`.
    ///
    /// # Errors
    /// `InvalidArgument` for bytes that are no segment of that id; `Conflict` if the id is taken; `Io`.
    pub async fn receive_segment(
        &self,
        name: &str,
        id: Uuid,
        version: u64,
        bytes: Bytes,
    ) -> Result<StoredSegment> {
        let index = self.index(name)?;
        let (segment, meta) = blocking(move || check_segment(id, bytes)).await?;
        let entry = index.write_segment(segment, version).await?;
        let receipt = Receipt {
            project: self.id().to_owned(),
            index: name.to_owned(),
            entry: entry.clone(),
            model: meta.model_id,
            // The segment was read: its vectors are there.
            dimension: meta.dimension as u32,
        };
        Ok(StoredSegment {
            entry,
            receipt: self.cloud().sign(RECEIPT, &receipt, RECEIPT_TTL).await?,
        })
    }

    /// Commits a version. A commit that was asked for before and happened is answered as it was then.
    ///
    /// # Errors
    /// `Conflict` if `on_version` is not the newest version any more; `ModelMismatch`; `Unauthorized` for a receipt that is
    /// forged, expired or of another index or version; `InvalidArgument` for a change that no push makes; `Io`.
    pub async fn commit(&self, name: &str, spec: CommitSpec) -> Result<Committed> {
        let started = now_ms();
        let index = StoredIndex::new(self, name)?;
        let mut transaction = index.begin_as(spec.commit_id).await?;
        if transaction.version() != spec.next() {
            return self.repeated(&index, &spec).await;
        }
        let entries = self.check_receipts(name, &spec).await?;
        if !transaction.allow_written(&entries, spec.on_version).await? {
            return Err(lost(name));
        }
        let change = own_fields(&transaction, spec.commit_id, spec.change.clone())?;
        check_segments(transaction.head(), &entries, &change)?;
        match transaction.commit(&change).await? {
            Commit::Done(manifest) => Ok(Committed {
                compacted: index.committed(&manifest, started).await,
                manifest: *manifest,
            }),
            Commit::Lost => self.repeated(&index, &spec).await,
        }
    }

    /// The version that this very commit made when it was asked for before.
    async fn repeated(&self, index: &StoredIndex, spec: &CommitSpec) -> Result<Committed> {
        let next = index.reader().manifest(spec.next()).await?;
        let next = next.filter(|next| next.commit_id == spec.commit_id);
        let head = index.reader().head().await?;
        // Below the floor nobody reads it: the number was free since it had been collected.
        match next.filter(|next| head.is_some_and(|head| head.floor <= next.version)) {
            Some(manifest) => {
                // Whoever made it may have gone before the job was recorded.
                self.record_job(&manifest.job_id, &manifest.index, manifest.updated_at)
                    .await;
                Ok(Committed {
                    manifest,
                    compacted: None,
                })
            }
            None => Err(lost(index.name())),
        }
    }

    async fn check_receipts(&self, name: &str, spec: &CommitSpec) -> Result<Vec<SegmentEntry>> {
        let mut entries = Vec::with_capacity(spec.receipts.len());
        for receipt in &spec.receipts {
            let receipt: Receipt = self.cloud().verify(RECEIPT, receipt).await?;
            if receipt.project != self.id() || receipt.index != name || receipt.entry.since != spec.next() {
                return Err(Error::new(
                    ErrorKind::Unauthorized,
                    "the segment receipt is of another index or version",
                ));
            }
            let Change { model, dimension, .. } = &spec.change;
            if receipt.model != model.id || ![0, *dimension].contains(&receipt.dimension) {
                return Err(invalid(format!(
                    "segment {} has {} dimensions of model {}, the version {dimension} of {}",
                    receipt.entry.id, receipt.dimension, receipt.model, model.id
                )));
            }
            entries.push(receipt.entry);
        }
        Ok(entries)
    }
}

fn lost(name: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("index {name:?}: another push came first"),
    )
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

/// The segment and what its vectors are, if the bytes are one.
fn check_segment(id: Uuid, bytes: Bytes) -> Result<(NewSegment, SegmentMeta)> {
    let (rows, tombstones, meta) = {
        let segment = Segment::decode(&bytes, "the body")
            .map_err(|error| Error::new(ErrorKind::InvalidArgument, error.to_string()))?;
        if segment.id() != id.into_bytes() {
            return Err(invalid(format!("the body is a segment of another id than {id}")));
        }
        let rows = segment.row_count() as u64;
        (rows, segment.tombstones().len() as u64, segment.meta().clone())
    };
    let segment = NewSegment {
        id,
        bytes,
        rows,
        tombstones,
    };
    Ok((segment, meta))
}

/// Checks that a change is made of segments as they were stored: those of the version it goes on and those with a receipt.
fn check_segments(head: Option<&Manifest>, entries: &[SegmentEntry], change: &Change) -> Result<()> {
    let of_head = head.map_or(&[][..], |head| &head.segments);
    let mut seen = HashSet::new();
    if let Some(twice) = change.segments.iter().find(|entry| !seen.insert(entry.id)) {
        return Err(invalid(format!("segment {} is there twice", twice.id)));
    }
    if let Some(other) = change
        .segments
        .iter()
        .find(|entry| !of_head.contains(entry) && !entries.contains(entry))
    {
        return Err(invalid(format!(
            "segment {} is not one of the version before, and has no receipt that says the same of it",
            other.id
        )));
    }
    let rows = change
        .segments
        .iter()
        .fold(0_u64, |rows, entry| rows.saturating_add(entry.rows));
    if change.doc_count > rows {
        return Err(invalid(format!(
            "{} documents are more than the {rows} rows of the segments",
            change.doc_count
        )));
    }
    Ok(())
}

/// The change, checked against the version it goes on, with what is not the writer's to say: the times, since his clock may
/// be an hour off, and the job, whose id must be no other's.
fn own_fields(transaction: &Transaction, commit_id: Uuid, change: Change) -> Result<Change> {
    let head = transaction.head();
    let live = head.filter(|head| !head.deleted);
    if change.deleted {
        return Err(invalid("a push does not delete an index"));
    }
    if change.model.id != CUSTOM_MODEL {
        embed::find(&change.model.id)?;
    }
    if change.dimension as usize > limits::MAX_DIMENSION {
        return Err(invalid(format!(
            "{} dimensions are more than {}",
            change.dimension,
            limits::MAX_DIMENSION
        )));
    }
    limits::check_document_count(usize::try_from(change.doc_count).unwrap_or(usize::MAX))?;
    if let Some(live) = live {
        if live.model.id != change.model.id {
            return Err(model_mismatch(&live.index, &live.model.id, &change.model.id));
        }
        if live.index_id != change.index_id {
            return Err(invalid(format!("index {:?} has another id", live.index)));
        }
    }
    // Two pushes within a millisecond still differ, since readers compare the times.
    let now = head.map_or(0, |head| head.updated_at + 1).max(now_ms());
    Ok(Change {
        created_at: live.map_or(now, |live| live.created_at),
        updated_at: now,
        job_id: commit_id.to_string(),
        ..change
    })
}
