//! Clients that ask for a token instead of holding a key.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};

use futures::future::{BoxFuture, join, join_all};
use moss::{Authenticator, Client, Error, ErrorKind, Result, SessionOptions, block_on};

struct Answer {
    answer: Result<String>,
    asked: AtomicUsize,
}

impl Answer {
    fn new(answer: Result<&str>) -> Arc<Answer> {
        Arc::new(Answer {
            answer: answer.map(str::to_owned),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Authenticator for Answer {
    fn token(&self) -> BoxFuture<'_, Result<String>> {
        self.asked.fetch_add(1, Relaxed);
        Box::pin(async { self.answer.clone() })
    }
}

fn client(store: &tempfile::TempDir, answer: &Arc<Answer>) -> Client {
    Client::with_authenticator("project", answer.clone(), store.path().to_str()).unwrap()
}

#[test]
fn every_call_asks_for_a_token() {
    let store = tempfile::tempdir().unwrap();
    let right = Answer::new(Ok("key"));
    let client = client(&store, &right);
    block_on(client.list_indexes()).unwrap();
    block_on(client.list_indexes()).unwrap();
    block_on(client.session("s", &SessionOptions::new().model_id("custom"))).unwrap();
    assert_eq!(right.asked.load(Relaxed), 3);
}

#[test]
fn a_refused_token_and_a_missing_one_are_unauthorized() {
    let store = tempfile::tempdir().unwrap();
    block_on(client(&store, &Answer::new(Ok("key"))).authenticate()).unwrap();
    let lost = Error::new(ErrorKind::Network, "the token server is away");
    for (answer, message) in [
        (Ok("other"), "not that of project"),
        (Ok(""), "an empty token"),
        (Err(lost), "no token: the token server is away"),
    ] {
        let error = block_on(client(&store, &Answer::new(answer)).list_indexes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert!(error.to_string().contains(message), "{error}");
    }
}

/// A service that refuses every request once the sender is dropped; counts them.
fn refusing() -> (String, mpsc::Sender<Infallible>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/manage", listener.local_addr().unwrap());
    let (answer, told) = mpsc::channel();
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            _ = stream.read(&mut request).unwrap();
            counted.fetch_add(1, Relaxed);
            _ = told.recv();
            let body = r#"{"code": "Unauthorized", "error": "not this key"}"#;
            let head = format!(
                "HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        }
    });
    (url, answer, requests)
}

#[test]
fn calls_that_wait_for_one_token_fail_with_it() {
    let (url, answer, requests) = refusing();
    let client = Client::with_base_url("project", "key", &url).unwrap();
    // All calls have begun when the last future of the round is asked.
    let calls = join_all((0..8).map(|_| client.list_indexes()));
    let answered = block_on(join(calls, async move { drop(answer) })).0;
    for call in answered {
        let error = call.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Unauthorized, "not this key")
        );
    }
    assert_eq!(requests.load(Relaxed), 1, "one exchange for all");
}
