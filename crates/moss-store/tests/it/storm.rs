//! Writers, a reader and housekeeping on a store of which every few requests fail, in many orders.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use moss_core::ErrorKind;
use moss_store::{Commit, IndexStore, Manifest, Retention, Store};
use object_store::memory::InMemory;

use crate::flaky::Flaky;
use crate::writer::{contents, same, segment};

const WRITERS: usize = 3;
const TURNS: usize = 8;
/// So many that a writer whose answer was lost has asked again before its version is gone.
const FEW_KEPT: Retention = Retention {
    versions: 14,
    age: Duration::ZERO,
    slack: 0,
};

/// Pushes each turn until it is acknowledged, as a careful client does: what failed is asked for again, what lost begins anew.
async fn writer(index: &IndexStore, name: usize) -> Vec<u64> {
    let mut versions = Vec::new();
    for turn in 0..TURNS {
        loop {
            let Ok(mut transaction) = index.begin().await else {
                continue;
            };
            let segment = segment(format!("{name}-{turn}"));
            let entry = loop {
                match transaction.write_segment(segment.clone()).await {
                    Ok(entry) => break entry,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Io, "{error}"),
                }
            };
            let mut change = same(&transaction);
            change.segments.push(entry);
            change.doc_count += 1;
            // As real writers do on the way; a failure stops the collection, not the push.
            let _ = transaction.expire(&FEW_KEPT).await;
            let commit = loop {
                match transaction.commit(&change).await {
                    Ok(commit) => break commit,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Io, "{error}"),
                }
            };
            if let Commit::Done(manifest) = commit {
                let _ = index.sweep(&manifest, &FEW_KEPT).await;
                versions.push(manifest.version);
                break;
            }
        }
    }
    versions
}

/// Whoever finds a version reads it whole, unless it has fallen below the floor or the store fails.
async fn reader(index: &IndexStore) -> usize {
    let mut whole = 0;
    for _ in 0..20 {
        let Ok(Some(head)) = index.head().await else {
            continue;
        };
        match contents(index, &head).await {
            Ok(_) => whole += 1,
            Err(error) if error.kind() == ErrorKind::CacheCorrupt => {
                let now = loop {
                    if let Ok(head) = index.head().await {
                        break head.unwrap();
                    }
                };
                assert!(now.floor > head.version, "{error} in version {}", head.version);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Io, "{error}"),
        }
    }
    whole
}

/// Every version that can be read continues the one before it.
async fn assert_linear(index: &IndexStore, head: &Manifest) {
    let mut before: Vec<String> = Vec::new();
    for version in head.floor..=head.version {
        let manifest = index.manifest(version).await.unwrap().unwrap();
        let now = contents(index, &manifest).await.unwrap();
        assert!(
            now.starts_with(&before),
            "version {version}: {before:?}, then {now:?}"
        );
        before = now;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_was_acknowledged_is_there_once_and_nothing_is_half_visible() {
    let (mut read, mut failed, mut gone, mut collected) = (0, 0, 0, 0);
    for seed in 0..200 {
        // In a gale pushes go on and nothing else gets anywhere.
        let storm = [5, 20][seed as usize % 2];
        let objects = Arc::new(Flaky::stormy(Arc::new(InMemory::new()), seed, storm));
        let store = Store::from_objects(Arc::clone(&objects) as _);
        let project = store.project("p").unwrap();
        while project.create_record(&"record").await.is_err() {}
        let index = project.index("x").unwrap();
        let is_done = Cell::new(false);
        let writers = async {
            let versions = futures::join!(writer(&index, 0), writer(&index, 1), writer(&index, 2));
            is_done.set(true);
            versions
        };
        let keeper = async {
            while !is_done.get() {
                let round = store.keep_house(&FEW_KEPT).await;
                failed += round.failures;
                collected += round.collected;
            }
        };
        let ((a, b, c), whole, ()) = futures::join!(writers, reader(&index), keeper);
        objects.heal();
        read += whole;

        let head = index.head().await.unwrap().unwrap();
        let mut found = contents(&index, &head).await.unwrap();
        found.sort();
        let acknowledged: Vec<String> = (0..WRITERS)
            .flat_map(|writer| (0..TURNS).map(move |turn| format!("{writer}-{turn}")))
            .collect();
        assert_eq!(found, acknowledged, "seed {seed}");
        let versions: BTreeSet<u64> = [a, b, c].concat().into_iter().collect();
        assert_eq!(versions.len(), WRITERS * TURNS, "seed {seed}: a number twice");
        assert!(versions.last() <= Some(&head.version), "seed {seed}");
        gone += head.floor - 1;
        assert_linear(&index, &head).await;
    }
    assert!(
        read > 1000 && failed > 1000 && gone > 500 && collected > 20,
        "{read} read, {failed} failed, {gone} gone, {collected} collected"
    );
}

#[tokio::test]
async fn a_deletion_that_was_broken_off_goes_on() {
    use crate::flaky::{Answer, Fault};
    let mut broken = 0;
    for fault in [Fault::Before(Answer::Unavailable), Fault::After(Answer::TimedOut)] {
        for step in 0..16 {
            let objects = Arc::new(Flaky::new(Arc::new(InMemory::new())));
            let store = Store::from_objects(Arc::clone(&objects) as _);
            let project = store.project("p").unwrap();
            project.create_record(&"record").await.unwrap();
            project.create_key("key", &"record").await.unwrap();
            crate::writer::push(&project.index("x").unwrap(), "a").await;
            objects.fail_after(step, fault);
            let deleted = project.delete_all().await;
            objects.heal();
            let left = store.project_names().await.unwrap();
            if let Err(error) = deleted {
                broken += 1;
                assert_eq!(error.kind(), ErrorKind::Io, "{error}");
                let record = project.record::<String>().await.unwrap();
                assert_eq!(record.is_some(), !left.is_empty(), "the record goes last");
                project.delete_all().await.unwrap();
            }
            assert!(store.project_names().await.unwrap().is_empty());
        }
    }
    assert!(broken >= 12, "only {broken} were broken off");
}
