//! The push of a session: its changes as one segment, committed on top of what others pushed meanwhile.
//!
//! Nobody reads any of it until its manifest is created, and a merge adds segments and rewrites none. The steps stand
//! in `moss-store`'s docs/layout.md, the rules of merging in [`merge`](crate::merge).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use moss_core::session::{Changed, Session};
use moss_core::{Error, ErrorKind, Result, limits};
use moss_store::{Change, Commit, Manifest, ModelTag, NewSegment, SegmentEntry};
use uuid::Uuid;

use crate::access::{Attempt, ReadVersions, WriteVersions};
use crate::base::Base;
use crate::index::{model_mismatch, not_found};
use crate::merge::{Merge, others_changes};
use crate::stored::StoredIndex;
use crate::time::now_ms;
use crate::{OnConflict, Project};

/// Lost races after which a push gives up; each one means that somebody else's push succeeded.
pub(crate) const MAX_TRIES: usize = 64;

/// A push that was committed.
#[derive(Debug)]
pub struct Pushed {
    /// The version that the push made.
    pub version: u64,
    /// Documents in that version.
    pub doc_count: usize,
    /// The finished job.
    pub job_id: String,
    /// Ids changed on both sides, in byte order.
    pub conflicts: Vec<String>,
}

impl Project {
    /// [`push`]es a session to the index of that name.
    ///
    /// # Errors
    /// Those of [`push`].
    pub async fn push(
        &self,
        name: &str,
        session: &Session,
        base: &mut Base,
        on_conflict: OnConflict,
    ) -> Result<Pushed> {
        push(&StoredIndex::new(self, name)?, session, base, on_conflict).await
    }
}

/// Stores a session's documents and vectors in `index` as a new version and takes into the session what others pushed since
/// `base`, the version it was opened at or last pushed. `base` is the new version from the instant at which the session counts
/// its changes from it.
///
/// Later writes to the session belong to its next push. Returns after the version is committed: whoever opens the name from
/// now on sees it. Only changed documents travel. Dropped half-way, the future leaves cloud and session whole: run it in a
/// task of its own where callers may be cancelled.
///
/// # Errors
/// `ModelMismatch`, `DimensionMismatch`; `Conflict` for [`OnConflict::Fail`] after another push; `Io`, `Network`. Cloud and
/// session are as before then, and pushing again is safe: where the answer of a commit was lost, the next push finds out.
pub async fn push(
    index: &impl WriteVersions,
    session: &Session,
    base: &mut Base,
    on_conflict: OnConflict,
) -> Result<Pushed> {
    let job_id = Uuid::new_v4().to_string();
    push_as(job_id, index, session, base, on_conflict, false).await
}

/// As [`push()`], by the job of that id; with `same_index` the index that `base` is of must still be there.
pub(crate) async fn push_as(
    job_id: String,
    index: &impl WriteVersions,
    session: &Session,
    base: &mut Base,
    on_conflict: OnConflict,
    same_index: bool,
) -> Result<Pushed> {
    let push = Push::new(session, base, on_conflict, job_id)?;
    push.run(index, same_index).await
}

/// Whether the newest version is of the index that `base` is a version of, which was not deleted.
fn is_same_index(head: Option<&Manifest>, base: Option<&Manifest>) -> bool {
    let live = head.filter(|head| !head.deleted);
    live.map(|live| live.index_id) == base.map(|base| base.index_id)
}

/// One push over its tries: what was read from the session, once unless its base changed.
struct Push<'a> {
    session: &'a Session,
    model_id: String,
    base: &'a mut Base,
    on_conflict: OnConflict,
    job_id: String,
    /// Changes since the base, where there is one.
    since_base: Option<Arc<Changed>>,
    /// All documents, read when a try first needs them.
    everything: Option<Arc<Changed>>,
}

/// How a push stands to the newest version.
enum Relation {
    /// It is on top of its base.
    Same,
    /// Others pushed since.
    Moved,
    /// There is no common base: what is stored and what is in the session are merged whole.
    Apart,
    /// The session stands alone: nothing is stored, or it is to be replaced.
    Over,
}

impl<'a> Push<'a> {
    fn new(
        session: &'a Session,
        base: &'a mut Base,
        on_conflict: OnConflict,
        job_id: String,
    ) -> Result<Push<'a>> {
        let mut push = Push {
            model_id: session.model_id(),
            session,
            base,
            on_conflict,
            job_id,
            since_base: None,
            everything: None,
        };
        push.read()?;
        Ok(push)
    }

    /// Reads from the session what it has beyond the base.
    fn read(&mut self) -> Result<()> {
        (self.since_base, self.everything) = match self.base.manifest() {
            Some(_) => (Some(self.session.changes()?.into()), None),
            None => (None, Some(self.session.everything()?.into())),
        };
        Ok(())
    }

    fn base(&self) -> Option<&Manifest> {
        self.base.manifest().map(|base| &**base)
    }

    /// Merges, writes and commits until nobody else was faster; with `same_index` only on the index that the base is of.
    async fn run(mut self, index: &impl WriteVersions, same_index: bool) -> Result<Pushed> {
        let started = now_ms();
        let mut tries = 0;
        let (conflicts, manifest) = loop {
            let mut attempt = index.begin().await?;
            if self
                .base
                .settle(index.reader(), attempt.head(), self.session)
                .await?
            {
                self.read()?;
            }
            if same_index && !is_same_index(attempt.head(), self.base()) {
                return Err(not_found(self.base().map_or("", |base| &base.index)));
            }
            let (merge, change) = self.prepare(index.reader(), &mut attempt).await?;
            let changed = self.changed(merge.whole).clone();
            self.base
                .doubt(attempt.version(), attempt.commit_id(), changed, merge.taken);
            match attempt.commit(&change).await? {
                Commit::Done(manifest) => break (merge.conflicts, *manifest),
                Commit::Lost => self.base.lost(),
            }
            if tries == MAX_TRIES {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("{MAX_TRIES} pushes by others came first, push again"),
                ));
            }
            tries += 1;
            let jitter = fastrand::u64(0..=1 << tries.min(6));
            tokio::time::sleep(std::time::Duration::from_millis(jitter)).await;
        };
        self.base.made(manifest.clone(), self.session)?;
        if let Some(compacted) = index.committed(&manifest, started).await {
            self.base.compacted(compacted);
        }
        Ok(Pushed {
            version: manifest.version,
            doc_count: manifest.doc_count as usize,
            job_id: manifest.job_id,
            conflicts,
        })
    }

    /// The documents that are pushed: all of them, or what changed since the base.
    fn changed(&self, whole: bool) -> &Arc<Changed> {
        let changed = if whole { &self.everything } else { &self.since_base };
        changed.as_ref().expect("read by `new` or `prepare`")
    }

    /// Merges with the newest version and writes the segment; returns what to commit.
    async fn prepare(
        &mut self,
        index: &impl ReadVersions,
        attempt: &mut impl Attempt,
    ) -> Result<(Merge, Change)> {
        let head = attempt.head().cloned();
        let live = head.as_ref().filter(|head| !head.deleted);
        let relation = self.relation(live)?;
        let theirs = match (&relation, live) {
            (Relation::Moved, Some(live)) => {
                others_changes(index, self.base(), live, || self.session.base_ids()).await?
            }
            (Relation::Apart, Some(live)) => {
                others_changes(index, None, live, || Ok(HashSet::default())).await?
            }
            _ => BTreeMap::new(),
        };
        let whole = matches!(relation, Relation::Apart | Relation::Over);
        if whole && self.everything.is_none() {
            self.everything = Some(self.session.everything()?.into());
        }
        let under = if matches!(relation, Relation::Over) {
            None
        } else {
            live
        };
        let merge = Merge::new(
            self.changed(whole),
            theirs,
            under.map_or(0, |under| under.doc_count),
            whole,
        );
        limits::check_document_count(merge.doc_count as usize)?;
        let added = self.write_segment(attempt, &merge).await?;
        // Two pushes within a millisecond still differ, since readers compare the times.
        let now = head.as_ref().map_or(0, |head| head.updated_at + 1).max(now_ms());
        let segments = under.map(|under| under.segments.clone()).unwrap_or_default();
        let change = Change {
            index_id: live.map_or_else(Uuid::new_v4, |live| live.index_id),
            model: ModelTag {
                id: self.model_id.clone(),
                version: String::new(),
            },
            dimension: self
                .dimension(whole)
                .or(under.map(|under| under.dimension))
                .unwrap_or(0),
            doc_count: merge.doc_count,
            created_at: live.map_or(now, |live| live.created_at),
            updated_at: now,
            job_id: self.job_id.clone(),
            deleted: false,
            segments: segments.into_iter().chain(added).collect(),
        };
        Ok((merge, change))
    }

    fn relation(&self, live: Option<&Manifest>) -> Result<Relation> {
        let Some(live) = live else {
            return Ok(Relation::Over);
        };
        if live.model.id != self.model_id {
            return Err(model_mismatch(&live.index, &live.model.id, &self.model_id));
        }
        let relation = match self.base() {
            Some(base) if base.commit_id == live.commit_id => return Ok(Relation::Same),
            // Compaction and collection keep the job of the push before them: nobody pushed.
            Some(base) if base.job_id == live.job_id => return Ok(Relation::Moved),
            Some(base) if base.index_id == live.index_id => Relation::Moved,
            _ => Relation::Apart,
        };
        match self.on_conflict {
            OnConflict::Merge => self.check_dimension(live).map(|()| relation),
            OnConflict::Replace => Ok(Relation::Over),
            OnConflict::Fail => Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "index {:?} was changed by another push, open it again or merge",
                    live.index
                ),
            )),
        }
    }

    /// Checks that the vectors of both sides have one length.
    fn check_dimension(&self, live: &Manifest) -> Result<()> {
        let stored = live.dimension;
        match self.dimension(true).or(self.dimension(false)) {
            Some(own) if live.doc_count > 0 && own != stored => Err(Error::new(
                ErrorKind::DimensionMismatch,
                format!(
                    "index {:?} has vectors of {stored} dimensions, the session of {own}",
                    live.index
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Length of the vectors that are pushed, if there are any.
    fn dimension(&self, whole: bool) -> Option<u32> {
        let changed = if whole { &self.everything } else { &self.since_base };
        let first = changed.as_ref()?.documents.first()?;
        first.document.vector().map(|vector| vector.len() as u32)
    }

    /// Writes the segment of this merge, if it changes anything.
    async fn write_segment(&self, attempt: &mut impl Attempt, merge: &Merge) -> Result<Option<SegmentEntry>> {
        let changed = self.changed(merge.whole);
        if changed.documents.is_empty() && merge.tombstones.is_empty() {
            return Ok(None);
        }
        let id = Uuid::new_v4();
        let tombstones: Vec<&str> = merge.tombstones.iter().map(String::as_str).collect();
        let segment = NewSegment {
            id,
            bytes: changed
                .encode(id.into_bytes(), &self.model_id, &tombstones)?
                .into(),
            rows: changed.documents.len() as u64,
            tombstones: tombstones.len() as u64,
        };
        attempt.write_segment(segment).await.map(Some)
    }
}
