//! The probe, and stores that must not pass it.

use std::sync::Arc;

use moss_core::ErrorKind;
use moss_store::Store;
use object_store::memory::InMemory;

use crate::Place;
use crate::careless::{Careless, Neglect};
use crate::flaky::{Answer, Fault, Flaky};
use crate::suite::objects_under;

/// Part of [`crate::suite`].
pub(crate) async fn a_good_store_passes_the_probe_and_keeps_nothing_of_it(place: Place) {
    place.store.probe().await.unwrap();
    assert_eq!(objects_under(&place, "").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_careless_store_is_refused_with_a_word_on_what_to_use() {
    let cases = [
        (Neglect::Condition, "16 of 16 writers"),
        (Neglect::Atomicity, "16 of 16 writers"),
        (Neglect::Lists, "a list shows 3 of 4"),
        (Neglect::Overwrites, "reads as before"),
    ];
    for (neglect, said) in cases {
        let objects = Arc::new(Careless::new(neglect));
        let store = Store::from_objects(objects);
        let error = store.probe().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(error.to_string().contains(said), "{neglect:?}: {error}");
        assert!(error.to_string().contains("If-None-Match"), "{error}");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_not_called_careless() {
    let objects = Arc::new(Flaky::new(Arc::new(InMemory::new())));
    let store = Store::from_objects(Arc::clone(&objects) as _);
    for fault in [Fault::Before(Answer::Unavailable), Fault::After(Answer::Reset)] {
        objects.fail_after(70, fault);
        let probed = store.probe().await;
        let met = objects.heal();
        assert!(met, "the probe makes more requests than that");
        if let Err(error) = probed {
            assert_eq!(error.kind(), ErrorKind::Io, "{error}");
            assert!(error.to_string().starts_with("probing the store: "), "{error}");
        }
        store.probe().await.unwrap();
    }
}
