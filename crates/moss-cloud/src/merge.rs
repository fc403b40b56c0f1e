//! Merging a push with what others pushed: by id, so that no turn is lost.
//!
//! | here | others | result | a conflict |
//! | --- | --- | --- | --- |
//! | edited | edited otherwise | this session's document | yes |
//! | edited | edited alike | that document | no |
//! | edited | deleted | this session's document: an edit beats a delete | yes |
//! | deleted | edited | the others' document, which the session takes back | yes |
//! | deleted | deleted | deleted | no |
//! | as it was | edited or deleted | as the others have it; the session follows | no |

use std::collections::{BTreeMap, HashSet};

use moss_core::session::{Changed, Taken};
use moss_core::snapshot::{Layer, deleted_ids, live_rows};
use moss_core::{Document, Result};
use moss_store::Manifest;

use crate::access::ReadVersions;
use crate::index::Loaded;

/// What others made of a document since the base.
#[derive(Debug)]
pub(crate) enum Theirs {
    /// They added or replaced it.
    Edited(Document),
    /// They deleted it.
    Deleted,
}

/// What to write and what to take in.
#[derive(Debug)]
pub(crate) struct Merge {
    /// Ids to delete from what is stored.
    pub(crate) tombstones: Vec<String>,
    /// Documents of the new version.
    pub(crate) doc_count: u64,
    /// What the session takes in.
    pub(crate) taken: Taken,
    /// Ids changed on both sides, in byte order.
    pub(crate) conflicts: Vec<String>,
    /// Whether all of the session is written, not only its changes.
    pub(crate) whole: bool,
}

impl Merge {
    /// Decides `changed` against `theirs`, on top of a version of `stored` documents.
    pub(crate) fn new(
        changed: &Changed,
        mut theirs: BTreeMap<String, Theirs>,
        stored: u64,
        whole: bool,
    ) -> Merge {
        let mut doc_count = stored;
        let mut conflicts = Vec::new();
        for mine in &changed.documents {
            let is_stored = match theirs.remove(&mine.document.id) {
                None => mine.in_base,
                Some(Theirs::Deleted) => {
                    conflicts.push(mine.document.id.clone());
                    false
                }
                Some(Theirs::Edited(document)) => {
                    if document != mine.document {
                        conflicts.push(document.id);
                    }
                    true
                }
            };
            doc_count += u64::from(!is_stored);
        }
        let mut tombstones = Vec::new();
        for id in &changed.deleted {
            match theirs.get(id) {
                None => tombstones.push(id.clone()),
                Some(Theirs::Edited(_)) => conflicts.push(id.clone()),
                Some(Theirs::Deleted) => {}
            }
        }
        doc_count -= tombstones.len() as u64;
        conflicts.sort_unstable();
        let mut taken = Taken::default();
        for (id, theirs) in theirs {
            match theirs {
                Theirs::Edited(document) => taken.documents.push(document),
                Theirs::Deleted => taken.deleted.push(id),
            }
        }
        Merge {
            tombstones,
            doc_count,
            taken,
            conflicts,
            whole,
        }
    }
}

/// What others changed between `base` and `head`, by id; without a base, all of `head`.
///
/// Where `head` only added segments, those are read and no others. After a compaction or a replacement all of `head` is
/// read, and what is not in it any more is found among `base_ids`.
pub(crate) async fn others_changes(
    index: &impl ReadVersions,
    base: Option<&Manifest>,
    head: &Manifest,
    base_ids: impl FnOnce() -> Result<HashSet<String>>,
) -> Result<BTreeMap<String, Theirs>> {
    let Some(base) = base else {
        // Nothing was there before, so that only documents count, not what other pushes deleted among them.
        let loaded = Loaded::read(index, head.clone().into()).await?;
        return loaded.with_layers(|layers| Ok(documents_in(layers, 0).collect()));
    };
    let known = &base.segments[..];
    if head.segments.starts_with(known) {
        let added = Manifest {
            segments: head.segments[known.len()..].to_vec(),
            ..head.clone()
        };
        return Loaded::read(index, added.into())
            .await?
            .with_layers(|layers| Ok(changes_in(layers, 0)));
    }
    let base_ids = base_ids()?;
    Loaded::read(index, head.clone().into())
        .await?
        .with_layers(|layers| {
            let mut changes = changes_in(layers, base.version);
            // A compaction keeps deletions that are older than the base.
            changes.retain(|id, theirs| matches!(theirs, Theirs::Edited(_)) || base_ids.contains(id));
            let mut gone = base_ids;
            for at in live_rows(layers) {
                gone.remove(layers[at.layer].segment.row(at.row).id);
            }
            changes.extend(gone.into_iter().map(|id| (id, Theirs::Deleted)));
            Ok(changes)
        })
}

/// What these segments say since a version: their newer documents, and the deletions left in them.
fn changes_in(layers: &[Layer<'_>], since: u64) -> BTreeMap<String, Theirs> {
    let deleted = deleted_ids(layers)
        .into_iter()
        .map(|id| (id.to_owned(), Theirs::Deleted));
    deleted.chain(documents_in(layers, since)).collect()
}

/// The documents of these segments that are newer than version `since`, with their vectors.
fn documents_in<'a>(layers: &'a [Layer<'_>], since: u64) -> impl Iterator<Item = (String, Theirs)> + 'a {
    live_rows(layers)
        .into_iter()
        .filter(move |at| at.version > since)
        .map(|at| {
            let row = layers[at.layer].segment.row(at.row);
            let document = Document {
                embedding: Some(row.vector.to_vec()),
                ..row.to_document()
            };
            (document.id.clone(), Theirs::Edited(document))
        })
}
