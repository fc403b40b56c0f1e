//! Sessions that follow a cloud index.

use std::time::Duration;

use moss::{Client, LoadOptions, Session, SessionOptions};

use crate::support::{add, client, content, open, push};

fn following() -> LoadOptions {
    LoadOptions::new().auto_refresh(1)
}

/// A session of `name` that follows `index`.
async fn follow(client: &Client, name: &str, index: &str) -> Session {
    let session = open(client, name).await;
    session.load_index(index, &following()).await.unwrap();
    session
}

/// Waits until the session holds these documents.
async fn until(session: &Session, expected: &[&str]) {
    let holds = async {
        while content(session) != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), holds).await;
    assert!(waited.is_ok(), "still {:?}", content(session));
}

/// Pushes two more versions of `kb` and waits for `witness`, which follows it, after each: whoever followed it all the time
/// has looked at least once in between. Returns what the newest holds.
async fn two_versions(writer: &Session, witness: &Session, tag: &str) -> Vec<String> {
    for number in ["1", "2"] {
        add(writer, &[("v", &format!("{tag}{number}"))]);
        push(writer).await;
        let newest = content(writer);
        until(witness, &newest.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    content(writer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_follows_its_name_but_for_the_time_of_unpushed_edits() {
    let client = client();
    let writer = open(&client, "kb").await;
    add(&writer, &[("a", "1")]);
    push(&writer).await;
    let follower = follow(&client, "kb", "kb").await;
    let witness = follow(&client, "kb", "kb").await;
    assert_eq!(two_versions(&writer, &witness, "x").await, ["a=1", "v=x2"]);
    until(&follower, &["a=1", "v=x2"]).await;

    add(&follower, &[("mine", "edit")]);
    two_versions(&writer, &witness, "y").await;
    assert_eq!(content(&follower), ["a=1", "mine=edit", "v=x2"]);
    let pushed = push(&follower).await;
    assert_eq!((pushed.doc_count, pushed.conflicts.len()), (3, 0));
    assert_eq!(content(&follower), ["a=1", "mine=edit", "v=y2"]);

    add(&writer, &[("v", "z")]);
    push(&writer).await;
    until(&follower, &["a=1", "mine=edit", "v=z"]).await;
    // What was put in is no edit: there is nothing to push, and nothing to merge.
    assert_eq!(push(&follower).await.conflicts, Vec::<String>::new());
    assert_eq!(content(&open(&client, "kb").await), content(&follower));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_follows_another_index_until_it_has_edits_of_its_own() {
    let client = client();
    let writer = open(&client, "kb").await;
    add(&writer, &[("a", "1")]);
    push(&writer).await;
    let follower = follow(&client, "mine", "kb").await;
    let witness = follow(&client, "other", "kb").await;
    two_versions(&writer, &witness, "x").await;
    until(&follower, &["a=1", "v=x2"]).await;
    // Pushing what was loaded, as it is, is no edit.
    push(&follower).await;
    two_versions(&writer, &witness, "y").await;
    until(&follower, &["a=1", "v=y2"]).await;

    add(&follower, &[("mine", "edit")]);
    push(&follower).await;
    two_versions(&writer, &witness, "z").await;
    assert_eq!(content(&follower), ["a=1", "mine=edit", "v=y2"]);
    assert_eq!(content(&open(&client, "mine").await), content(&follower));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_load_or_another_index_stops_the_following() {
    let client = client();
    let writer = open(&client, "kb").await;
    add(&writer, &[("a", "1")]);
    push(&writer).await;
    add(&open(&client, "empty").await, &[]);
    push(&open(&client, "empty").await).await;
    let plain = follow(&client, "kb", "kb").await;
    let elsewhere = follow(&client, "kb", "kb").await;
    let missing = follow(&client, "kb", "kb").await;
    assert_eq!(plain.load_index("kb", &LoadOptions::new()).await.unwrap(), 1);
    assert_eq!(elsewhere.load_index("empty", &following()).await.unwrap(), 0);
    assert_eq!(
        missing.load_index("missing", &LoadOptions::new()).await.unwrap(),
        0
    );
    let witness = follow(&client, "kb", "kb").await;
    two_versions(&writer, &witness, "x").await;
    assert_eq!(content(&plain), ["a=1"]);
    assert!(content(&elsewhere).is_empty());
    // A load that found nothing changed nothing.
    until(&missing, &["a=1", "v=x2"]).await;
}

#[tokio::test]
async fn a_session_opened_empty_merges_once_it_has_loaded_its_name() {
    let client = client();
    let other = open(&client, "kb").await;
    add(&other, &[("a", "1")]);
    push(&other).await;
    let options = SessionOptions::new().model_id("custom").auto_load(false);
    let session = client.session("kb", &options).await.unwrap();
    session.load_index("kb", &LoadOptions::new()).await.unwrap();
    add(&other, &[("b", "2")]);
    push(&other).await;
    add(&session, &[("c", "3")]);
    assert_eq!(push(&session).await.doc_count, 3);
    assert_eq!(content(&session), ["a=1", "b=2", "c=3"]);
}
