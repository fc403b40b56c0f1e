//! What any store must do. `suite!(place)` makes each function a test over that place.

use bytes::Bytes;
use futures::TryStreamExt;
use moss_core::ErrorKind;
use moss_store::{Change, Commit, Retention, compact};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use std::time::Duration;

use crate::Place;
use crate::writer::{contents, delete, done, head_contents, push, same, segment, try_push};

/// All functions of the suite, wherever they stand.
pub(crate) mod all {
    pub(crate) use super::*;
    pub(crate) use crate::credentials::*;
    pub(crate) use crate::housekeeping::*;
    pub(crate) use crate::job_suite::*;
    pub(crate) use crate::probe::*;
    pub(crate) use crate::project_suite::*;
}

macro_rules! suite {
    ($place:ident: $($test:ident)*) => {
        mod $place {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    if let Some(place) = $crate::$place().await {
                        $crate::suite::all::$test(place).await;
                    }
                }
            )*
        }
    };
    ($place:ident) => {
        $crate::suite::suite!($place:
            an_index_that_never_was_is_absent
            versions_are_committed_and_stay_readable
            one_of_many_committers_wins
            pushes_from_many_writers_are_all_there
            deletion_is_a_version_and_history_goes_on
            an_old_version_is_restored_by_its_segments
            only_own_segments_can_be_committed
            a_damaged_manifest_is_named
            a_manifest_of_another_index_is_refused
            a_damaged_segment_is_named
            names_do_not_meet
            a_project_is_registered_once
            jobs_are_kept_and_collected
            all_who_open_a_store_share_its_secret
            keys_are_made_listed_and_removed
            projects_are_listed_by_name_and_deleted_whole
            payloads_are_written_once_and_go_with_their_jobs
            jobs_stand_in_the_order_of_their_arrival
            jobs_that_arrive_at_once_all_stand_in_the_queue
            a_job_is_claimed_by_one_and_its_age_is_the_stores
            a_segment_written_before_the_transaction_is_allowed_unless_condemned
            a_commit_keeps_the_id_that_it_was_begun_with
            a_good_store_passes_the_probe_and_keeps_nothing_of_it
            a_house_is_kept_over_all_projects
            old_versions_are_collected
            young_versions_are_not_collected
            segments_of_a_first_push_that_never_came_are_collected
            a_deleted_index_is_emptied
            a_writer_that_slept_does_not_write_into_the_past
        );
    };
}

/// Everything but the newest version and the one before may go.
pub(crate) const NOTHING_KEPT: Retention = Retention {
    versions: 1,
    age: Duration::ZERO,
    slack: 0,
};

pub(crate) async fn objects_under(place: &Place, prefix: &str) -> Vec<String> {
    let objects: Vec<_> = place
        .objects
        .list(Some(&Path::from(prefix)))
        .map_ok(|object| object.location.to_string())
        .try_collect()
        .await
        .unwrap();
    objects
}

pub(crate) use suite;

pub(crate) async fn an_index_that_never_was_is_absent(place: Place) {
    let project = place.store.project("p").unwrap();
    let index = project.index("none").unwrap();
    assert_eq!(index.head().await.unwrap(), None);
    assert_eq!(index.manifest(1).await.unwrap(), None);
    assert!(index.versions().await.unwrap().is_empty());
    assert!(!index.collect(&NOTHING_KEPT).await.unwrap());
    let names: Vec<String> = project.index_names().try_collect().await.unwrap();
    assert!(names.is_empty());
    assert_eq!(
        place.store.project("").unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    assert_eq!(
        project.index("a\nb").unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
}

pub(crate) async fn versions_are_committed_and_stay_readable(place: Place) {
    let project = place.store.project("p").unwrap();
    let index = project.index("conv-123").unwrap();
    let first = push(&index, "a").await;
    let second = push(&index, "b").await;
    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!(second.index_id, first.index_id);
    assert_eq!(second.segments[1].since, 2);
    assert_eq!(index.head().await.unwrap(), Some(second));
    assert_eq!(index.versions().await.unwrap(), [2, 1]);
    assert_eq!(head_contents(&index).await, ["a", "b"]);
    let read = index.manifest(1).await.unwrap().unwrap();
    assert_eq!(contents(&index, &read).await.unwrap(), ["a"]);
    assert_eq!(read, first);
    assert_eq!(compact::plan(&read), None);
    let names: Vec<String> = project.index_names().try_collect().await.unwrap();
    assert_eq!(names, ["conv-123"]);
}

pub(crate) async fn one_of_many_committers_wins(place: Place) {
    let index = place.store.project("p").unwrap().index("race").unwrap();
    push(&index, "start").await;
    let mut transactions = Vec::new();
    for _ in 0..16 {
        transactions.push(index.begin().await.unwrap());
    }
    let tasks: Vec<_> = transactions
        .into_iter()
        .map(|transaction| {
            tokio::spawn(async move { transaction.commit(&same(&transaction)).await.unwrap() })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        if let Commit::Done(manifest) = task.await.unwrap() {
            winners.push(*manifest);
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(index.head().await.unwrap().as_ref(), winners.first());
}

pub(crate) async fn pushes_from_many_writers_are_all_there(place: Place) {
    let index = place.store.project("p").unwrap().index("race").unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|writer| {
            let index = index.clone();
            tokio::spawn(async move {
                for turn in 0..4 {
                    push(&index, &format!("{writer}-{turn}")).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut contents = head_contents(&index).await;
    contents.sort();
    let expected: Vec<String> = (0..8)
        .flat_map(|writer| (0..4).map(move |turn| format!("{writer}-{turn}")))
        .collect();
    assert_eq!(contents, expected);
    assert_eq!(index.head().await.unwrap().unwrap().version, 32);
}

pub(crate) async fn deletion_is_a_version_and_history_goes_on(place: Place) {
    let project = place.store.project("p").unwrap();
    let index = project.index("x").unwrap();
    let first = push(&index, "a").await;
    assert_eq!(delete(&index).await.version, 2);
    assert!(index.head().await.unwrap().unwrap().deleted);
    let again = push(&index, "b").await;
    assert_eq!(again.version, 3);
    assert_ne!(again.index_id, first.index_id);
    assert_eq!(head_contents(&index).await, ["b"]);
}

pub(crate) async fn an_old_version_is_restored_by_its_segments(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    for bytes in ["a", "b", "c"] {
        push(&index, bytes).await;
    }
    let mut transaction = index.begin().await.unwrap();
    let old = transaction.adopt(1).await.unwrap().unwrap();
    assert_eq!(transaction.adopt(4).await.unwrap(), None, "not committed yet");
    let mut change = Change::of(&old);
    change.segments[0].since = transaction.version();
    done(transaction.commit(&change).await.unwrap());
    assert_eq!(head_contents(&index).await, ["a"]);
    assert_eq!(index.versions().await.unwrap(), [4, 3, 2, 1]);
}

pub(crate) async fn only_own_segments_can_be_committed(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    push(&index, "a").await;
    let mut lost = index.begin().await.unwrap();
    let entry = lost.write_segment(segment("lost")).await.unwrap();
    push(&index, "b").await;
    let mut change = same(&lost);
    change.segments.push(entry.clone());
    assert_eq!(lost.commit(&change).await.unwrap(), Commit::Lost);

    let next = index.begin().await.unwrap();
    let mut change = same(&next);
    change.segments.push(entry);
    assert_eq!(
        next.commit(&change).await.unwrap_err().kind(),
        ErrorKind::Internal
    );
    let mut change = same(&next);
    change.segments.pop();
    change.doc_count = 2;
    assert_eq!(
        next.commit(&change).await.unwrap_err().kind(),
        ErrorKind::Internal,
        "2 documents in 1 row"
    );
    assert_eq!(head_contents(&index).await, ["a", "b"]);
}

/// The one manifest of version 1 of `p/p/i/x`, for damage.
async fn manifest_path(place: &Place) -> Path {
    let found = objects_under(place, "p/p/i/x/m").await;
    assert_eq!(found.len(), 1);
    Path::from(found[0].as_str())
}

pub(crate) async fn a_damaged_manifest_is_named(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    push(&index, "a").await;
    let path = manifest_path(&place).await;
    let whole = place.objects.get(&path).await.unwrap().bytes().await.unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..whole.len()).map(|length| whole[..length].to_vec()).collect();
    damaged.push([&whole[..], &[0]].concat());
    for at in 0..whole.len() {
        for mask in [1, 0x80, 0xff] {
            let mut flipped = whole.to_vec();
            flipped[at] ^= mask;
            damaged.push(flipped);
        }
    }
    for bytes in damaged {
        // A fresh object each time: damage comes from outside, not through a write.
        place.objects.put(&path, bytes.clone().into()).await.unwrap();
        let error = index.head().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CacheCorrupt, "{error}");
        assert!(error.to_string().contains(path.as_ref()), "{error}");
    }
    place.objects.put(&path, whole.into()).await.unwrap();
    assert_eq!(head_contents(&index).await, ["a"]);
}

pub(crate) async fn a_manifest_of_another_index_is_refused(place: Place) {
    let project = place.store.project("p").unwrap();
    push(&project.index("x").unwrap(), "a").await;
    let path = manifest_path(&place).await;
    let bytes = place.objects.get(&path).await.unwrap().bytes().await.unwrap();
    for (other, version) in [("p/p/i/y", 1), ("p/q/i/x", 1), ("p/p/i/x", 2)] {
        let there = Path::from(format!("{other}/m/{:020}.mf", u64::MAX - version));
        place.objects.put(&there, bytes.clone().into()).await.unwrap();
    }
    let other_project = place.store.project("q").unwrap();
    for index in [project.index("y"), other_project.index("x"), project.index("x")] {
        let error = index.unwrap().head().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
        assert!(
            error.to_string().contains("is version 1 of \"x\" in \"p\""),
            "{error}"
        );
    }
}

pub(crate) async fn a_damaged_segment_is_named(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    let manifest = push(&index, "some bytes").await;
    let entry = &manifest.segments[0];
    let path = Path::from(format!("p/p/i/x/s/{}.seg", entry.id));
    for damaged in ["some bytez", "some byte", "some bytes.", ""] {
        place.objects.put(&path, damaged.into()).await.unwrap();
        let error = index.read_segment(entry).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CacheCorrupt, "{damaged}");
        assert!(error.to_string().contains(path.as_ref()), "{error}");
    }
    place.objects.delete(&path).await.unwrap();
    let error = index.read_segment(entry).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
    assert!(error.to_string().contains("missing"), "{error}");
}

pub(crate) async fn names_do_not_meet(place: Place) {
    let project = place.store.project("../p").unwrap();
    let long = "é".repeat(128);
    let names = [
        "a",
        "A",
        "a/m",
        "..",
        "=41",
        "süß",
        "a b",
        "con.",
        &long,
        &long[2..],
    ];
    for name in names {
        push(&project.index(name).unwrap(), name).await;
    }
    for name in names {
        assert_eq!(head_contents(&project.index(name).unwrap()).await, [name]);
    }
    let mut listed: Vec<String> = project.index_names().try_collect().await.unwrap();
    listed.sort();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    let elsewhere = place.store.project("p").unwrap();
    assert_eq!(elsewhere.index("a").unwrap().head().await.unwrap(), None);
    for object in objects_under(&place, "").await {
        assert!(object.starts_with("p/=2e=2e=2fp/"), "{object}");
    }
}

pub(crate) async fn a_writer_that_slept_does_not_write_into_the_past(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    push(&index, "a").await;
    let mut sleeper = index.begin().await.unwrap();
    let entry = sleeper.write_segment(segment("late")).await.unwrap();
    for bytes in ["b", "c", "d"] {
        push(&index, bytes).await;
    }
    assert!(index.collect(&NOTHING_KEPT).await.unwrap());
    assert_eq!(index.manifest(2).await.unwrap(), None, "the number is free again");

    let mut change = same(&sleeper);
    change.segments.push(entry);
    assert_eq!(sleeper.commit(&change).await.unwrap(), Commit::Lost);
    assert_eq!(head_contents(&index).await, ["a", "b", "c", "d"]);
    assert!(!index.versions().await.unwrap().contains(&2));
    done(try_push(&index, "late").await.unwrap());
    assert_eq!(head_contents(&index).await, ["a", "b", "c", "d", "late"]);
    let body: Bytes = head_contents(&index).await.concat().into();
    assert_eq!(body, "abcdlate");
}
