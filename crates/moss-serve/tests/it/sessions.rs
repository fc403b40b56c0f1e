//! `/v1/indexes`: what sessions stand on, by hand and through the client.

use moss::{AddOptions, Client, Document, LoadOptions, PushOptions, QueryOptions, Session, SessionOptions};
use moss_core::snapshot::{SegmentContent, SegmentMeta};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ADMIN, TestServer, answer, code, start, wait_for};

impl TestServer {
    fn client(&self) -> Client {
        Client::with_base_url("p", "key", &format!("{}/v1/manage", self.url)).unwrap()
    }

    fn of_index(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/v1/indexes/{path}"))
            .header("x-project-id", "p")
            .header("x-project-key", "key")
    }

    async fn commit(&self, name: &str, body: &Value) -> (StatusCode, Value) {
        let path = format!("{name}/commits");
        answer(self.of_index(Method::POST, &path).body(body.to_string())).await
    }

    /// Stores an empty segment for a version; what a commit of it says.
    async fn written(&self, name: &str, on_version: u64) -> Value {
        let id = Uuid::new_v4();
        let path = format!("{name}/segments/{id}?version={}", on_version + 1);
        let (status, stored) = answer(self.of_index(Method::PUT, &path).body(segment(id))).await;
        assert_eq!(status, StatusCode::OK, "{stored}");
        json!({
            "commitId": Uuid::new_v4(), "onVersion": on_version, "receipts": [stored["receipt"]],
            "change": {
                "indexId": Uuid::new_v4(), "model": {"id": "custom", "version": ""}, "dimension": 0, "docCount": 0,
                "createdAt": 1, "updatedAt": 1, "jobId": "job", "deleted": false, "segments": [stored["entry"]],
            },
        })
    }
}

fn segment(id: Uuid) -> Vec<u8> {
    let meta = SegmentMeta {
        model_id: "custom".to_owned(),
        model_version: String::new(),
        dimension: 0,
    };
    SegmentContent {
        id: id.into_bytes(),
        meta: &meta,
        rows: &[],
        terms: &Default::default(),
        tombstones: &[],
        row_versions: None,
    }
    .encode()
    .unwrap()
}

async fn session(client: &Client, name: &str) -> Session {
    let options = SessionOptions::new().model_id("custom");
    client.session(name, &options).await.unwrap()
}

async fn push(client: &Client, name: &str, id: &str) {
    let session = session(client, name).await;
    let document = Document::new(id, id).with_embedding([1.0, 0.0]);
    session.add_docs(vec![document], &AddOptions::new()).unwrap();
    session.push_index(&PushOptions::new()).await.unwrap();
}

#[tokio::test]
async fn a_commit_sent_again_is_the_same_commit_and_another_one_has_lost() {
    let server = start().await;
    let (first, late) = (server.written("s", 0).await, server.written("s", 0).await);
    let (status, committed) = server.commit("s", &first).await;
    assert_eq!(status, StatusCode::OK, "{committed}");
    assert_eq!(committed["manifest"]["version"], 1);
    let now = committed["manifest"]["updated_at"].as_u64().unwrap();
    assert!(now > 1_700_000_000_000, "times are the service's: {now}");
    let (status, again) = server.commit("s", &first).await;
    assert_eq!(
        (status, &again["manifest"]),
        (StatusCode::OK, &committed["manifest"])
    );
    let (status, lost) = server.commit("s", &late).await;
    assert_eq!((status, code(&lost)), (StatusCode::CONFLICT, "Conflict"));
}

#[tokio::test]
async fn what_no_push_sends_is_refused_and_nothing_is_there() {
    let server = start().await;
    let good = server.written("s", 0).await;
    let with = |pointer: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let elsewhere = server.written("other", 0).await;
    for (commit, status, kind) in [
        (
            with("/receipts/0", json!("forged.receipt")),
            StatusCode::FORBIDDEN,
            "Unauthorized",
        ),
        (
            with("/receipts/0", elsewhere["receipts"][0].clone()),
            StatusCode::FORBIDDEN,
            "Unauthorized",
        ),
        (
            with("/change/deleted", json!(true)),
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
        ),
        (
            with("/change/docCount", json!(2_000_000)),
            StatusCode::PAYLOAD_TOO_LARGE,
            "TooLarge",
        ),
        (
            with("/change/docCount", json!(1)),
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
        ),
        (
            with("/change/segments/0/rows", json!(5)),
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
        ),
        (
            with("/change/segments/0", elsewhere["change"]["segments"][0].clone()),
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
        ),
        (
            with(
                "/change/segments",
                json!([good["change"]["segments"][0], good["change"]["segments"][0]]),
            ),
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
        ),
        (
            with("/change/model/id", json!("moss-minilm")),
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
        ),
        (
            with("/change/dimension", json!(20_000)),
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
        ),
        (with("/onVersion", json!(7)), StatusCode::CONFLICT, "Conflict"),
        (
            with("/onVersion", json!(u64::MAX)),
            StatusCode::CONFLICT,
            "Conflict",
        ),
        (
            with("/change/segments", json!("none")),
            StatusCode::BAD_REQUEST,
            "InvalidType",
        ),
    ] {
        let (answered, body) = server.commit("s", &commit).await;
        assert_eq!((answered, code(&body)), (status, kind), "{body}");
    }
    let (status, body) = answer(server.of_index(Method::GET, "s/manifest")).await;
    assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "IndexNotFound"));
    let path = format!("s/segments/{}?version=1", Uuid::new_v4());
    for bytes in [b"not a segment".to_vec(), segment(Uuid::new_v4())] {
        let (status, body) = answer(server.of_index(Method::PUT, &path).body(bytes)).await;
        assert_eq!(
            (status, code(&body)),
            (StatusCode::BAD_REQUEST, "InvalidArgument")
        );
    }
}

#[tokio::test]
async fn a_manifest_that_is_known_is_not_sent() {
    let server = start().await;
    push(&server.client(), "a/b", "one").await;
    let known = server
        .of_index(Method::GET, "a%2Fb/manifest")
        .send()
        .await
        .unwrap();
    let etag = known.headers()["etag"].clone();
    assert_eq!(etag, "\"1\"");
    let ask = || {
        server
            .of_index(Method::GET, "a%2Fb/manifest")
            .header("if-none-match", etag.clone())
    };
    assert_eq!(ask().send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    push(&server.client(), "a/b", "two").await;
    let (status, manifest) = answer(ask()).await;
    assert_eq!((status, &manifest["version"]), (StatusCode::OK, &json!(2)));
    let (_, versions) = answer(server.of_index(Method::GET, "a%2Fb/versions")).await;
    assert_eq!(versions[1]["docCount"], 1);
    let restore = server.of_index(Method::POST, "a%2Fb/restore");
    let (status, index) = answer(restore.body(json!({"version": 1}).to_string())).await;
    assert_eq!(
        (status, &index["version"], &index["docCount"]),
        (StatusCode::OK, &json!("3"), &json!(1))
    );
}

#[tokio::test]
async fn who_follows_hears_of_a_push_long_before_it_would_look() {
    let server = start().await;
    let (reader, writer) = (server.client(), server.client());
    push(&writer, "kb", "one").await;
    // It would look by itself in an hour.
    let following = LoadOptions::new().auto_refresh(3600);
    reader.load_index("kb", &following).await.unwrap();
    let own = session(&reader, "kb").await;
    own.load_index("kb", &following).await.unwrap();
    for (count, id) in [(2, "two"), (3, "three")] {
        push(&writer, "kb", id).await;
        let question = QueryOptions::new().embedding(vec![1.0, 0.0]);
        wait_for(async || reader.query("kb", "", &question).unwrap().docs.len() == count).await;
        wait_for(async || own.doc_count() == count).await;
    }
}

#[tokio::test]
async fn who_follows_with_a_revoked_key_hears_no_more() {
    let server = start().await;
    let admin = |method: Method, path: &str| {
        let request = server.request(method, &format!("/v1/admin/projects{path}"));
        request.bearer_auth(ADMIN)
    };
    let (_, key) = answer(admin(Method::POST, "").body(json!({"projectId": "q"}).to_string())).await;
    let mut events = server
        .request(Method::GET, "/v1/indexes/kb/events")
        .header("x-project-id", "q")
        .header("x-project-key", key["projectKey"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    let first = events.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: version"), "{first:?}");
    let path = format!("/q/keys/{}", key["keyId"].as_str().unwrap());
    assert_eq!(answer(admin(Method::DELETE, &path)).await.0, StatusCode::OK);
    assert_eq!(events.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn every_resource_of_an_index_is_refused_without_the_right_credentials() {
    let server = start().await;
    push(&server.client(), "s", "one").await;
    let id = Uuid::new_v4();
    for (method, path) in [
        (Method::GET, "manifest".to_owned()),
        (Method::GET, "versions".to_owned()),
        (Method::GET, format!("segments/{id}")),
        (Method::PUT, format!("segments/{id}?version=2")),
        (Method::POST, "commits".to_owned()),
        (Method::POST, "restore".to_owned()),
        (Method::GET, "events".to_owned()),
    ] {
        let ask = || server.request(method.clone(), &format!("/v1/indexes/s/{path}"));
        // More than the buffers of a connection take: the answer must arrive though nobody reads the body.
        let ask = || match method {
            Method::GET => ask(),
            _ => ask().body(vec![b' '; 32 << 20]),
        };
        let of_p = || ask().header("x-project-id", "p");
        for (request, expected) in [
            (ask(), StatusCode::BAD_REQUEST),
            (of_p(), StatusCode::FORBIDDEN),
            (of_p().header("x-project-key", "wrong"), StatusCode::FORBIDDEN),
            (of_p().bearer_auth("no.token"), StatusCode::UNAUTHORIZED),
        ] {
            let (status, body) = answer(request).await;
            assert_eq!(status, expected, "{method} {path}: {body}");
        }
    }
}

#[tokio::test]
async fn a_client_without_the_right_key_or_a_service_is_told_so() {
    let server = start().await;
    push(&server.client(), "s", "one").await;
    let manage = format!("{}/v1/manage", server.url);
    let wrong = Client::with_base_url("p", "wrong", &manage).unwrap();
    let refused = wrong.session("s", &SessionOptions::new()).await.unwrap_err();
    assert_eq!(refused.kind(), moss::ErrorKind::Unauthorized);
    assert!(!refused.to_string().contains("wrong"), "{refused}");
    let nobody = Client::with_base_url("p", "key", "http://127.0.0.1:1/v1/manage").unwrap();
    let unreached = nobody.session("s", &SessionOptions::new()).await.unwrap_err();
    assert_eq!(unreached.kind(), moss::ErrorKind::Network);
    assert!(Client::with_base_url("p", "key", "http://127.0.0.1:1").is_err());
}
