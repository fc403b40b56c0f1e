//! Rounds of collection over a whole store.

use moss_store::{Change, Housekeeping, Retention};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::Place;
use crate::suite::{NOTHING_KEPT, objects_under};
use crate::writer::{done, head_contents, push, same};

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
        let transaction = deleted.begin().await.unwrap();
        let tombstone = Change {
            deleted: true,
            segments: vec![],
            doc_count: 0,
            ..same(&transaction)
        };
        done(transaction.commit(&tombstone).await.unwrap());
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
