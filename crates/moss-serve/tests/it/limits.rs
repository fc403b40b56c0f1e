//! Clients that send too much, too slowly or too often, and those beside them who are served all the same.

use std::num::NonZeroU32;
use std::time::Duration;

use moss_core::Document;
use reqwest::{Body, Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{TestServer, answer, options, start, start_with, wait_for};

/// A connection that has sent this.
async fn connect(server: &TestServer, sent: &str) -> TcpStream {
    let address = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// The head of a query with a body of so many bytes.
fn head(bytes: u64) -> String {
    format!("POST /query HTTP/1.1\r\nhost: moss\r\ncontent-length: {bytes}\r\n\r\n")
}

async fn until_closed(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn is_healthy(server: &TestServer) {
    let (status, body) = answer(server.request(Method::GET, "/health")).await;
    assert_eq!((status, body), (StatusCode::OK, json!({"status": "ok"})));
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_before_it_is_sent() {
    let server = start().await;
    let mut stream = connect(&server, &head((64 << 20) + 1)).await;
    let mut answer = vec![0; 1024];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains(r#""code":"TooLarge""#), "{answer}");
    is_healthy(&server).await;
}

#[tokio::test]
async fn a_body_of_unknown_length_is_cut_at_the_limit() {
    let mut options = options();
    options.upload_bytes = 1 << 20;
    let server = start_with(options).await;
    let chunks = (0..32).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 << 10]));
    let body = Body::wrap_stream(futures::stream::iter(chunks));
    let (status, body) = answer(server.request(Method::POST, "/query").body(body)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(body["code"], "TooLarge");
}

#[tokio::test]
async fn a_client_that_sends_no_more_is_cut_off() {
    let mut options = options();
    options.body_timeout = Duration::from_millis(100);
    let server = start_with(options).await;
    let slow = connect(&server, &format!("{}{{\"query\": ", head(1000))).await;
    is_healthy(&server).await;
    let answer = until_closed(slow).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_headers_is_cut_off() {
    let mut options = options();
    options.header_timeout = Duration::from_millis(100);
    let server = start_with(options).await;
    let slow = connect(&server, "POST /query HTTP/1.1\r\nhost: mo").await;
    let silent = connect(&server, "").await;
    is_healthy(&server).await;
    assert_eq!(until_closed(silent).await, "");
    until_closed(slow).await;
}

#[tokio::test]
async fn a_body_that_ends_early_is_refused() {
    let server = start().await;
    let mut stream = connect(&server, &format!("{}{{\"query\": ", head(1000))).await;
    stream.shutdown().await.unwrap();
    let answer = until_closed(stream).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    is_healthy(&server).await;
}

#[tokio::test]
async fn large_bodies_wait_for_room_and_are_refused_if_none_comes() {
    let mut options = options();
    options.upload_bytes = 1 << 20;
    options.body_timeout = Duration::from_millis(500);
    let server = start_with(options).await;
    // All the room but 1 KiB, held by a client that is not done.
    let bytes = (1 << 20) + (63 << 10);
    let mut holder = connect(&server, &head(1 << 20)).await;
    let most = " ".repeat((1 << 20) - 200);
    holder.write_all(most.as_bytes()).await.unwrap();
    // It brings a byte now and then, or it would be cut off.
    let holder = tokio::spawn(async move {
        while holder.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    wait_for(async || server.metric("moss_http_body_bytes").await >= (bytes - (128 << 10)) as f64).await;

    let large = || server.request(Method::POST, "/query").body(" ".repeat(512 << 10));
    let refused = large().send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "1");
    // Small ones need no room.
    let (status, _) = server.manage("listIndexes", json!({})).await;
    assert_eq!(status, StatusCode::OK);

    holder.abort();
    wait_for(async || server.metric("moss_http_body_bytes").await == 0.0).await;
    let (status, body) = answer(large()).await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::BAD_REQUEST, &Value::from("InvalidArgument"))
    );
}

#[tokio::test]
async fn a_project_above_its_rate_is_told_to_wait_and_others_are_not() {
    let mut options = options();
    options.rate_limit = NonZeroU32::new(2);
    let server = start_with(options).await;
    let query = async |project: &str| {
        let body = json!({"projectId": project, "projectKey": "k", "indexName": "none", "query": "q"});
        server
            .request(Method::POST, "/query")
            .body(body.to_string())
            .send()
            .await
            .unwrap()
    };
    let mut refused = None;
    // A slow machine may let one more through.
    for _ in 0..20 {
        let answer = query("p").await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "RateLimited");
    assert_eq!(query("q").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_client_that_reads_no_more_is_cut_off_and_its_answer_freed() {
    let mut options = options();
    options.body_timeout = Duration::from_millis(300);
    let server = start_with(options).await;
    // More than the buffers of a connection take.
    let documents: Vec<Document> = (0..2000)
        .map(|number| Document::new(number.to_string(), "").with_embedding(vec![1.0; 4096]))
        .collect();
    server.create("large", &documents).await;
    let links = server.done("getIndexUrl", json!({"indexName": "large"})).await;
    let url = links["indexUrl"].as_str().unwrap();
    let path = url.strip_prefix(&server.url).unwrap();
    let get = format!("GET {path} HTTP/1.1\r\nhost: moss\r\n\r\n");
    let mut deaf = connect(&server, &get).await;
    let mut head = [0; 12];
    deaf.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    assert!(
        server.metric("moss_http_body_bytes").await > 30e6,
        "held while it is sent"
    );
    wait_for(async || server.metric("moss_http_body_bytes").await == 0.0).await;
    // What the buffers hold still arrives, and then the end instead of the rest.
    let mut rest = Vec::new();
    _ = deaf.read_to_end(&mut rest).await;
    assert!(rest.len() < 30_000_000, "{} bytes", rest.len());
    is_healthy(&server).await;
}
