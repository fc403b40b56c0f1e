//! What a session promises, on vectors given by the test.

#![allow(clippy::needless_pass_by_value)] // short calls read better

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::filter::Filter;
use crate::query::ParentGrouping;
use crate::text;

fn session() -> Session {
    Session::new(Model::Custom).unwrap()
}

fn doc(id: &str, text: &str, vector: [f32; 2]) -> Document {
    Document::new(id, text).with_embedding(vector)
}

fn add(session: &Session, documents: Vec<Document>) -> Upserted {
    session.add_docs(documents, &AddOptions::new()).unwrap()
}

fn ids(documents: &[Document]) -> Vec<&str> {
    documents.iter().map(|document| document.id.as_str()).collect()
}

fn found(session: &Session, text: &str, options: QueryOptions) -> Vec<(String, f32)> {
    session
        .query(text, &options)
        .unwrap()
        .into_iter()
        .map(|doc| (doc.id, doc.score))
        .collect()
}

fn filter(value: serde_json::Value) -> Filter {
    Filter::parse(&value).unwrap()
}

#[test]
fn adding_counts_new_and_replaced_documents_one_after_the_other() {
    let session = session();
    let twice = vec![doc("a", "first", [1.0, 0.0]), doc("a", "second", [0.0, 1.0])];
    assert_eq!(add(&session, twice), Upserted { added: 1, updated: 1 });
    assert_eq!(
        session.get_docs(&GetOptions::new()).unwrap(),
        [doc("a", "second", [0.0, 1.0])]
    );
    assert_eq!(add(&session, vec![]), Upserted::default());
    let kept = session.add_docs(
        vec![doc("a", "third", [1.0, 1.0]), doc("b", "new", [1.0, 1.0])],
        &AddOptions::new().upsert(false),
    );
    assert_eq!(kept.unwrap(), Upserted { added: 1, updated: 0 });
    assert_eq!(
        session.get_docs(&GetOptions::new().ids(["a"])).unwrap()[0].text,
        "second"
    );
}

#[test]
fn a_replaced_document_leaves_nothing_behind() {
    let session = session();
    add(
        &session,
        vec![
            doc("a", "apple", [1.0, 0.0])
                .with_metadata([("k", "1")])
                .with_payload("p"),
        ],
    );
    add(&session, vec![doc("a", "pear", [0.0, 1.0])]);
    assert!(
        found(
            &session,
            "apple",
            QueryOptions::new().alpha(0.0).embedding([1.0, 0.0])
        )
        .is_empty()
    );
    let k = filter(json!({"field": "k", "condition": {"$eq": "1"}}));
    assert!(session.get_docs(&GetOptions::new().filter(k)).unwrap().is_empty());
    assert_eq!(
        session.get_docs(&GetOptions::new()).unwrap(),
        [doc("a", "pear", [0.0, 1.0])]
    );
}

#[test]
fn one_bad_document_and_nothing_of_the_batch_is_stored() {
    let session = session();
    add(&session, vec![doc("a", "x", [1.0, 0.0])]);
    let kind = |documents| {
        session
            .add_docs(documents, &AddOptions::new())
            .unwrap_err()
            .kind()
    };
    let good = || doc("b", "y", [1.0, 0.0]);
    assert_eq!(
        kind(vec![good(), doc("", "y", [1.0, 0.0])]),
        ErrorKind::InvalidArgument
    );
    assert_eq!(
        kind(vec![good(), doc("c", "y", [1.0, f32::INFINITY])]),
        ErrorKind::InvalidArgument
    );
    assert_eq!(
        kind(vec![good(), Document::new("c", "y").with_embedding([1.0])]),
        ErrorKind::DimensionMismatch
    );
    assert_eq!(
        kind(vec![good(), Document::new("c", "y")]),
        ErrorKind::MixedEmbeddings
    );
    assert_eq!(
        kind(vec![Document::new("c", "y").with_embedding([])]),
        ErrorKind::EmbeddingMissing
    );
    assert_eq!(session.doc_count(), 1);
}

#[test]
fn the_dimension_is_open_again_once_the_session_is_empty() {
    let session = session();
    add(&session, vec![doc("a", "x", [1.0, 0.0])]);
    assert_eq!(session.delete_docs(&["a", "a", "unknown"]).unwrap(), 1);
    add(
        &session,
        vec![Document::new("b", "x").with_embedding([1.0, 2.0, 3.0])],
    );
    assert_eq!(
        found(&session, "", QueryOptions::new().embedding([0.0, 0.0, 0.1])).len(),
        1
    );
    let error = session
        .query("x", &QueryOptions::new().embedding([1.0, 0.0]))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DimensionMismatch);
}

#[test]
fn documents_come_back_as_asked() {
    let session = session();
    let price = |id, price: &str| doc(id, id, [1.0, 0.0]).with_metadata([("price", price)]);
    add(
        &session,
        vec![
            price("c", "10"),
            price("a", "9"),
            doc("d", "d", [0.0, 1.0]),
            price("b", "8.5"),
        ],
    );
    let get = |options: &GetOptions| -> Vec<String> {
        session
            .get_docs(options)
            .unwrap()
            .into_iter()
            .map(|document| document.id)
            .collect()
    };
    assert_eq!(get(&GetOptions::new()), ["a", "b", "c", "d"]);
    assert_eq!(get(&GetOptions::new().ids(["d", "x", "a", "d"])), ["d", "a", "d"]);
    assert!(get(&GetOptions::new().ids::<String>([])).is_empty());
    assert_eq!(
        get(&GetOptions::new().sort_by("price", true)),
        ["b", "a", "c", "d"]
    );
    assert_eq!(
        get(&GetOptions::new().sort_by("price", false)),
        ["c", "a", "b", "d"]
    );
    let cheap = filter(json!({"field": "price", "condition": {"$lt": 10}}));
    assert_eq!(get(&GetOptions::new().filter(cheap.clone())), ["a", "b"]);
    assert_eq!(
        get(&GetOptions::new()
            .filter(cheap)
            .ids(["c", "b", "d", "a"])
            .sort_by("price", true)),
        ["b", "a"]
    );
}

#[test]
fn siblings_fold_into_one_document() {
    let session = session();
    let part = |id, parent: &str, at: &str, vector| {
        doc(id, &format!("part {id}"), vector).with_metadata([("parent", parent), ("at", at)])
    };
    add(
        &session,
        vec![
            part("x10", "x", "10", [1.0, 0.0]),
            part("x9", "x", "9", [0.5, 0.0]),
            part("y1", "y", "1", [0.2, 0.0]),
            doc("alone", "alone", [0.9, 0.0]),
            doc("x?", "last", [0.0, 0.0]).with_metadata([("parent", "x")]),
        ],
    );
    let grouping = ParentGrouping::new("parent", "at");
    let folded = session
        .get_docs(&GetOptions::new().group_by(grouping.clone()))
        .unwrap();
    assert_eq!(ids(&folded), ["alone", "x9", "y1"]);
    assert_eq!(folded[1].text, "part x9\npart x10\nlast");
    let options = QueryOptions::new()
        .alpha(1.0)
        .embedding([1.0, 0.0])
        .group_by(grouping)
        .top_k(2);
    let found = session.query("", &options).unwrap();
    assert_eq!((found[0].id.as_str(), found[0].score), ("x9", 1.0));
    assert_eq!(found[0].text, "part x9\npart x10\nlast");
    assert_eq!(found[1].id, "alone");
    assert_eq!(found.len(), 2);
}

#[test]
fn scores_are_one_formula_at_every_alpha() {
    let session = session();
    add(
        &session,
        vec![
            doc("near", "nothing shared", [1.0, 0.0]),
            doc("word", "refund please", [0.0, 1.0]),
        ],
    );
    let ask = |alpha| {
        found(
            &session,
            "a refund",
            QueryOptions::new().alpha(alpha).embedding([1.0, 0.0]),
        )
    };
    assert_eq!(ask(1.0), [("near".into(), 1.0), ("word".into(), 0.5)]);
    assert_eq!(ask(0.0), [("word".into(), 1.0)]);
    let half = ask(0.5);
    assert_eq!(half, [("word".into(), 0.75), ("near".into(), 0.5)]);
    let refunds = filter(json!({"field": "k", "condition": {"$eq": "1"}}));
    let filtered = QueryOptions::new().embedding([1.0, 0.0]).filter(refunds);
    assert!(found(&session, "a refund", filtered).is_empty());
}

#[test]
fn a_filter_does_not_change_the_score_of_what_it_keeps() {
    let session = session();
    add(
        &session,
        vec![
            doc("best", "refund refund", [1.0, 0.0]),
            doc("kept", "a refund of the whole amount", [0.8, 0.0]).with_metadata([("k", "1")]),
        ],
    );
    let all = found(&session, "refund", QueryOptions::new().embedding([1.0, 0.0]));
    let k = filter(json!({"field": "k", "condition": {"$eq": "1"}}));
    let kept = found(
        &session,
        "refund",
        QueryOptions::new().embedding([1.0, 0.0]).filter(k),
    );
    assert_eq!(kept, all[1..]);
}

#[test]
fn a_text_without_words_is_all_vectors() {
    let session = session();
    add(
        &session,
        vec![doc("a", "?!", [1.0, 0.0]), doc("b", "word", [0.0, 1.0])],
    );
    for blank in ["", "  ", "?!"] {
        let by_vectors = found(
            &session,
            blank,
            QueryOptions::new().alpha(0.1).embedding([1.0, 0.0]),
        );
        assert_eq!(by_vectors, [("a".into(), 1.0), ("b".into(), 0.5)]);
        assert!(
            found(
                &session,
                blank,
                QueryOptions::new().alpha(0.0).embedding([1.0, 0.0])
            )
            .is_empty()
        );
    }
}

#[test]
fn equal_scores_rank_in_the_order_of_storing_whatever_row_they_took() {
    let session = session();
    add(
        &session,
        vec![
            doc("c", "x", [1.0, 0.0]),
            doc("a", "x", [1.0, 0.0]),
            doc("b", "x", [1.0, 0.0]),
        ],
    );
    session.delete_docs(&["c"]).unwrap();
    // Takes the row that "c" left.
    add(&session, vec![doc("d", "x", [1.0, 0.0])]);
    let order: Vec<String> = found(&session, "x", QueryOptions::new().embedding([1.0, 0.0]))
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(order, ["a", "b", "d"]);
}

#[test]
fn bad_questions_are_errors_even_on_an_empty_session() {
    let session = session();
    let kind = |options: QueryOptions| session.query("x", &options).unwrap_err().kind();
    assert_eq!(kind(QueryOptions::new()), ErrorKind::EmbeddingRequired);
    assert_eq!(
        kind(QueryOptions::new().alpha(2.0).embedding([1.0])),
        ErrorKind::InvalidArgument
    );
    let error = session.query("x", &QueryOptions::new()).unwrap_err();
    assert!(error.to_string().contains("requires explicit query embeddings"));
    assert!(
        session
            .query("x", &QueryOptions::new().embedding([1.0]))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_query_sees_a_whole_batch_or_none_of_it() {
    const BATCH: usize = 50;
    let session = session();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let options = QueryOptions::new().top_k(usize::MAX).embedding([1.0, 0.0]);
                    assert_eq!(session.query("x", &options).unwrap().len() % BATCH, 0);
                }
            });
        }
        for batch in 0..40 {
            let documents = (0..BATCH).map(|i| doc(&format!("{batch}-{i}"), "x", [1.0, 0.0]));
            add(&session, documents.collect());
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(session.doc_count(), 40 * BATCH);
}

#[test]
fn answers_stay_the_same_when_gaps_are_closed() {
    let session = session();
    let all = (0..5000).map(|i| {
        doc(
            &i.to_string(),
            &format!("word{} common", i % 7),
            [(i as f32).sin(), 0.5],
        )
    });
    add(
        &session,
        all.map(|document| document.with_metadata([("k", "1")])).collect(),
    );
    let gone: Vec<String> = (0..5000).filter(|i| i % 3 != 0).map(|i| i.to_string()).collect();
    // One at a time keeps the gaps, since each is below a quarter; at once closes them.
    assert_eq!(session.delete_docs(&gone).unwrap(), gone.len());
    assert_eq!(session.guarded.read().state.live().len(), session.doc_count());
    let kept = (0..5000).filter(|i| i % 3 == 0);
    let fresh = self::session();
    add(
        &fresh,
        kept.map(|i| {
            doc(
                &i.to_string(),
                &format!("word{} common", i % 7),
                [(i as f32).sin(), 0.5],
            )
            .with_metadata([("k", "1")])
        })
        .collect(),
    );
    let k = filter(json!({"field": "k", "condition": {"$eq": "1"}}));
    let options = QueryOptions::new().top_k(100).embedding([0.3, 0.1]).filter(k);
    assert_eq!(
        found(&session, "word3", options.clone()),
        found(&fresh, "word3", options)
    );
}

/// One step of a random life of a session.
#[derive(Debug, Clone)]
enum Step {
    Add(Vec<(u8, u8, i8)>, bool),
    Delete(Vec<u8>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let documents = prop::collection::vec((0u8..12, 0u8..6, -3i8..=3), 0..6);
    let add =
        (documents, prop::bool::weighted(0.8)).prop_map(|(documents, upsert)| Step::Add(documents, upsert));
    let delete = prop::collection::vec(0u8..12, 0..4).prop_map(Step::Delete);
    prop::collection::vec(prop_oneof![3 => add, 1 => delete], 1..20)
}

/// A document made of three small numbers, so that ids, words and vectors repeat.
fn small(&(id, word, x): &(u8, u8, i8)) -> Document {
    let document = doc(
        &format!("d{id}"),
        &format!("word{word} shared"),
        [f32::from(x) / 3.0, 0.25],
    );
    document.with_metadata([("word", word.to_string())])
}

proptest! {
    /// A session is a map with a formula: against a plain map, ranked by a loop over it.
    #[test]
    fn a_session_equals_a_map_ranked_by_brute_force(steps in steps(), alpha in 0.0f32..=1.0, asked in 0u8..6) {
        let session = session();
        let mut map: BTreeMap<String, (usize, Document)> = BTreeMap::new();
        let mut stored = 0;
        for step in &steps {
            match step {
                Step::Add(documents, upsert) => {
                    let (mut added, mut updated) = (0, 0);
                    for document in documents.iter().map(small) {
                        match map.get_mut(&document.id) {
                            Some(old) if *upsert => { old.1 = document; updated += 1; }
                            Some(_) => {}
                            None => { map.insert(document.id.clone(), (stored, document)); stored += 1; added += 1; }
                        }
                    }
                    let options = AddOptions::new().upsert(*upsert);
                    let result = session.add_docs(documents.iter().map(small).collect(), &options).unwrap();
                    prop_assert_eq!(result, Upserted { added, updated });
                }
                Step::Delete(numbers) => {
                    let ids: Vec<String> = numbers.iter().map(|number| format!("d{number}")).collect();
                    let removed = ids.iter().filter(|id| map.remove(*id).is_some()).count();
                    prop_assert_eq!(session.delete_docs(&ids).unwrap(), removed);
                }
            }
            prop_assert_eq!(session.doc_count(), map.len());
        }
        let expected: Vec<Document> = map.values().map(|(_, document)| document.clone()).collect();
        prop_assert_eq!(session.get_docs(&GetOptions::new()).unwrap(), expected);

        let query = format!("word{asked}");
        let kept = filter(json!({"field": "word", "condition": {"$ne": "2"}}));
        let options = QueryOptions::new().alpha(alpha).embedding([0.7, 0.1]).top_k(5).filter(kept.clone());
        let answer = found(&session, &query, options);
        let oracle = brute_force(&map, &query, alpha, [0.7, 0.1], &kept);
        prop_assert_eq!(answer.len(), oracle.len().min(5));
        for ((id, score), (expected_id, expected_score)) in answer.iter().zip(&oracle) {
            prop_assert!((score - expected_score).abs() < 1e-5, "{:?} {:?}", answer, oracle);
            // Scores that differ by rounding alone may rank either way.
            let tied = oracle.iter().filter(|(_, other)| (other - expected_score).abs() < 1e-5).count() > 1;
            prop_assert!(tied || id == expected_id, "{:?} {:?}", answer, oracle);
        }
    }
}

/// The formula of the contract, read off as it stands, by a loop.
fn brute_force(
    map: &BTreeMap<String, (usize, Document)>,
    query: &str,
    alpha: f32,
    vector: [f32; 2],
    kept: &Filter,
) -> Vec<(String, f32)> {
    let terms = text::analyze_query(query);
    let analyzed: Vec<(&Document, usize, text::Terms)> = map
        .values()
        .map(|(at, document)| (document, *at, text::analyze(&document.text)))
        .collect();
    let n = analyzed.len() as f32;
    let mean = analyzed
        .iter()
        .map(|(_, _, terms)| terms.length as f32)
        .sum::<f32>()
        / n;
    let bm25 = |document: &text::Terms| -> f32 {
        let weight = |term: &String| {
            let df = analyzed
                .iter()
                .filter(|(_, _, d)| d.terms.iter().any(|(word, _)| word == term))
                .count() as f32;
            let tf = document
                .terms
                .iter()
                .find(|(word, _)| word == term)
                .map_or(0.0, |(_, tf)| f32::from(*tf));
            let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * document.length as f32 / mean))
        };
        terms.iter().map(weight).sum()
    };
    let best = analyzed
        .iter()
        .map(|(_, _, terms)| bm25(terms))
        .fold(0.0, f32::max);
    let mut scored: Vec<(f32, usize, String)> = analyzed
        .iter()
        .filter(|(document, _, _)| kept.matches(document.metadata.as_ref()))
        .map(|(document, at, terms)| {
            let own = document.vector().unwrap();
            let sem = ((1.0 + own[0] * vector[0] + own[1] * vector[1]) / 2.0).clamp(0.0, 1.0);
            let key = if best > 0.0 { bm25(terms) / best } else { 0.0 };
            (alpha * sem + (1.0 - alpha) * key, *at, document.id.clone())
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(score, _, id)| (id, score)).collect()
}
