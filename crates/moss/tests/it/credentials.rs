//! Clients that ask for a token instead of holding a key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use futures::future::BoxFuture;
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
