//! Memory that loaded indexes give back.

use moss::{Client, LoadOptions, MemoryPressure, QueryOptions, block_on};

use crate::support::{client, doc};

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
