//! Bringing an index in memory forward: what was added since its version, and nothing else, is read.

use std::sync::Arc;

use futures::future::try_join_all;
use moss_core::Result;
use moss_core::session::Session;
use moss_store::{IndexStore, Manifest, SegmentEntry};

use crate::Loaded;
use crate::index::blocking;

/// Versions behind which reading the whole index is not more than reading all manifests in between.
const MAX_STEPS: u64 = 64;

/// Takes into a session of version `from` what `to` has beyond it; false, and nothing is done, if that is not to be had
/// without reading all of `to`.
pub(crate) async fn catch_up(
    index: &IndexStore,
    from: &Manifest,
    session: &Arc<Session>,
    to: &Manifest,
) -> Result<bool> {
    let Some(segments) = added_since(index, from, to).await? else {
        return Ok(false);
    };
    if segments.is_empty() {
        return Ok(true);
    }
    let added = Manifest {
        segments,
        ..to.clone()
    };
    let loaded = Loaded::read(index, Arc::new(added)).await?;
    let session = session.clone();
    blocking(move || loaded.with_layers(|layers| session.follow(layers))).await?;
    Ok(true)
}

/// The segments, oldest first, whose content `to` has beyond `from`; `None` if something else happened in between, such as a
/// replacement.
///
/// Compaction writes segments anew whose content is held already. It keeps the job of the push before it, and is told from
/// others by that.
async fn added_since(
    index: &IndexStore,
    from: &Manifest,
    to: &Manifest,
) -> Result<Option<Vec<SegmentEntry>>> {
    if to.index_id != from.index_id || to.version <= from.version {
        return Ok(None);
    }
    if let Some(added) = to.segments.strip_prefix(&from.segments[..]) {
        return Ok(Some(added.to_vec()));
    }
    if to.version - from.version > MAX_STEPS || to.floor > from.version + 1 {
        return Ok(None);
    }
    let between = try_join_all((from.version + 1..to.version).map(|version| index.manifest(version))).await?;
    let mut added = Vec::new();
    let mut before = from;
    for version in between.iter().map(Option::as_ref).chain([Some(to)]) {
        let Some(version) = version.filter(|version| version.index_id == from.index_id) else {
            return Ok(None);
        };
        match version.segments.strip_prefix(&before.segments[..]) {
            Some(more) => added.extend_from_slice(more),
            None if version.job_id == before.job_id => {}
            None => return Ok(None),
        }
        before = version;
    }
    Ok(Some(added))
}
