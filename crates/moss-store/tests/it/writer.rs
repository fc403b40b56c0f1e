//! A writer of versions: what the tests push.

use bytes::Bytes;
use moss_core::Result;
use moss_store::{Change, Commit, IndexStore, Manifest, ModelTag, NewSegment, Transaction};
use uuid::Uuid;

pub(crate) fn segment(bytes: impl Into<Bytes>) -> NewSegment {
    NewSegment {
        id: Uuid::new_v4(),
        bytes: bytes.into(),
        rows: 1,
        tombstones: 0,
    }
}

/// The change that keeps what is there; an empty index where nothing is.
pub(crate) fn same(transaction: &Transaction) -> Change {
    match transaction.head() {
        Some(head) if !head.deleted => Change::of(head),
        _ => Change {
            index_id: Uuid::new_v4(),
            model: ModelTag {
                id: "custom".into(),
                version: "1".into(),
            },
            dimension: 3,
            doc_count: 0,
            created_at: 1_700_000_000_000,
            updated_at: 1_700_000_000_000,
            job_id: "job-1".into(),
            deleted: false,
            segments: vec![],
        },
    }
}

/// Adds one segment of one row to what is there.
pub(crate) async fn try_push(index: &IndexStore, bytes: &str) -> Result<Commit> {
    let mut transaction = index.begin().await?;
    let entry = transaction.write_segment(segment(bytes.to_owned())).await?;
    let mut change = same(&transaction);
    change.segments.push(entry);
    change.doc_count += 1;
    transaction.commit(&change).await
}

/// Pushes until it is committed.
pub(crate) async fn push(index: &IndexStore, bytes: &str) -> Manifest {
    loop {
        if let Commit::Done(manifest) = try_push(index, bytes).await.unwrap() {
            return *manifest;
        }
    }
}

/// Commits the version that deletes the index.
pub(crate) async fn delete(index: &IndexStore) -> Manifest {
    let transaction = index.begin().await.unwrap();
    let tombstone = Change {
        deleted: true,
        segments: vec![],
        doc_count: 0,
        ..same(&transaction)
    };
    done(transaction.commit(&tombstone).await.unwrap())
}

pub(crate) fn done(commit: Commit) -> Manifest {
    match commit {
        Commit::Done(manifest) => *manifest,
        Commit::Lost => panic!("lost"),
    }
}

/// The bytes of all segments of a version.
pub(crate) async fn contents(index: &IndexStore, manifest: &Manifest) -> Result<Vec<String>> {
    let mut contents = Vec::new();
    for entry in &manifest.segments {
        contents.push(String::from_utf8(index.read_segment(entry).await?.into()).unwrap());
    }
    Ok(contents)
}

/// The bytes of all segments of the newest version.
pub(crate) async fn head_contents(index: &IndexStore) -> Vec<String> {
    let head = index.head().await.unwrap().unwrap();
    contents(index, &head).await.unwrap()
}
