//! Collection of what is old: of one index, and in rounds over a whole store.

use moss_store::{Change, Commit, Housekeeping, Retention};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::Place;
use crate::suite::{NOTHING_KEPT, objects_under};
use crate::writer::{contents, delete, done, head_contents, push, same, segment};

/// Part of [`crate::suite`].
pub(crate) async fn a_house_is_kept_over_all_projects(place: Place) {
    for name in ["a", "b"] {
        let project = place.store.project(name).unwrap();
        project.create_record(&"record").await.unwrap();
        project.put_job("job", &"completed").await.unwrap();
        project.put_payload("job", "documents".into()).await.unwrap();
        push(&project.index("alive").unwrap(), "kept").await;
        let deleted = project.index("deleted").unwrap();
        push(&deleted, "secret").await;
        delete(&deleted).await;
    }
    let seen = Housekeeping {
        projects: 2,
        indexes: 4,
        ..Housekeeping::default()
    };
    assert_eq!(
        place.store.keep_house(&Retention::default()).await,
        seen,
        "all is young"
    );
    assert_eq!(objects_under(&place, "p/a/i/deleted/s").await.len(), 1);

    let (one, other) = futures::join!(
        place.store.keep_house(&NOTHING_KEPT),
        place.store.keep_house(&NOTHING_KEPT)
    );
    assert_eq!((one.failures, other.failures), (0, 0));
    // One may commit before the other has swept, so that an index is collected by both: nothing is lost by it.
    assert!((2..=4).contains(&(one.collected + other.collected)));
    for project in ["a", "b"] {
        for gone in ["i/deleted/s", "j", "u"] {
            assert_eq!(
                objects_under(&place, &format!("p/{project}/{gone}")).await,
                [""; 0]
            );
        }
        let alive = place.store.project(project).unwrap().index("alive").unwrap();
        assert_eq!(head_contents(&alive).await, ["kept"]);
    }
    assert_eq!(
        place.store.keep_house(&NOTHING_KEPT).await,
        seen,
        "nothing more to do"
    );

    // One damaged index does not stop the others.
    let damaged = place.store.project("a").unwrap().index("alive").unwrap();
    let path = format!("p/a/i/alive/m/{:020}.mf", u64::MAX - 1);
    place
        .objects
        .put(&Path::from(path), "damaged".into())
        .await
        .unwrap();
    let other = place.store.project("b").unwrap();
    other.put_job("job", &"completed").await.unwrap();
    let failed = Housekeeping { failures: 1, ..seen };
    assert_eq!(place.store.keep_house(&NOTHING_KEPT).await, failed);
    assert_eq!(other.job::<String>("job").await.unwrap(), None);
    assert!(damaged.head().await.is_err());
}

pub(crate) async fn old_versions_are_collected(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    // Each version replaces the segment of the one before.
    for bytes in ["a", "b", "c", "d", "e"] {
        let mut transaction = index.begin().await.unwrap();
        let entry = transaction.write_segment(segment(bytes)).await.unwrap();
        let change = Change {
            segments: vec![entry],
            doc_count: 1,
            ..same(&transaction)
        };
        done(transaction.commit(&change).await.unwrap());
    }
    let mut orphan = index.begin().await.unwrap();
    orphan.write_segment(segment("orphan")).await.unwrap();
    let three = Retention {
        versions: 3,
        ..NOTHING_KEPT
    };
    let waiting = Retention { slack: 9, ..three };
    assert!(!index.collect(&waiting).await.unwrap(), "not worth while yet");

    assert!(index.collect(&three).await.unwrap());
    assert_eq!(index.versions().await.unwrap(), [6, 5, 4]);
    assert_eq!(head_contents(&index).await, ["e"]);
    let fourth = index.manifest(4).await.unwrap().unwrap();
    assert_eq!(contents(&index, &fourth).await.unwrap(), ["d"]);
    assert_eq!(objects_under(&place, "p/p/i/x/m").await.len(), 3);
    assert_eq!(objects_under(&place, "p/p/i/x/s").await.len(), 2);
    let mut transaction = index.begin().await.unwrap();
    assert_eq!(transaction.adopt(3).await.unwrap(), None);
    assert!(
        !index.collect(&Retention { versions: 4, ..three }).await.unwrap(),
        "nothing more to do"
    );
}

pub(crate) async fn segments_of_a_first_push_that_never_came_are_collected(place: Place) {
    let project = place.store.project("p").unwrap();
    project.create_record(&"record").await.unwrap();
    let index = project.index("x").unwrap();
    let mut slept = index.begin().await.unwrap();
    let entry = slept.write_segment(segment("orphan")).await.unwrap();
    assert_eq!(
        place.store.keep_house(&Retention::default()).await.collected,
        0,
        "it is young"
    );
    assert_eq!(place.store.keep_house(&NOTHING_KEPT).await.collected, 1);
    assert_eq!(objects_under(&place, "p/p/i/x/s").await, [""; 0]);
    assert_eq!(place.store.keep_house(&NOTHING_KEPT).await.collected, 0);
    let change = Change {
        segments: vec![entry],
        ..same(&slept)
    };
    assert_eq!(slept.commit(&change).await.unwrap(), Commit::Lost);
    assert_eq!(push(&index, "again").await.version, 2);
}

pub(crate) async fn young_versions_are_not_collected(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    for turn in 0..6 {
        push(&index, &turn.to_string()).await;
    }
    let mut orphan = index.begin().await.unwrap();
    orphan.write_segment(segment("orphan")).await.unwrap();
    let a_day = Retention {
        age: Retention::default().age,
        ..NOTHING_KEPT
    };
    assert!(!index.collect(&a_day).await.unwrap());
    assert_eq!(index.versions().await.unwrap(), [6, 5, 4, 3, 2, 1]);
    assert_eq!(objects_under(&place, "p/p/i/x/s").await.len(), 7);
}

pub(crate) async fn a_deleted_index_is_emptied(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    push(&index, "secret").await;
    delete(&index).await;
    let many_versions = Retention {
        versions: 20,
        ..NOTHING_KEPT
    };
    assert!(index.collect(&many_versions).await.unwrap());
    assert_eq!(objects_under(&place, "p/p/i/x/s").await, [""; 0]);
    assert!(index.head().await.unwrap().unwrap().deleted);
    assert!(!index.collect(&many_versions).await.unwrap());
    assert_eq!(push(&index, "new").await.version, 4);
}
