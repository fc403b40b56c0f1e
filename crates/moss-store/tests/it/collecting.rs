//! Collection beside writers and readers, in thousands of orders.

use std::collections::BTreeSet;
use std::sync::Arc;

use moss_core::ErrorKind;
use moss_store::{Change, Commit, IndexStore, Store};
use object_store::memory::InMemory;

use crate::flaky::Flaky;
use crate::suite::NOTHING_KEPT;
use crate::writer::{contents, same, segment};

/// Pushes until committed, collecting on the way as real writers do. Returns its versions.
async fn writer(index: &IndexStore, name: &str) -> Vec<u64> {
    let mut versions = Vec::new();
    for turn in 0..4 {
        loop {
            let mut transaction = index.begin().await.unwrap();
            let entry = transaction
                .write_segment(segment(format!("{name}-{turn}")))
                .await
                .unwrap();
            let mut change = same(&transaction);
            change.segments.push(entry);
            change.doc_count += 1;
            // A manifest that another collection just removed stops this one, not the push.
            let _ = transaction.expire(&NOTHING_KEPT).await;
            if let Commit::Done(manifest) = transaction.commit(&change).await.unwrap() {
                index.sweep(&manifest, &NOTHING_KEPT).await.unwrap();
                versions.push(manifest.version);
                break;
            }
        }
    }
    versions
}

/// Brings the version before the newest back, again and again: the segments that are nearest to collection.
async fn restorer(index: &IndexStore) -> Vec<u64> {
    let mut versions = Vec::new();
    for _ in 0..12 {
        let mut transaction = index.begin().await.unwrap();
        let before = transaction.version().saturating_sub(2);
        let Some(old) = transaction.adopt(before).await.unwrap() else {
            continue;
        };
        let _ = transaction.expire(&NOTHING_KEPT).await;
        if let Commit::Done(manifest) = transaction.commit(&Change::of(&old)).await.unwrap() {
            index.sweep(&manifest, &NOTHING_KEPT).await.unwrap();
            versions.push(manifest.version);
        }
    }
    versions
}

/// Reads the newest version whole. A segment may be gone only if the version is no longer among the newest two.
async fn reader(index: &IndexStore) {
    for _ in 0..12 {
        let Some(head) = index.head().await.unwrap() else {
            continue;
        };
        if let Err(error) = contents(index, &head).await {
            assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
            let now = index.head().await.unwrap().unwrap();
            assert!(
                now.floor > head.version,
                "{error} in version {} with head {now:?}",
                head.version
            );
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_in_use_is_ever_collected() {
    let mut collected = 0;
    for seed in 0..300 {
        let objects = Arc::new(Flaky::interleaving(Arc::new(InMemory::new()), seed));
        let store = Store::from_objects(Arc::clone(&objects) as _);
        let index = store.project("p").unwrap().index("x").unwrap();
        let collector = async {
            let mut commits = 0;
            for _ in 0..6 {
                commits += u64::from(index.collect(&NOTHING_KEPT).await.is_ok_and(|done| done));
            }
            commits
        };
        let (a, b, restored, (), collections) = futures::join!(
            writer(&index, "a"),
            writer(&index, "b"),
            restorer(&index),
            reader(&index),
            collector,
        );
        let head = index.head().await.unwrap().unwrap();
        for version in index.versions().await.unwrap() {
            let manifest = index.manifest(version).await.unwrap().unwrap();
            contents(&index, &manifest).await.unwrap_or_else(|error| {
                panic!("seed {seed}, version {version} of {}: {error}", head.version)
            });
        }
        let committed = [a, b, restored].concat();
        let distinct: BTreeSet<u64> = committed.iter().copied().collect();
        assert_eq!(
            distinct.len(),
            committed.len(),
            "seed {seed}: a number was committed twice"
        );
        assert_eq!(
            head.version,
            committed.len() as u64 + collections,
            "seed {seed}: history is one line"
        );
        collected += head.floor;
    }
    assert!(collected > 300, "nothing was collected");
}
