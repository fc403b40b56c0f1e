//! A version of an index as one object, to be downloaded.

use moss_core::Result;
use moss_core::lexical::TermTable;
use moss_core::snapshot::{MergeScope, SegmentContent, SegmentMeta, live_rows, merge};
use moss_proto::bulk;

use crate::index::{blocking, not_found};
use crate::{Loaded, Project};

/// A version of an index, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The version.
    pub version: u64,
    /// Its bytes: one segment as `docs/snapshot-format.md` of `moss-core` says, or JSON.
    pub bytes: Vec<u8>,
}

impl Project {
    /// The newest version of an index as one segment: equal bytes for the same version.
    ///
    /// # Errors
    /// `IndexNotFound`, `CacheCorrupt`, `Io`.
    pub async fn snapshot(&self, name: &str) -> Result<Snapshot> {
        self.snapshot_as(name, one_segment).await
    }

    /// The newest version of an index as a JSON array of its documents in the order of storing, without their vectors:
    /// `{id, text, metadata?, payload?}`.
    ///
    /// # Errors
    /// As [`snapshot`](Project::snapshot).
    pub async fn snapshot_json(&self, name: &str) -> Result<Snapshot> {
        self.snapshot_as(name, documents_as_json).await
    }

    async fn snapshot_as(&self, name: &str, write: fn(&Loaded) -> Result<Vec<u8>>) -> Result<Snapshot> {
        let loaded = self
            .load(name, None, None)
            .await?
            .ok_or_else(|| not_found(name))?;
        blocking(move || {
            Ok(Snapshot {
                version: loaded.manifest.version,
                bytes: write(&loaded)?,
            })
        })
        .await
    }
}

fn one_segment(loaded: &Loaded) -> Result<Vec<u8>> {
    let manifest = &loaded.manifest;
    let id = manifest.commit_id.into_bytes();
    loaded.with_layers(|layers| {
        if !layers.is_empty() {
            return merge(id, layers, MergeScope::Whole);
        }
        SegmentContent {
            id,
            meta: &SegmentMeta {
                model_id: manifest.model.id.clone(),
                model_version: manifest.model.version.clone(),
                dimension: manifest.dimension as usize,
            },
            rows: &[],
            terms: &TermTable::default(),
            tombstones: &[],
            row_versions: None,
        }
        .encode()
    })
}

fn documents_as_json(loaded: &Loaded) -> Result<Vec<u8>> {
    loaded.with_layers(|layers| {
        let mut rows = live_rows(layers);
        rows.sort_by_key(|at| layers[at.layer].segment.row(at.row).order);
        let documents: Vec<_> = rows
            .iter()
            .map(|at| layers[at.layer].segment.row(at.row).to_document())
            .collect();
        bulk::to_json(&documents)
    })
}
