//! The cloud query.

use moss_conformance::contract;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, answer, code, start, three};

/// Asks index `calls` for a vector near `a`, with these fields besides.
async fn query(server: &TestServer, fields: Value) -> (StatusCode, Value) {
    let mut body = json!({"query": "refund", "indexName": "calls", "projectId": "p", "projectKey": "key",
        "queryEmbedding": [1, 0]});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let (status, found) = answer(server.post("/query", &body)).await;
    if status == StatusCode::OK {
        contract::check_request("QueryRequest", &body);
    }
    (status, found)
}

fn ids(found: &Value) -> Vec<&str> {
    let docs = found["docs"].as_array().unwrap().iter();
    docs.map(|document| document["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn documents_come_in_descending_score_with_what_they_hold() {
    let server = start().await;
    server.create("calls", &three()).await;
    let (status, found) = query(&server, json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(ids(&found), ["a", "c", "b"]);
    assert_eq!(
        (&found["query"], &found["indexName"]),
        (&json!("refund"), &json!("calls"))
    );
    assert_eq!(
        found["docs"][0],
        json!({"id": "a", "text": "refund for the order", "metadata": {"speaker": "customer"}, "score": 1.0})
    );
    assert_eq!(found["docs"][2]["metadata"], Value::Null);
    assert_eq!(found["docs"][2]["payload"], "{\"n\": 1}");
}

#[tokio::test]
async fn top_k_alpha_and_filter_are_applied() {
    let server = start().await;
    server.create("calls", &three()).await;
    for (fields, expected) in [
        (json!({"topK": 1}), vec!["a"]),
        (json!({"topK": 0}), vec![]),
        (json!({"topK": null}), vec!["a", "c", "b"]),
        (json!({"topK": i64::MAX}), vec!["a", "c", "b"]),
        (json!({"alpha": 0}), vec!["a"]),
        (json!({"alpha": 0, "query": "address"}), vec!["b"]),
        (
            json!({"filter": {"field": "speaker", "condition": {"$eq": "customer"}}, "alpha": 1}),
            vec!["a"],
        ),
        // An absent field matches nothing, not even `$ne`.
        (
            json!({"filter": {"field": "speaker", "condition": {"$ne": "customer"}}, "alpha": 1}),
            vec![],
        ),
        (json!({"filter": null, "alpha": null}), vec!["a", "c", "b"]),
    ] {
        let (status, found) = query(&server, fields.clone()).await;
        assert_eq!(status, StatusCode::OK, "{found}");
        assert_eq!(ids(&found), expected, "{fields}");
    }
}

#[tokio::test]
async fn bad_questions_are_400_and_name_what_is_wrong() {
    let server = start().await;
    server.create("calls", &three()).await;
    for (fields, expected, named) in [
        (json!({"topK": -1}), "InvalidArgument", "topK"),
        (json!({"topK": "5"}), "InvalidType", "topK"),
        (json!({"topK": 1.5}), "InvalidType", "topK"),
        (json!({"alpha": 1.5}), "InvalidArgument", "alpha"),
        (
            json!({"filter": {"field": "a", "condition": {"$regex": "x"}}}),
            "InvalidFilter",
            "$regex",
        ),
        (json!({"filter": "x"}), "InvalidFilterType", ""),
        (json!({"queryEmbedding": [1, 2, 3]}), "DimensionMismatch", "3"),
        (
            json!({"queryEmbedding": null}),
            "EmbeddingRequired",
            "requires explicit query embeddings",
        ),
        (json!({"indexName": ""}), "InvalidArgument", "index name"),
        (json!({"query": null}), "InvalidType", "query"),
    ] {
        let (status, body) = query(&server, fields).await;
        assert_eq!(
            (status, code(&body)),
            (StatusCode::BAD_REQUEST, expected),
            "{body}"
        );
        assert!(body["error"].as_str().unwrap().contains(named), "{body}");
    }
    let (status, body) = query(&server, json!({"indexName": "none"})).await;
    assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "IndexNotFound"));
}

#[tokio::test]
async fn a_filter_as_deep_as_filters_may_be_is_read_and_a_deeper_one_refused() {
    let server = start().await;
    server.create("calls", &three()).await;
    let nested = |levels: usize| {
        let leaf = json!({"field": "speaker", "condition": {"$eq": "customer"}});
        (0..levels).fold(leaf, |inner, _| json!({"$and": [inner]}))
    };
    let (status, found) = query(&server, json!({"filter": nested(64)})).await;
    assert_eq!((status, ids(&found)), (StatusCode::OK, vec!["a"]));
    for levels in [65, 100_000] {
        let head =
            r#"{"query": "x", "indexName": "calls", "projectId": "p", "projectKey": "key", "filter": "#;
        let filter = format!("{}{{}}{}", r#"{"$and":["#.repeat(levels), "]}".repeat(levels));
        let request = server
            .request(reqwest::Method::POST, "/query")
            .body(format!("{head}{filter}}}"));
        let (status, body) = answer(request).await;
        assert_eq!(
            (status, code(&body)),
            (StatusCode::BAD_REQUEST, "InvalidFilter"),
            "{levels}"
        );
    }
}
