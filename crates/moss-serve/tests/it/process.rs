//! The service as a process of its own: what it logs, how it ends, how many connections it holds.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use moss_serve::{LogFormat, Options};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::wait_for;

/// Set for the process that is the service.
const SERVE: &str = "MOSS_TEST_SERVE";
/// Where its store is, if not in memory.
const STORE: &str = "MOSS_TEST_STORE";

/// No test of its own: what the tests here start as a process.
#[test]
fn serve() {
    let Ok(drain) = std::env::var(SERVE) else {
        return;
    };
    let store = std::env::var(STORE).unwrap_or_else(|_| "memory://process".to_owned());
    let mut options = Options::new(store);
    options.listen = "127.0.0.1:0".to_owned();
    options.register_on_first_use = true;
    options.log_format = LogFormat::Json;
    options.drain = Duration::from_millis(drain.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(moss_serve::serve(options)).unwrap();
    std::process::exit(0);
}

/// A service in a process. It is killed when this is dropped.
struct Service {
    child: Child,
    url: String,
    address: String,
}

impl Service {
    fn start(drain: Duration, variables: &[(&str, &str)]) -> Service {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::serve", "--nocapture"])
            .env(SERVE, drain.as_millis().to_string())
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .find_map(|line| Some(line.unwrap().split_once("moss serves at ")?.1.to_owned()))
            .unwrap();
        Service {
            address: url.trim_start_matches("http://").to_owned(),
            child,
            url,
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end of the process: its status, and all that it wrote to its log.
    fn ended(mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap(), log)
    }

    /// Sends the head of a query and keeps its body back.
    async fn begin_query(&self) -> (TcpStream, String) {
        let body =
            json!({"projectId": "p", "projectKey": "k", "indexName": "none", "query": "q"}).to_string();
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let head = format!(
            "POST /query HTTP/1.1\r\nhost: moss\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        (stream, body)
    }

    async fn stops_listening(&self) {
        wait_for(async || TcpStream::connect(&self.address).await.is_err()).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[tokio::test]
async fn requests_in_flight_are_answered_before_the_process_ends() {
    let service = Service::start(Duration::from_secs(60), &[]);
    let (mut stream, body) = service.begin_query().await;
    service.is_answering(1).await;
    service.signal("-TERM");
    service.stops_listening().await;
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let (status, log) = service.ended();
    assert!(status.success(), "{log}");
}

#[tokio::test]
async fn a_request_that_never_ends_is_not_waited_for_beyond_the_drain() {
    let service = Service::start(Duration::from_millis(100), &[]);
    let (_stream, _) = service.begin_query().await;
    service.is_answering(1).await;
    service.signal("-INT");
    let (status, log) = service.ended();
    assert!(status.success(), "{log}");
}

#[tokio::test]
async fn a_job_under_way_ends_before_the_process_does() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().to_str().unwrap();
    let service = Service::start(Duration::from_secs(60), &[(STORE, store)]);
    let document = |id: usize| json!({"id": id.to_string(), "text": "a turn", "embedding": [1.0, id as f32]});
    let client = moss::Client::with_base_url("p", "k", &format!("{}/v1/manage", service.url)).unwrap();
    let first = moss::Document::new("first", "a turn").with_embedding([1.0, 0.0]);
    client.create_index("i", vec![first], None).await.unwrap();
    let docs: Vec<Value> = (0..20_000).map(document).collect();
    let add = json!({"action": "addDocs", "projectId": "p", "indexName": "i", "docs": docs});
    let request = reqwest::Client::new().post(format!("{}/v1/manage", service.url));
    let request = request.header("x-project-key", "k").body(add.to_string());
    let job: Value = request.send().await.unwrap().json().await.unwrap();
    service.signal("-TERM");
    let (status, log) = service.ended();
    assert!(status.success(), "{log}");

    let client = moss::Client::with_base_url("p", "k", store).unwrap();
    let job = client
        .get_job_status(job["jobId"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(job.status, "completed");
    assert_eq!(client.get_index("i").await.unwrap().doc_count, 20_001);
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let service = Service::start(Duration::from_secs(3600), &[]);
    let (_stream, _) = service.begin_query().await;
    service.is_answering(1).await;
    service.signal("-TERM");
    service.stops_listening().await;
    service.signal("-TERM");
    assert_eq!(service.ended().0.code(), Some(1));
}

#[tokio::test]
async fn a_thousand_idle_connections_harm_nobody() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let service = Service::start(Duration::ZERO, &[]);
    let mut idle = Vec::new();
    for _ in 0..1000 {
        idle.push(TcpStream::connect(&service.address).await.unwrap());
    }
    service.is_answering(1000).await;
    let http = reqwest::Client::new();
    for _ in 0..20 {
        let health = http.get(format!("{}/health", service.url)).send().await.unwrap();
        assert_eq!(health.status(), StatusCode::OK);
    }
    for mut stream in [idle.swap_remove(0), idle.swap_remove(500)] {
        let request = b"GET /health HTTP/1.1\r\nhost: moss\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains(r#"{"status":"ok"}"#), "{answer}");
    }
}

impl Service {
    /// Waits until so many connections besides our own were taken.
    async fn is_answering(&self, connections: usize) {
        wait_for(async || {
            let metrics = reqwest::get(format!("{}/metrics", self.url)).await.unwrap();
            let metrics = metrics.text().await.unwrap();
            let line = metrics
                .lines()
                .find_map(|line| line.strip_prefix("moss_http_connections "));
            line.unwrap().parse::<usize>().unwrap() > connections
        })
        .await;
    }
}

#[tokio::test]
async fn the_log_tells_of_every_request_and_shows_no_key_token_or_text() {
    let service = Service::start(Duration::ZERO, &[("RUST_LOG", "trace")]);
    let http = reqwest::Client::new();
    let url = &service.url;
    let (key, text, grant) = ("a-key-nobody-sees", "a text nobody sees", "a-grant-nobody-sees");
    let post = |path: &str, id: &'static str, body: String| {
        let request = http.post(format!("{url}{path}")).header("x-request-id", id);
        request.header("x-project-key", key).body(body)
    };
    let docs = json!([{"id": "1", "text": text, "embedding": [1.0, 0.0]}]);
    let add = json!({"action": "addDocs", "projectId": "p", "indexName": "i", "docs": docs});
    let query = json!({"projectId": "p", "projectKey": key, "indexName": "i", "query": text});
    let wrong =
        json!({"projectId": "p", "projectKey": "other-key-nobody-sees", "indexName": "i", "query": text});
    for request in [
        post("/v1/manage", "add", add.to_string()),
        post(
            "/v1/manage",
            "bad-json",
            format!("{{\"action\": \"{text}\"{text}"),
        ),
        post("/query", "query", query.to_string()),
        post("/query", "wrong-key", wrong.to_string()),
        post("/v1/manage", "bearer", add.to_string()).bearer_auth(grant),
        http.put(format!("{url}/v1/uploads?grant={grant}"))
            .header("x-request-id", "grant")
            .body(text),
        http.get(format!("{url}/{grant}?grant={grant}"))
            .header("x-request-id", "lost"),
    ] {
        request.send().await.unwrap().bytes().await.unwrap();
    }
    service.signal("-TERM");
    let (_, log) = service.ended();
    for secret in ["nobody-sees", "nobody sees"] {
        let shown = log.lines().find(|line| line.contains(secret));
        assert_eq!(shown, None);
    }
    let answered: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["message"] == "answered" && line["span"]["id"] != Value::Null)
        .collect();
    let of = |id: &str| {
        let mut lines = answered.iter().filter(|line| line["span"]["id"] == id);
        let line = lines.next().unwrap_or_else(|| panic!("no line of {id}: {log}"));
        assert!(lines.next().is_none(), "two lines of {id}");
        line
    };
    assert_eq!(of("query")["span"]["route"], "/query");
    assert_eq!(of("query")["span"]["project"], "p");
    assert_eq!(of("query")["status"], 404);
    assert_eq!(of("query")["code"], "IndexNotFound");
    assert!(of("query")["ms"].as_f64().is_some());
    assert_eq!(of("wrong-key")["status"], 403);
    assert_eq!(of("wrong-key")["span"].get("project"), None);
    assert_eq!(of("bearer")["status"], 401);
    assert_eq!(of("bad-json")["status"], 400);
    assert_eq!(of("lost")["span"]["route"], "none");
    for id in ["add", "grant"] {
        assert!(of(id)["status"].is_u64());
    }
}

#[tokio::test]
async fn spans_reach_a_collector_in_the_trace_of_the_caller() {
    let (sent, mut exports) = tokio::sync::mpsc::unbounded_channel();
    let collect = async move |headers: axum::http::HeaderMap, body: axum::body::Bytes| {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        sent.send(body).unwrap();
    };
    let collector = axum::Router::new().route("/v1/traces", axum::routing::post(collect));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, collector).into_future());

    let service = Service::start(
        Duration::from_secs(60),
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), ("RUST_LOG", "off")],
    );
    let http = reqwest::Client::new();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = http.get(format!("{}/health", service.url));
    request.header("traceparent", traceparent).send().await.unwrap();
    service.signal("-TERM");
    // What was not sent yet is sent at the end.
    let export = tokio::time::timeout(Duration::from_secs(60), exports.recv()).await;
    let export = export.unwrap().unwrap();
    // Fields of a span in protobuf: trace id 1, parent 4, name 5, kind 6 (2 is a server).
    let has = |field: u8, value: &[u8]| {
        let mut bytes = vec![field << 3 | 2, value.len() as u8];
        bytes.extend(value);
        export.windows(bytes.len()).any(|window| window == bytes)
    };
    assert!(has(1, &hex("0af7651916cd43dd8448eb211c80319c")));
    assert!(has(4, &hex("b7ad6b7169203331")));
    assert!(has(5, b"GET /health"));
    assert!(export.windows(2).any(|window| window == [6 << 3, 2]));
}

fn hex(digits: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(digit).collect()
}
