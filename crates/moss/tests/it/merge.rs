//! Two and three writers of one name.

use std::collections::BTreeMap;

use moss::{AddOptions, Client, ErrorKind, OnConflict, PushOptions, Session, SessionOptions};
use proptest::prelude::*;

use crate::support::{add, client, content, doc, open, push};

async fn push_with(session: &Session, on_conflict: OnConflict) -> moss::Result<moss::PushResult> {
    session
        .push_index(&PushOptions::new().on_conflict(on_conflict))
        .await
}

/// Two sessions that hold a=1, b=1 and c=1 as pushed.
async fn two(client: &Client) -> (Session, Session) {
    let first = open(client, "name").await;
    add(&first, &[("a", "1"), ("b", "1"), ("c", "1")]);
    push(&first).await;
    (first, open(client, "name").await)
}

#[tokio::test]
async fn both_sides_documents_stay_and_both_sessions_see_them() {
    let client = client();
    let (first, second) = two(&client).await;
    add(&first, &[("d", "first")]);
    add(&second, &[("e", "second"), ("b", "second")]);
    assert_eq!(push(&first).await.conflicts, Vec::<String>::new());
    let pushed = push(&second).await;
    assert_eq!((pushed.doc_count, pushed.conflicts.len()), (5, 0));
    assert_eq!(
        content(&second),
        ["a=1", "b=second", "c=1", "d=first", "e=second"]
    );
    assert_eq!(content(&first), ["a=1", "b=1", "c=1", "d=first"]);
    push(&first).await;
    assert_eq!(content(&first), content(&second));
    assert_eq!(content(&open(&client, "name").await), content(&second));
}

#[tokio::test]
async fn the_pusher_wins_where_both_changed_and_an_edit_beats_a_delete() {
    let client = client();
    let (first, second) = two(&client).await;
    add(&first, &[("a", "first"), ("b", "first"), ("new", "first")]);
    first.delete_docs(&["c"]).unwrap();
    push(&first).await;
    add(&second, &[("a", "second"), ("c", "second"), ("new", "first")]);
    second.delete_docs(&["b"]).unwrap();
    let pushed = push(&second).await;
    // "new" was added alike on both sides, so there was nothing to decide.
    assert_eq!(pushed.conflicts, ["a", "b", "c"]);
    assert_eq!(content(&second), ["a=second", "b=first", "c=second", "new=first"]);
    assert_eq!(pushed.doc_count, 4);
    assert_eq!(content(&open(&client, "name").await), content(&second));
}

#[tokio::test]
async fn deletes_travel() {
    let client = client();
    let (first, second) = two(&client).await;
    first.delete_docs(&["a"]).unwrap();
    second.delete_docs(&["a", "b"]).unwrap();
    push(&first).await;
    let pushed = push(&second).await;
    assert_eq!((pushed.doc_count, pushed.conflicts.len()), (1, 0));
    push(&first).await;
    assert_eq!(content(&first), ["c=1"]);
}

#[tokio::test]
async fn replace_is_last_one_wins_and_fail_changes_nothing() {
    let client = client();
    let (first, second) = two(&client).await;
    add(&first, &[("d", "first")]);
    push(&first).await;
    add(&second, &[("e", "second")]);
    let error = push_with(&second, OnConflict::Fail).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(
        content(&open(&client, "name").await),
        ["a=1", "b=1", "c=1", "d=first"]
    );
    assert_eq!(
        push_with(&second, OnConflict::Replace).await.unwrap().doc_count,
        4
    );
    assert_eq!(
        content(&open(&client, "name").await),
        ["a=1", "b=1", "c=1", "e=second"]
    );
    // What was replaced is gone for the first session too, as if it had been deleted.
    push(&first).await;
    assert_eq!(content(&first), ["a=1", "b=1", "c=1", "e=second"]);
}

#[tokio::test]
async fn a_session_opened_without_loading_replaces_once() {
    let client = client();
    two(&client).await;
    let blind = client
        .session("name", &SessionOptions::new().model_id("custom").auto_load(false))
        .await
        .unwrap();
    assert_eq!(blind.doc_count(), 0);
    add(&blind, &[("z", "blind")]);
    assert_eq!(push(&blind).await.doc_count, 1);
    assert_eq!(content(&open(&client, "name").await), ["z=blind"]);

    // Now it knows a version, and what others add to that is theirs to keep.
    let other = open(&client, "name").await;
    add(&other, &[("y", "other")]);
    push(&other).await;
    add(&blind, &[("x", "blind")]);
    assert_eq!(push(&blind).await.doc_count, 3);
}

#[tokio::test]
async fn two_sessions_that_found_nothing_merge() {
    let client = client();
    let (first, second) = (open(&client, "name").await, open(&client, "name").await);
    add(&first, &[("a", "first"), ("b", "first")]);
    add(&second, &[("b", "second"), ("c", "second")]);
    push(&first).await;
    let pushed = push(&second).await;
    assert_eq!((pushed.doc_count, pushed.conflicts), (3, vec!["b".to_owned()]));
    assert_eq!(
        content(&open(&client, "name").await),
        ["a=first", "b=second", "c=second"]
    );
}

#[tokio::test]
async fn a_push_after_the_index_was_deleted_makes_it_again_whole() {
    let client = client();
    let (first, _) = two(&client).await;
    client.delete_index("name").await.unwrap();
    add(&first, &[("d", "later")]);
    assert_eq!(push(&first).await.doc_count, 4);
    assert_eq!(content(&open(&client, "name").await), content(&first));
}

#[tokio::test]
async fn many_small_pushes_stay_few_segments_and_one_content() {
    let client = client();
    let (writer, slow) = two(&client).await;
    add(&slow, &[("slow", "kept")]);
    slow.delete_docs(&["b"]).unwrap();
    for number in 0..40 {
        add(
            &writer,
            &[(&format!("turn-{number:02}"), "x"), ("a", &number.to_string())],
        );
        push(&writer).await;
    }
    // The base of the slow session is long compacted away.
    push(&slow).await;
    let all = content(&open(&client, "name").await);
    assert_eq!(all, content(&slow));
    assert_eq!(all.len(), 2 + 40 + 1);
    assert!(all.contains(&"a=39".to_owned()) && !all.contains(&"b=1".to_owned()));
}

#[tokio::test]
async fn writes_during_a_push_belong_to_the_next_one() {
    let client = client();
    let session = open(&client, "name").await;
    add(&session, &[("a", "1")]);
    let pushing = tokio::spawn({
        let session = session.clone();
        async move { push(&session).await }
    });
    for number in 0..200 {
        add(
            &session,
            &[(&format!("n{number}"), "x"), ("a", &number.to_string())],
        );
        tokio::task::yield_now().await;
    }
    pushing.await.unwrap();
    assert_eq!(push(&session).await.doc_count, 201);
    assert_eq!(content(&open(&client, "name").await), content(&session));
}

#[tokio::test]
async fn ties_follow_the_order_of_storing_over_reopens() {
    let client = client();
    let same = |id: &str| moss::Document::new(id, "same").with_embedding([1.0, 1.0]);
    let first = open(&client, "name").await;
    first
        .add_docs(vec![same("a"), same("b"), same("c")], &AddOptions::new())
        .unwrap();
    first.delete_docs(&["a", "b"]).unwrap();
    push(&first).await;
    let second = open(&client, "name").await;
    second.add_docs(vec![same("d")], &AddOptions::new()).unwrap();
    push(&second).await;
    let third = open(&client, "name").await;
    let found = third
        .query("same", &moss::QueryOptions::new().embedding([1.0, 1.0]))
        .unwrap();
    assert_eq!(
        found.docs.iter().map(|doc| doc.id.as_str()).collect::<Vec<_>>(),
        ["c", "d"]
    );
}

#[tokio::test]
async fn vectors_of_another_length_replace_deleted_ones_everywhere() {
    let client = client();
    let first = open(&client, "name").await;
    add(&first, &[("a", "short")]);
    push(&first).await;
    let second = open(&client, "name").await;
    second.delete_docs(&["a"]).unwrap();
    let longer = moss::Document::new("b", "long").with_embedding([1.0, 2.0, 3.0]);
    second.add_docs(vec![longer], &AddOptions::new()).unwrap();
    push(&second).await;
    push(&first).await;
    assert_eq!(content(&first), ["b=long"]);
}

#[tokio::test]
async fn compaction_is_nobodys_push() {
    let client = client();
    let (writer, _) = two(&client).await;
    let (pushed, newest) = loop {
        add(&writer, &[("a", &writer.doc_count().to_string()), ("n", "x")]);
        let pushed: u64 = push(&writer).await.version.parse().unwrap();
        let newest: u64 = client.get_index("name").await.unwrap().version.parse().unwrap();
        if newest > pushed {
            break (pushed, newest);
        }
    };
    let before = client
        .session("name", &SessionOptions::new().version(pushed))
        .await
        .unwrap();
    add(&before, &[("z", "after")]);
    let version: u64 = push_with(&before, OnConflict::Fail)
        .await
        .unwrap()
        .version
        .parse()
        .unwrap();
    assert_eq!(version, newest + 1);
}

/// One step of one of three writers.
#[derive(Debug, Clone)]
enum Step {
    Add(u8, u16),
    Delete(u8),
    Push,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        5 => (0u8..8, any::<u16>()).prop_map(|(id, text)| Step::Add(id, text)),
        2 => (0u8..8).prop_map(Step::Delete),
        3 => Just(Step::Push),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec((0usize..3, step), 1..60)
}

/// What a writer knows: the documents, and which of them it changed since its base.
#[derive(Debug, Clone, Default)]
struct Model {
    held: BTreeMap<String, String>,
    base: BTreeMap<String, String>,
}

impl Model {
    /// The contract's rules of merging, on plain maps.
    fn push(&mut self, stored: &mut BTreeMap<String, String>) {
        let ids = self
            .base
            .keys()
            .chain(self.held.keys())
            .chain(stored.keys())
            .cloned();
        let ids: Vec<String> = ids.collect();
        let mut merged = BTreeMap::new();
        for id in ids {
            let (base, mine, theirs) = (self.base.get(&id), self.held.get(&id), stored.get(&id));
            let result = match (mine != base, theirs != base) {
                (true, false) => mine,
                (true, true) => mine.or(theirs),
                (false, _) => theirs,
            };
            result.map(|text| merged.insert(id, text.clone()));
        }
        *stored = merged.clone();
        (self.held, self.base) = (merged.clone(), merged);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Sessions of three writers against maps: adds, deletes, pushes and resumes in any order.
    #[test]
    fn writers_in_any_order_lose_nothing(steps in steps()) {
        moss::block_on(async {
            let client = client();
            let mut stored = BTreeMap::new();
            let mut writers = Vec::new();
            for _ in 0..3 {
                writers.push((open(&client, "name").await, Model::default()));
            }
            for (writer, step) in steps {
                let (session, model) = &mut writers[writer];
                match step {
                    Step::Add(id, text) => {
                        let (id, text) = (format!("d{id}"), format!("text {text}"));
                        session.add_docs(vec![doc(&id, &text)], &AddOptions::new()).unwrap();
                        model.held.insert(id, text);
                    }
                    Step::Delete(id) => {
                        let id = format!("d{id}");
                        session.delete_docs(&[&id]).unwrap();
                        model.held.remove(&id);
                    }
                    Step::Push => {
                        let pushed = push(session).await;
                        model.push(&mut stored);
                        prop_assert_eq!(pushed.doc_count, stored.len());
                    }
                    Step::Reopen => {
                        *session = open(&client, "name").await;
                        *model = Model { held: stored.clone(), base: stored.clone() };
                    }
                }
                let held: Vec<String> = model.held.iter().map(|(id, text)| format!("{id}={text}")).collect();
                prop_assert_eq!(content(session), held);
            }
            Ok(())
        })?;
    }
}
