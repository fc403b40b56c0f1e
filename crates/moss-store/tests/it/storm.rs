//! Writers, a reader and housekeeping on a store of which every few requests fail, in many orders.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use moss_core::{Error, ErrorKind, Result};
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

fn assert_may_pass(error: &Error) {
    assert!(
        matches!(error.kind(), ErrorKind::Io | ErrorKind::Network),
        "{error}"
    );
}

/// Pushes each turn until it is acknowledged, as a careful client does: what failed is asked for again, what lost begins anew.
async fn writer(index: &IndexStore, name: usize, retention: &Retention) -> Vec<u64> {
    let mut versions = Vec::new();
    for turn in 0..TURNS {
        loop {
            let mut transaction = patiently(|| index.begin()).await;
            let segment = segment(format!("{name}-{turn}"));
            let entry = loop {
                match transaction.write_segment(segment.clone()).await {
                    Ok(entry) => break entry,
                    Err(error) => assert_may_pass(&error),
                }
            };
            let mut change = same(&transaction);
            change.segments.push(entry);
            change.doc_count += 1;
            // As real writers do on the way; a failure stops the collection, not the push.
            let _ = transaction.expire(retention).await;
            let commit = patiently(|| transaction.commit(&change)).await;
            if let Commit::Done(manifest) = commit {
                let _ = index.sweep(&manifest, retention).await;
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
                let now = patiently(|| index.head()).await.unwrap();
                assert!(now.floor > head.version, "{error} in version {}", head.version);
            }
            Err(error) => assert_may_pass(&error),
        }
    }
    whole
}

/// Asks until the store answers.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T>) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert_may_pass(&error),
        }
    }
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

/// Each turn of each writer is there once, under a version of its own, in one line of versions.
async fn assert_all_there(index: &IndexStore, acknowledged: &[u64]) -> Manifest {
    let head = patiently(|| index.head()).await.unwrap();
    let mut found = patiently(|| contents(index, &head)).await;
    found.sort();
    let turns = (0..WRITERS).flat_map(|writer| (0..TURNS).map(move |turn| format!("{writer}-{turn}")));
    assert_eq!(found, turns.collect::<Vec<_>>());
    let versions: BTreeSet<&u64> = acknowledged.iter().collect();
    assert_eq!(versions.len(), WRITERS * TURNS, "a number twice");
    assert!(versions.last() <= Some(&&head.version));
    assert_linear(index, &head).await;
    head
}

/// Run by scripts/test-stores a second time, through a proxy that breaks every tenth request.
#[tokio::test]
async fn writers_over_s3_lose_nothing() {
    let Some(place) = crate::s3_server::s3().await else {
        return;
    };
    let index = place.store.project("p").unwrap().index("x").unwrap();
    let kept = Retention::default();
    let (a, b, c, _) = futures::join!(
        writer(&index, 0, &kept),
        writer(&index, 1, &kept),
        writer(&index, 2, &kept),
        reader(&index)
    );
    assert_all_there(&index, &[a, b, c].concat()).await;
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
            let versions = futures::join!(
                writer(&index, 0, &FEW_KEPT),
                writer(&index, 1, &FEW_KEPT),
                writer(&index, 2, &FEW_KEPT)
            );
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

        let head = assert_all_there(&index, &[a, b, c].concat()).await;
        gone += head.floor - 1;
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
