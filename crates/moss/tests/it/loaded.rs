//! Indexes in memory: as they were loaded, refreshed, searched together, and given back.

use moss::{AddOptions, Client, ErrorKind, LoadOptions, MemoryPressure, QueryOptions, block_on};

use crate::support::{client, doc, kind};

async fn load_three() -> Client {
    let client = client();
    for name in ["a", "b", "c"] {
        client
            .create_index(name, vec![doc("1", "one")], None)
            .await
            .unwrap();
        client.load_index(name, &LoadOptions::new()).await.unwrap();
    }
    client
}

#[test]
fn low_pressure_keeps_the_index_that_was_queried_last() {
    let client = block_on(load_three());
    let options = QueryOptions::new().embedding(vec![1.0, 1.0]);
    for name in ["c", "a", "c", "b"] {
        client.query(name, "one", &options).unwrap();
    }
    assert_eq!(client.release_memory(MemoryPressure::Low), 2);
    assert_eq!(
        ["a", "b", "c"].map(|name| client.has_index(name)),
        [false, true, false]
    );
    assert_eq!(client.release_memory(MemoryPressure::Low), 0);
}

#[test]
fn critical_pressure_unloads_all() {
    let client = block_on(load_three());
    let options = QueryOptions::new().embedding(vec![1.0, 1.0]);
    client.query("a", "one", &options).unwrap();
    assert_eq!(client.release_memory(MemoryPressure::Critical), 3);
    assert_eq!(["a", "b", "c"].map(|name| client.has_index(name)), [false; 3]);
}

#[tokio::test]
async fn a_loaded_index_stays_as_it_was_until_it_is_refreshed() {
    let client = client();
    client
        .create_index("docs", vec![doc("a", "one")], None)
        .await
        .unwrap();
    assert_eq!(
        kind(client.refresh_index("docs").await),
        ErrorKind::IndexNotLoaded
    );
    assert_eq!(kind(client.unload_index("docs")), ErrorKind::IndexNotLoaded);
    assert_eq!(
        kind(client.load_index("other", &LoadOptions::new()).await),
        ErrorKind::IndexNotFound
    );
    client.load_index("docs", &LoadOptions::new()).await.unwrap();
    client
        .add_docs("docs", vec![doc("b", "two")], &AddOptions::new())
        .await
        .unwrap();
    let asked = QueryOptions::new().embedding([1.0, 0.0]);
    let size = || client.query("docs", "one", &asked).unwrap().docs.len();
    assert_eq!(size(), 1);
    let refreshed = client.refresh_index("docs").await.unwrap();
    assert!(refreshed.was_updated && refreshed.new_updated_at > refreshed.previous_updated_at);
    assert_eq!(size(), 2);
    assert!(!client.refresh_index("docs").await.unwrap().was_updated);
    client.unload_index("docs").unwrap();
    assert_eq!(
        kind(client.query("docs", "one", &asked)),
        ErrorKind::IndexNotLoaded
    );
}

#[tokio::test]
async fn several_indexes_answer_as_one() {
    let client = client();
    client
        .create_index("x", vec![doc("a", "1"), doc("b", "1234")], None)
        .await
        .unwrap();
    client
        .create_index("y", vec![doc("a", "12")], None)
        .await
        .unwrap();
    let names = ["x".to_owned(), "missing".to_owned(), "y".to_owned()];
    let loaded = client.load_indexes(&names).await;
    assert_eq!(loaded.loaded, ["x", "y"]);
    assert!(loaded.failed["missing"].contains("missing"));
    let names = ["y".to_owned(), "x".to_owned()];
    let options = QueryOptions::new().alpha(0.0).embedding([0.1, 0.0]).top_k(2);
    let found = client.query_multi_index(&names, "1234", &options).unwrap();
    let ids: Vec<_> = found
        .docs
        .iter()
        .map(|doc| (doc.index_name.as_deref().unwrap(), doc.id.as_str()))
        .collect();
    assert_eq!(ids, [("x", "b"), ("y", "a")]);
    assert_eq!(
        kind(client.query_multi_index(&[], "x", &options)),
        ErrorKind::InvalidArgument
    );
    assert_eq!(
        kind(client.query_multi_index(&["z".into()], "x", &options)),
        ErrorKind::IndexNotLoaded
    );
}
