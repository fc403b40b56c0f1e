//! What whoever runs the service looks at: request ids, metrics, readiness, certificates.

use moss_core::ErrorKind;
use moss_serve::Server;
use reqwest::{Certificate, Client, Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::support::{answer, options, start, start_with};

#[tokio::test]
async fn a_request_keeps_its_id_if_it_is_sane() {
    let server = start().await;
    let id_of = async |given: Option<&str>| {
        let request = server.request(Method::GET, "/health");
        let request = match given {
            Some(id) => request.header("x-request-id", id),
            None => request,
        };
        let answer = request.send().await.unwrap();
        answer.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id_of(Some("Turn-7.a_b")).await, "Turn-7.a_b");
    let made = id_of(None).await;
    assert_eq!(made.len(), 36);
    assert_ne!(made, id_of(None).await);
    for bad in ["", "a b", "{\"a\":1}", &"x".repeat(65)] {
        assert_eq!(id_of(Some(bad)).await.len(), 36, "{bad}");
    }
    let lost = server
        .request(Method::GET, "/nowhere")
        .header("x-request-id", "lost");
    assert_eq!(lost.send().await.unwrap().headers()["x-request-id"], "lost");
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_what_a_client_made_up() {
    let server = start().await;
    for _ in 0..3 {
        server.manage("listIndexes", json!({})).await;
    }
    for path in ["/made-up-path", "/v1/manage/made-up", "/query?made-up=1"] {
        server.request(Method::GET, path).send().await.unwrap();
    }
    let odd = Method::from_bytes(b"MADEUP").unwrap();
    server.request(odd, "/health").send().await.unwrap();

    let metrics = server.request(Method::GET, "/metrics").send().await.unwrap();
    assert!(
        metrics.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let metrics = metrics.text().await.unwrap();
    for line in [
        r#"moss_http_requests_total{method="POST",route="/v1/manage",status="200"} 3"#,
        r#"moss_http_requests_total{method="GET",route="none",status="404"} 2"#,
        r#"moss_http_requests_total{method="GET",route="/query",status="405"} 1"#,
        r#"moss_http_requests_total{method="other",route="/health",status="405"} 1"#,
        r#"moss_http_request_duration_seconds_count{method="POST",route="/v1/manage"} 3"#,
        r#"moss_http_request_duration_seconds_bucket{method="POST",route="/v1/manage",le="+Inf"} 3"#,
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line}\n{metrics}");
    }
    assert!(!metrics.to_lowercase().contains("made"), "{metrics}");
    assert!(server.metric("moss_resident_memory_bytes").await > 1e6);
    assert!(server.metric("moss_http_connections").await >= 1.0);
}

#[tokio::test]
async fn indexes_in_memory_jobs_and_lost_races_are_counted() {
    let server = start().await;
    let client = moss::Client::with_base_url("p", "key", &format!("{}/v1/manage", server.url)).unwrap();
    let document = |id: &str| moss::Document::new(id, "text").with_embedding([1.0, 0.0]);
    client.create_index("i", vec![document("1")], None).await.unwrap();
    client
        .add_docs("i", vec![document("2")], &moss::AddOptions::new())
        .await
        .unwrap();
    for _ in 0..2 {
        client.get_docs("i", None).await.unwrap();
    }
    assert_eq!(server.metric("moss_cache_indexes").await, 1.0);
    assert!(server.metric("moss_cache_bytes").await > 0.0);
    assert!(server.metric(r#"moss_cache_requests_total{result="hit"}"#).await >= 1.0);
    assert_eq!(
        server.metric(r#"moss_jobs_total{outcome="completed"}"#).await,
        2.0
    );
    assert_eq!(server.metric(r#"moss_jobs_total{outcome="failed"}"#).await, 0.0);

    assert_eq!(server.metric("moss_push_conflicts_total").await, 0.0);
    let late = json!({
        "commitId": Uuid::new_v4(),
        "onVersion": 7,
        "receipts": [],
        "change": {
            "indexId": Uuid::new_v4(), "model": {"id": "custom", "version": ""}, "dimension": 0, "docCount": 0,
            "createdAt": 0, "updatedAt": 0, "jobId": "j", "deleted": false, "segments": [],
        },
    });
    let commit = server
        .request(Method::POST, "/v1/indexes/i/commits")
        .body(late.to_string());
    let (status, body) = answer(commit.header("x-project-id", "p").header("x-project-key", "key")).await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::CONFLICT, &json!("Conflict"))
    );
    assert_eq!(server.metric("moss_push_conflicts_total").await, 1.0);
}

#[tokio::test]
async fn a_service_is_ready_while_its_store_answers() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    let mut options = options();
    options.store = store.to_str().unwrap().to_owned();
    let server = start_with(options).await;
    let ready = async || answer(server.request(Method::GET, "/ready")).await;
    assert_eq!(ready().await, (StatusCode::OK, json!({"status": "ready"})));
    std::fs::remove_dir_all(&store).unwrap();
    std::fs::write(&store, "no directory").unwrap();
    let (status, body) = ready().await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("Io"))
    );
    let (status, _) = answer(server.request(Method::GET, "/health")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_service_with_a_certificate_speaks_tls() {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (
        directory.path().join("cert.pem"),
        directory.path().join("key.pem"),
    );
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut options = options();
    (options.tls_cert, options.tls_key) = (Some(cert), Some(key));
    let server = start_with(options).await;
    assert!(server.url.starts_with("https://127.0.0.1:"));
    let health = format!("{}/health", server.url);
    let trusted = Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let trusting = Client::builder().tls_certs_only([trusted]).build().unwrap();
    assert_eq!(
        trusting.get(&health).send().await.unwrap().status(),
        StatusCode::OK
    );
    assert!(Client::new().get(&health).send().await.is_err());
    let plain = health.replace("https", "http");
    assert!(trusting.get(plain).send().await.is_err());
}

#[tokio::test]
async fn a_bad_certificate_is_told_before_the_service_starts() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let made = rcgen::generate_simple_self_signed(["a".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["b".to_owned()]).unwrap();
    let cert = write("cert.pem", &made.cert.pem());
    let other_key = write("other.pem", &other.signing_key.serialize_pem());
    let text = write("text.pem", "no PEM");
    let missing = directory.path().join("missing.pem");
    for (cert, key, kind, named) in [
        (Some(&cert), None, ErrorKind::InvalidArgument, "both"),
        (Some(&cert), Some(&missing), ErrorKind::Io, "missing.pem"),
        (Some(&missing), Some(&other_key), ErrorKind::Io, "missing.pem"),
        (Some(&cert), Some(&text), ErrorKind::InvalidArgument, "text.pem"),
        (
            Some(&text),
            Some(&other_key),
            ErrorKind::InvalidArgument,
            "text.pem",
        ),
        (
            Some(&cert),
            Some(&other_key),
            ErrorKind::InvalidArgument,
            "other.pem",
        ),
    ] {
        let mut options = options();
        (options.tls_cert, options.tls_key) = (cert.cloned(), key.cloned());
        let error = Server::start(options).await.err().unwrap();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
}
