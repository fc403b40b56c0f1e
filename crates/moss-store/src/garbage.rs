//! Which versions and segments an index no longer needs. Nothing is deleted here; that is
//! [`IndexStore::sweep`]'s, after a commit has said so.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::try_join;
use futures::{StreamExt, TryStreamExt, stream};
use moss_core::Result;
use object_store::ObjectMeta;
use uuid::Uuid;

use crate::index::IndexStore;
use crate::key::{manifest_version, segment_id};
use crate::manifest::Manifest;
use crate::object::corrupt;

/// Manifests read at a time.
const READS_IN_FLIGHT: usize = 16;

/// How long old versions stay readable: all of the newest `versions`, and all that were the newest at some time within
/// `age`. Of a deleted index only `age` counts, so that its documents do go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How many of the newest versions stay. Default 20.
    pub versions: u64,
    /// By the store's own times, never the caller's clock. Default 24 hours.
    pub age: Duration,
    /// So many objects more than needed may wait before a collection is worth reading all manifests for. Default 16.
    pub slack: u64,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention {
            versions: 20,
            age: Duration::from_secs(24 * 60 * 60),
            slack: 16,
        }
    }
}

/// What the next version gives up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Garbage {
    pub(crate) floor: u64,
    pub(crate) condemned: Vec<Uuid>,
}

/// What a version on top of `head` can give up, or `None` if that is not worth while yet.
///
/// Now is the time of the newest object of the index, and at least `not_before`.
pub(crate) async fn plan(
    index: &IndexStore,
    head: &Manifest,
    retention: &Retention,
    not_before: DateTime<Utc>,
) -> Result<Option<Garbage>> {
    let mut manifests = index.objects.list(&index.keys.manifests()).await?;
    let segments = index.objects.list(&index.keys.segments()).await?;
    let now = manifests
        .iter()
        .chain(&segments)
        .fold(not_before, |now, object| now.max(object.last_modified));

    manifests.retain(|object| manifest_version(&object.location).is_some_and(|v| v <= head.version));
    let floor = floor(&manifests, head, retention, now);
    let below = manifests
        .iter()
        .filter(|object| manifest_version(&object.location).is_some_and(|version| version < floor))
        .count() as u64;
    // A version adds at most one segment to those of the version before it.
    let explained = head.version - floor + 1 + head.segments.len() as u64;
    let unexplained = (segments.len() as u64).saturating_sub(explained);
    let is_worth_while = match head.deleted {
        true => !segments.is_empty(),
        false => below + unexplained > retention.slack,
    };
    if !is_worth_while {
        return Ok(None);
    }

    let in_use = segments_in_use(index, head, floor).await?;
    let condemned: Vec<Uuid> = segments
        .iter()
        .filter(|object| age_of(object.last_modified, now) >= retention.age)
        .filter_map(|object| segment_id(&object.location))
        .filter(|id| !in_use.contains(id))
        .collect();
    // The collection of a deleted index is a version itself and must not be a reason for the next.
    if condemned.is_empty() && (below == 0 || head.deleted) {
        return Ok(None);
    }
    Ok(Some(Garbage { floor, condemned }))
}

/// What a first version can give up: segments of writers who never committed, if there are any so old. Whoever of them still
/// comes loses to it.
pub(crate) async fn plan_without_versions(
    index: &IndexStore,
    retention: &Retention,
    not_before: DateTime<Utc>,
) -> Result<Option<Garbage>> {
    let segments = index.objects.list(&index.keys.segments()).await?;
    let now = segments
        .iter()
        .fold(not_before, |now, object| now.max(object.last_modified));
    let condemned: Vec<Uuid> = segments
        .iter()
        .filter(|object| age_of(object.last_modified, now) >= retention.age)
        .filter_map(|object| segment_id(&object.location))
        .collect();
    Ok((!condemned.is_empty()).then_some(Garbage { floor: 1, condemned }))
}

impl IndexStore {
    /// Whether no version that is stored is old enough to go, by the time of the newest: found out without a list.
    pub(crate) async fn keeps_all(&self, head: &Manifest, retention: &Retention) -> Result<bool> {
        if head.deleted || head.version <= head.floor + 1 {
            return Ok(false);
        }
        // The oldest goes some time after the one that followed it was written.
        let (second, newest) = (
            self.keys.manifest(head.floor + 1),
            self.keys.manifest(head.version),
        );
        let (second, newest) = try_join(self.objects.written(&second), self.objects.written(&newest)).await?;
        let ages = second.zip(newest).map(|(second, newest)| age_of(second, newest));
        Ok(ages.is_some_and(|age| age < retention.age))
    }
}

/// The least version that stays: those above it all stay too.
fn floor(manifests: &[ObjectMeta], head: &Manifest, retention: &Retention, now: DateTime<Utc>) -> u64 {
    let by_count = if head.deleted {
        head.version
    } else {
        // The version that is about to be committed counts as the newest.
        (head.version + 2)
            .saturating_sub(retention.versions.max(1))
            .min(head.version)
    };
    let mut by_age = head.version;
    for object in manifests {
        // A version stopped being the newest when the next one was written.
        if let Some(next) = manifest_version(&object.location)
            && next > head.floor
            && age_of(object.last_modified, now) < retention.age
        {
            by_age = by_age.min(next - 1);
        }
    }
    by_count.min(by_age).max(head.floor)
}

async fn segments_in_use(index: &IndexStore, head: &Manifest, floor: u64) -> Result<HashSet<Uuid>> {
    let older: Vec<Manifest> = stream::iter(floor..head.version)
        .map(|version| async move {
            let manifest = index.manifest(version).await?;
            manifest.ok_or_else(|| corrupt(&index.keys.manifest(version), "manifest is missing"))
        })
        .buffer_unordered(READS_IN_FLIGHT)
        .try_collect()
        .await?;
    let all = older.iter().chain([head]);
    Ok(all
        .flat_map(|manifest| manifest.segments.iter().map(|segment| segment.id))
        .collect())
}

/// How long before `now` that was; nothing for later times, which clocks that differ give.
pub(crate) fn age_of(then: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (now - then).to_std().unwrap_or_default()
}
