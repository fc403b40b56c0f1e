//! A real service on a free port, and a client of it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use moss_conformance::contract;
use moss_core::Document;
use moss_serve::{Options, Server};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// The admin token of every service here.
pub(crate) const ADMIN: &str = "admin-token";

/// A service with a store of its own in memory; it stops when this is dropped.
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) http: Client,
    _stop: oneshot::Sender<()>,
}

/// Options over a store that no other test has.
pub(crate) fn options() -> Options {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut options = Options::new(format!("memory://serve-{number}"));
    options.listen = "127.0.0.1:0".to_owned();
    options.register_on_first_use = true;
    options.admin_token = Some(ADMIN.to_owned());
    options
}

pub(crate) async fn start() -> TestServer {
    start_with(options()).await
}

pub(crate) async fn start_with(options: Options) -> TestServer {
    let server = Server::start(options).await.unwrap();
    let url = server.url();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.run(async { _ = stopped.await }));
    TestServer {
        url,
        http: Client::new(),
        _stop: stop,
    }
}

impl TestServer {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// The value of a metric without labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let metrics = self.request(Method::GET, "/metrics").send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap().parse().unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).body(body.to_string())
    }

    /// Status and JSON of a manage action of project `p`.
    pub(crate) async fn manage(&self, action: &str, fields: Value) -> (StatusCode, Value) {
        let mut body = json!({"action": action, "projectId": "p"});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let request = self.post("/v1/manage", &body).header("x-project-key", "key");
        let (status, answer) = answer(request).await;
        if status == StatusCode::OK {
            contract::check_request("ManageRequest", &body);
            contract::check_manage_answer(action, &answer);
        }
        (status, answer)
    }

    /// The answer of a manage action that succeeds.
    pub(crate) async fn done(&self, action: &str, fields: Value) -> Value {
        let (status, answer) = self.manage(action, fields).await;
        assert_eq!(status, StatusCode::OK, "{action}: {answer}");
        answer
    }

    /// The job once it has ended.
    pub(crate) async fn ended(&self, job_id: &str) -> Value {
        loop {
            let job = self.done("getJobStatus", json!({"jobId": job_id})).await;
            if !job["completedAt"].is_null() {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks for an upload of these documents: job id and URL.
    pub(crate) async fn init_upload(&self, name: &str, documents: &[Document]) -> (String, String) {
        let dimension = documents[0].vector().map_or(0, <[f32]>::len);
        let model = if dimension == 0 { "moss-minilm" } else { "custom" };
        let fields = json!({
            "indexName": name, "modelId": model, "docCount": documents.len(), "dimension": dimension,
        });
        let answer = self.done("initUpload", fields).await;
        let text = |field: &str| answer[field].as_str().unwrap().to_owned();
        (text("jobId"), text("uploadUrl"))
    }

    /// Uploads to a URL.
    pub(crate) async fn put(&self, url: &str, upload: Vec<u8>) -> (StatusCode, Value) {
        answer(self.http.put(url).body(upload)).await
    }

    /// Makes an index of these documents and returns its job.
    pub(crate) async fn create(&self, name: &str, documents: &[Document]) -> Value {
        let (job_id, url) = self.init_upload(name, documents).await;
        let upload = moss_proto::bulk::encode(documents).unwrap();
        let (status, answer) = self.put(&url, upload).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let started = self.done("startBuild", json!({"jobId": job_id})).await;
        assert_eq!(started, json!({"jobId": job_id, "status": "building"}));
        self.ended(&job_id).await
    }
}

/// Status and JSON of an answer, which must be what the OpenAPI document says.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = client.execute(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    contract::check_answer(method.as_str(), &path, status.as_u16(), &body);
    (status, body)
}

/// `code` of an error.
pub(crate) fn code(body: &Value) -> &str {
    body["code"].as_str().unwrap()
}

pub(crate) fn doc(id: &str, text: &str, vector: [f32; 2]) -> Document {
    Document::new(id, text).with_embedding(vector)
}

/// Three documents with vectors.
pub(crate) fn three() -> Vec<Document> {
    vec![
        doc("a", "refund for the order", [1.0, 0.0]).with_metadata([("speaker", "customer")]),
        doc("b", "delivery address", [0.0, 1.0]).with_payload("{\"n\": 1}"),
        doc("c", "opening hours", [0.6, 0.8]),
    ]
}

/// Waits until something has come to pass.
pub(crate) async fn wait_for(mut it: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !it().await {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "it never came to pass"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
