//! A real service on a free port, and a client of it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use moss_serve::{Options, Server};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

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

    /// Status and JSON of a manage action of project `p`.
    pub(crate) async fn manage(&self, action: &str, fields: Value) -> (StatusCode, Value) {
        let mut body = json!({"action": action, "projectId": "p"});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let request = self
            .request(Method::POST, "/v1/manage")
            .header("x-project-key", "key");
        answer(request.body(body.to_string())).await
    }
}

/// Status and JSON of an answer; every answer of the service is JSON.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status(), response.json().await.unwrap())
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
