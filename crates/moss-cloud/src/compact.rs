//! Rewriting the segments of an index as fewer, as an ordinary commit that changes no document.

use std::sync::Arc;

use moss_core::Result;
use moss_core::snapshot::{MergeScope, deleted_ids, live_rows, merge};
use moss_store::{Change, Commit, IndexStore, Manifest, NewSegment, SegmentEntry, compact};
use uuid::Uuid;

use crate::index::{Loaded, blocking};

/// Compacts the version that was just committed if it is time to; `None` if it is not, or if somebody pushed first.
pub(crate) async fn compact(index: &IndexStore, manifest: &Manifest) -> Result<Option<Manifest>> {
    let Some(range) = compact::plan(manifest) else {
        return Ok(None);
    };
    let mut transaction = index.begin().await?;
    if transaction
        .head()
        .is_none_or(|head| head.version != manifest.version)
    {
        return Ok(None);
    }
    let scope = if range.start == 0 {
        MergeScope::Whole
    } else {
        MergeScope::Suffix
    };
    let part = Manifest {
        segments: manifest.segments[range.clone()].to_vec(),
        ..manifest.clone()
    };
    let loaded = Loaded::read(index, Arc::new(part)).await?;
    let id = Uuid::new_v4();
    let segment = blocking(move || {
        loaded.with_layers(|layers| {
            let tombstones = if scope == MergeScope::Whole {
                0
            } else {
                deleted_ids(layers).len() as u64
            };
            let bytes = merge(id.into_bytes(), layers, scope)?.into();
            Ok(NewSegment {
                id,
                bytes,
                rows: live_rows(layers).len() as u64,
                tombstones,
            })
        })
    })
    .await?;
    let entry = transaction.write_segment(segment).await?;
    let mut change = Change::of(manifest);
    change
        .segments
        .splice(range, [SegmentEntry { since: 0, ..entry }]);
    match transaction.commit(&change).await? {
        Commit::Done(compacted) => Ok(Some(*compacted)),
        Commit::Lost => Ok(None),
    }
}
