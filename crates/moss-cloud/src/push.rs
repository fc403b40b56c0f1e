//! The push of a session: its changes as one segment, committed on top of what others pushed meanwhile.
//!
//! Nobody reads any of it until its manifest is created, and a merge adds segments and rewrites none. The steps stand
//! in `moss-store`'s docs/layout.md, the rules of merging in [`merge`](crate::merge).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use moss_core::session::{Changed, Session};
use moss_core::{Error, ErrorKind, Result, limits};
use moss_store::{
    Change, Commit, IndexStore, Manifest, ModelTag, NewSegment, Retention, SegmentEntry, Transaction,
};
use uuid::Uuid;

use crate::index::{model_mismatch, not_found};
use crate::merge::{Merge, others_changes};
use crate::time::now_ms;
use crate::{OnConflict, Project};

/// Lost races after which a push gives up; each one means that somebody else's push succeeded.
const MAX_TRIES: usize = 64;
/// After this many versions the garbage of an index is collected.
const COLLECT_EVERY: u64 = 16;

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
    /// Stores a session's documents and vectors under `name` as a new version and takes into the session what others
    /// pushed since `base`, the version it was opened at or last pushed. `None`: it was opened without looking, or there
    /// was nothing. `base` is the new version from the instant at which the session counts its changes from it.
    ///
    /// Later writes to the session belong to its next push. Returns after the version is committed: whoever opens the
    /// name from now on sees it. Only changed documents travel. Dropped half-way, the future leaves cloud and session
    /// whole: run it in a task of its own where callers may be cancelled.
    ///
    /// # Errors
    /// `ModelMismatch`, `DimensionMismatch`; `Conflict` for [`OnConflict::Fail`] after another push; `Io`. Cloud and
    /// session are as before then, and pushing again is safe.
    pub async fn push(
        &self,
        name: &str,
        session: &Session,
        base: &mut Option<Arc<Manifest>>,
        on_conflict: OnConflict,
    ) -> Result<Pushed> {
        self.push_onto(name, session, base, on_conflict, false).await
    }

    /// As [`push`](Project::push); with `same_index` the index that `base` is of must still be there.
    pub(crate) async fn push_onto(
        &self,
        name: &str,
        session: &Session,
        base: &mut Option<Arc<Manifest>>,
        on_conflict: OnConflict,
        same_index: bool,
    ) -> Result<Pushed> {
        let started = now_ms();
        let index = self.index(name)?;
        let job_id = Uuid::new_v4().to_string();
        let mut push = Push::new(session, base.clone(), on_conflict, job_id.clone())?;
        let mut tries = 0;
        let (merge, manifest) = loop {
            let mut transaction = index.begin().await?;
            if same_index && !is_same_index(transaction.head(), base.as_deref()) {
                return Err(not_found(name));
            }
            if transaction.version().is_multiple_of(COLLECT_EVERY)
                && let Err(error) = transaction.expire(&Retention::default()).await
            {
                tracing::warn!(index = name, %error, "garbage not looked for");
            }
            let (merge, change) = push.prepare(&index, &mut transaction).await?;
            match commit(&transaction, &change).await? {
                Commit::Done(manifest) => break (merge, *manifest),
                Commit::Lost if tries < MAX_TRIES => tries += 1,
                Commit::Lost => {
                    return Err(Error::new(
                        ErrorKind::Conflict,
                        format!("index {name:?}: {MAX_TRIES} pushes by others came first, push again"),
                    ));
                }
            }
            let jitter = fastrand::u64(0..=1 << tries.min(6));
            tokio::time::sleep(std::time::Duration::from_millis(jitter)).await;
        };
        let conflicts = merge.conflicts;
        *base = Some(Arc::new(manifest.clone()));
        session.pushed(push.changed(merge.whole), merge.taken)?;
        self.record_job(&job_id, name, started).await;
        if let Some(compacted) = self.tidy(&index, &manifest).await {
            *base = Some(Arc::new(compacted));
        }
        Ok(Pushed {
            version: manifest.version,
            doc_count: manifest.doc_count as usize,
            job_id,
            conflicts,
        })
    }

    /// Compacts and collects after a commit, where it is time to. The push is done: a failure here is only logged.
    async fn tidy(&self, index: &IndexStore, manifest: &Manifest) -> Option<Manifest> {
        let warn = |what, error: Error| tracing::warn!(index = manifest.index, %error, "{what}");
        if manifest.version.is_multiple_of(COLLECT_EVERY) {
            let retention = Retention::default();
            if let Err(error) = index.sweep(manifest, &retention).await {
                warn("garbage not removed", error);
            }
            if let Err(error) = self.store.collect_jobs(retention.age).await {
                warn("old jobs not removed", error);
            }
        }
        crate::compact::compact(index, manifest)
            .await
            .unwrap_or_else(|error| {
                warn("not compacted", error);
                None
            })
    }
}

/// Whether the newest version is of the index that `base` is a version of, which was not deleted.
fn is_same_index(head: Option<&Manifest>, base: Option<&Manifest>) -> bool {
    let live = head.filter(|head| !head.deleted);
    live.map(|live| live.index_id) == base.map(|base| base.index_id)
}

/// Commits, and asks again after an error: the store may have taken the commit and lost its answer.
async fn commit(transaction: &Transaction, change: &Change) -> Result<Commit> {
    match transaction.commit(change).await {
        Err(error) if error.kind() == ErrorKind::Io => transaction.commit(change).await,
        settled => settled,
    }
}

/// One push over its tries: what was read from the session, once.
struct Push<'a> {
    session: &'a Session,
    model_id: String,
    base: Option<Arc<Manifest>>,
    on_conflict: OnConflict,
    job_id: String,
    /// Changes since the base, where there is one.
    since_base: Option<Changed>,
    /// All documents, read when a try first needs them.
    everything: Option<Changed>,
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
        base: Option<Arc<Manifest>>,
        on_conflict: OnConflict,
        job_id: String,
    ) -> Result<Push<'a>> {
        let since_base = base.as_ref().map(|_| session.changes()).transpose()?;
        let everything = if base.is_none() {
            Some(session.everything()?)
        } else {
            None
        };
        Ok(Push {
            model_id: session.model_id(),
            session,
            base,
            on_conflict,
            job_id,
            since_base,
            everything,
        })
    }

    /// The documents that are pushed: all of them, or what changed since the base.
    fn changed(&self, whole: bool) -> &Changed {
        let changed = if whole { &self.everything } else { &self.since_base };
        changed.as_ref().expect("read by `new` or `prepare`")
    }

    /// Merges with the newest version and writes the segment; returns what to commit.
    async fn prepare(
        &mut self,
        index: &IndexStore,
        transaction: &mut Transaction,
    ) -> Result<(Merge, Change)> {
        let head = transaction.head().cloned();
        let live = head.as_ref().filter(|head| !head.deleted);
        let relation = self.relation(live)?;
        let theirs = match (&relation, live) {
            (Relation::Moved, Some(live)) => {
                others_changes(index, self.base.as_deref(), live, || self.session.base_ids()).await?
            }
            (Relation::Apart, Some(live)) => {
                others_changes(index, None, live, || Ok(HashSet::default())).await?
            }
            _ => BTreeMap::new(),
        };
        let whole = matches!(relation, Relation::Apart | Relation::Over);
        if whole && self.everything.is_none() {
            self.everything = Some(self.session.everything()?);
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
        let added = self.write_segment(transaction, &merge).await?;
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
        let relation = match &self.base {
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
    async fn write_segment(
        &self,
        transaction: &mut Transaction,
        merge: &Merge,
    ) -> Result<Option<SegmentEntry>> {
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
        transaction.write_segment(segment).await.map(Some)
    }
}
