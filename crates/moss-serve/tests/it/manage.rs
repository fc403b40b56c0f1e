//! The management actions.

use moss_core::Document;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{code, start, three};

#[tokio::test]
async fn an_index_lives_from_upload_to_deletion() {
    let server = start().await;
    let job = server.create("calls", &three()).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["progress"], 100.0);
    assert_eq!(
        (&job["currentPhase"], &job["error"]),
        (&Value::Null, &Value::Null)
    );

    let index = server.done("getIndex", json!({"indexName": "calls"})).await;
    assert_eq!(index["name"], "calls");
    assert_eq!(index["docCount"], 3);
    assert_eq!(index["status"], "Ready");
    assert_eq!(index["model"], json!({"id": "custom", "version": null}));
    assert_eq!(server.done("listIndexes", json!({})).await, json!([index]));

    let added = json!({"indexName": "calls", "docs": [
        {"id": "a", "text": "changed", "embedding": [0, 2]},
        {"id": "d", "text": "new", "embedding": [3, 4.5], "metadata": {"k": "v"}, "payload": "p"},
    ]});
    let job = server.done("addDocs", added).await;
    assert_eq!(job["status"], "building");
    assert_eq!(
        server.ended(job["jobId"].as_str().unwrap()).await["status"],
        "completed"
    );
    let kept = json!({"indexName": "calls", "docs": [{"id": "d", "text": "other", "embedding": [1, 1]}],
        "options": {"upsert": false}});
    let job = server.done("addDocs", kept).await;
    server.ended(job["jobId"].as_str().unwrap()).await;
    let job = server
        .done(
            "deleteDocs",
            json!({"indexName": "calls", "docIds": ["b", "unknown"]}),
        )
        .await;
    server.ended(job["jobId"].as_str().unwrap()).await;

    assert_eq!(
        server.done("getDocs", json!({"indexName": "calls"})).await,
        json!([
            {"id": "a", "text": "changed"},
            {"id": "c", "text": "opening hours"},
            {"id": "d", "text": "new", "metadata": {"k": "v"}, "payload": "p"},
        ])
    );
    let some = json!({"indexName": "calls", "options": {"docIds": ["c", "unknown", "a", "c"]}});
    let some = server.done("getDocs", some).await;
    let ids: Vec<&Value> = some
        .as_array()
        .unwrap()
        .iter()
        .map(|document| &document["id"])
        .collect();
    assert_eq!(ids, ["c", "a", "c"]);

    assert_eq!(
        server.done("deleteIndex", json!({"indexName": "calls"})).await,
        json!(true)
    );
    let (status, body) = server.manage("getIndex", json!({"indexName": "calls"})).await;
    assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "IndexNotFound"));
}

#[tokio::test]
async fn what_is_not_there_is_404_by_its_kind() {
    let server = start().await;
    for (action, more) in [
        ("getIndex", json!({})),
        ("deleteIndex", json!({})),
        ("getDocs", json!({})),
        ("getIndexUrl", json!({})),
        ("addDocs", json!({"docs": [{"id": "a", "text": "b"}]})),
        ("deleteDocs", json!({"docIds": ["a"]})),
    ] {
        let mut fields = json!({"indexName": "none"});
        fields
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let (status, body) = server.manage(action, fields).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{action}");
        let expected = json!({"error": "no index \"none\" in this project", "code": "IndexNotFound"});
        assert_eq!(body, expected, "{action}");
    }
    for job in ["none", "../j", "6d0c1d0c-8c0e-4b52-9d3c-1f0b8f5a7b11"] {
        for action in ["getJobStatus", "startBuild"] {
            let (status, body) = server.manage(action, json!({"jobId": job})).await;
            assert_eq!(
                (status, code(&body)),
                (StatusCode::NOT_FOUND, "JobNotFound"),
                "{action} {job}"
            );
        }
    }
    assert_eq!(server.done("listIndexes", json!({})).await, json!([]));
}

#[tokio::test]
async fn a_name_that_is_taken_and_a_model_that_differs_are_409() {
    let server = start().await;
    server.create("taken", &three()).await;
    let with = |model: &str, dimension: u32, mode: &str| json!({"indexName": "taken", "modelId": model, "docCount": 3, "dimension": dimension, "mode": mode});
    for (fields, expected) in [
        (with("custom", 2, "create"), "IndexExists"),
        (with("moss-minilm", 0, "replace"), "ModelMismatch"),
    ] {
        let (status, body) = server.manage("initUpload", fields).await;
        assert_eq!((status, code(&body)), (StatusCode::CONFLICT, expected));
    }
    server.done("initUpload", with("custom", 2, "replace")).await;
}

#[tokio::test]
async fn empty_lists_and_bad_documents_are_refused_before_there_is_a_job() {
    let server = start().await;
    server.create("calls", &three()).await;
    for (action, field, value, expected) in [
        ("addDocs", "docs", json!([]), "InvalidArgument"),
        ("deleteDocs", "docIds", json!([]), "InvalidArgument"),
        (
            "addDocs",
            "docs",
            json!([{"id": "", "text": "x", "embedding": [1, 2]}]),
            "InvalidArgument",
        ),
        (
            "addDocs",
            "docs",
            json!([{"id": "x", "text": "x", "embedding": [1, 2, 3]}]),
            "DimensionMismatch",
        ),
        (
            "addDocs",
            "docs",
            json!([{"id": "x", "text": "x"}]),
            "EmbeddingMissing",
        ),
        (
            "addDocs",
            "docs",
            json!([{"id": "x", "text": "x"}, {"id": "y", "text": "y", "embedding": [1, 2]}]),
            "MixedEmbeddings",
        ),
        (
            "addDocs",
            "docs",
            json!([{"id": "x", "text": "x", "embedding": [1e39, 0]}]),
            "InvalidArgument",
        ),
        (
            "addDocs",
            "docs",
            json!([{"id": "x", "text": "x", "metadata": {"n": 5}}]),
            "InvalidType",
        ),
    ] {
        let (status, body) = server
            .manage(action, json!({"indexName": "calls", field: value}))
            .await;
        assert_eq!(
            (status, code(&body)),
            (StatusCode::BAD_REQUEST, expected),
            "{body}"
        );
    }
    let big = "x".repeat((1 << 20) + 1);
    let fields = json!({"indexName": "calls", "docs": [{"id": "x", "text": big, "embedding": [1, 2]}]});
    let (status, body) = server.manage("addDocs", fields).await;
    assert_eq!((status, code(&body)), (StatusCode::PAYLOAD_TOO_LARGE, "TooLarge"));
}

#[tokio::test]
async fn texts_are_embedded_by_the_service() {
    let server = start().await;
    let texts = [
        "the customer wants money back",
        "the parcel is late",
        "we close at noon",
    ];
    let documents: Vec<Document> = texts.iter().map(|text| Document::new(*text, *text)).collect();
    let job = server.create("texts", &documents).await;
    assert_eq!(job["status"], "completed", "{job}");
    let index = server.done("getIndex", json!({"indexName": "texts"})).await;
    assert_eq!(index["model"]["id"], "moss-minilm");
    let question = json!({"query": "refund", "indexName": "texts", "projectId": "p", "projectKey": "key"});
    let (_, found) = crate::support::answer(server.post("/query", &question)).await;
    assert_eq!(found["docs"][0]["id"], texts[0]);
}
