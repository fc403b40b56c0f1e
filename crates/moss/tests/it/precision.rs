//! Sessions that hold their vectors in one byte a component.

use moss::{AddOptions, Client, Document, GetOptions, Precision, QueryOptions, Session, SessionOptions};

use crate::support::{client, open, push};

const DIM: usize = 48;

/// A vector of components that no code hits, of a length of its own.
fn vector(seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let length = 0.5 + random.f32();
    (0..DIM).map(|_| length * (random.f32() - 0.5)).collect()
}

fn documents(seeds: std::ops::Range<u64>) -> Vec<Document> {
    seeds
        .map(|seed| Document::new(format!("d{seed:02}"), "said").with_embedding(vector(seed)))
        .collect()
}

async fn open_int8(client: &Client, name: &str) -> Session {
    let options = SessionOptions::new()
        .model_id("custom")
        .precision(Precision::Int8);
    client.session(name, &options).await.unwrap()
}

fn add(session: &Session, documents: Vec<Document>) {
    session.add_docs(documents, &AddOptions::new()).unwrap();
}

fn all(session: &Session) -> Vec<Document> {
    session.get_docs(&GetOptions::new()).unwrap()
}

/// These documents as a session of one byte a component holds them.
async fn rounded(client: &Client, documents: Vec<Document>) -> Vec<Document> {
    let session = open_int8(client, "elsewhere").await;
    add(&session, documents);
    all(&session)
}

#[tokio::test]
async fn vectors_are_rounded_as_they_enter_and_rank_as_what_they_became() {
    let client = client();
    let session = open_int8(&client, "name").await;
    add(&session, documents(0..40));
    let held = all(&session);
    for (document, seed) in held.iter().zip(0..) {
        let given = vector(seed);
        let largest = given.iter().fold(0f32, |largest, x| largest.max(x.abs()));
        let became = document.embedding.as_ref().unwrap();
        assert_ne!(became, &given);
        let step = largest / 127.0;
        assert!(
            given
                .iter()
                .zip(became)
                .all(|(a, b)| (a - b).abs() <= 0.502 * step)
        );
    }
    let exact = open(&client, "exact").await;
    add(&exact, held.clone());
    for seed in 100..120 {
        let options = QueryOptions::new().embedding(vector(seed)).top_k(12);
        let docs = |session: &Session| session.query("said", &options).unwrap().docs;
        assert_eq!(docs(&session), docs(&exact));
    }
    // What was rounded before stays as it is.
    add(&session, held.clone());
    assert_eq!(all(&session), held);
}

#[tokio::test]
async fn a_push_rounds_what_the_session_changed_and_nothing_else() {
    let client = client();
    let exact = open(&client, "name").await;
    add(&exact, documents(0..4));
    push(&exact).await;
    let int8 = open_int8(&client, "name").await;
    assert_eq!(all(&int8), rounded(&client, documents(0..4)).await);
    int8.delete_docs(&["d03"]).unwrap();
    add(&int8, documents(4..6));
    // Meanwhile somebody else pushes; what the session takes in is not its own to write.
    add(&exact, documents(8..9));
    push(&exact).await;
    assert_eq!(push(&int8).await.doc_count, 6);
    assert_eq!(push(&int8).await.doc_count, 6);

    let expected = |ours: Vec<Document>| [documents(0..3), ours, documents(8..9)].concat();
    let ours = rounded(&client, documents(4..6)).await;
    assert_eq!(all(&open(&client, "name").await), expected(ours.clone()));
    assert_eq!(all(&int8), rounded(&client, expected(ours.clone())).await);

    let again = open_int8(&client, "name").await;
    assert_eq!(all(&again), all(&int8));
    add(&again, vec![Document::new("z", "said").with_embedding(vector(9))]);
    push(&again).await;
    let stored = all(&open(&client, "name").await);
    assert_eq!(stored[..6], expected(ours)[..]);
    assert_eq!(stored.len(), 7);
}

#[tokio::test]
async fn a_saved_session_opens_in_either_precision() {
    let client = client();
    let folder = tempfile::tempdir().unwrap();
    let int8 = open_int8(&client, "name").await;
    add(&int8, documents(0..5));
    int8.save_to_disk(folder.path()).unwrap();
    for session in [open(&client, "name").await, open_int8(&client, "name").await] {
        assert_eq!(session.load_from_disk(folder.path()).await.unwrap(), 5);
        assert_eq!(all(&session), all(&int8));
    }
}

/// Vectors of another length, once the session is empty, are held in the same precision.
#[tokio::test]
async fn an_emptied_session_keeps_its_precision() {
    let client = client();
    let session = open_int8(&client, "name").await;
    add(&session, documents(0..1));
    session.delete_docs(&["d00"]).unwrap();
    add(
        &session,
        vec![Document::new("a", "").with_embedding([1.0, 0.1234])],
    );
    let held = all(&session).remove(0).embedding.unwrap();
    assert_ne!(held, [1.0, 0.1234]);
    assert!(
        (held[0] - 1.0).abs() < 1e-4 && (held[1] - 0.1234).abs() < 4e-3,
        "{held:?}"
    );
}
