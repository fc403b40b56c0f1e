//! The token that all requests of a client share.

use futures::FutureExt;
use futures::future::{join, join_all};
use moss_core::ErrorKind;

use super::stub::{Reply, Stub, no_waits};
use super::{MANAGE, TOKENS};
use crate::block_on;
use crate::service::token::{Token, Tokens};

/// A service that gives out `token-1`, `token-2` and so on, and takes only some of them.
fn gives_tokens(expires_in: u64, takes: fn(&str) -> bool) -> Stub {
    let mut given = 0;
    Stub::new(move |request| {
        if request.line.ends_with(TOKENS) {
            given += 1;
            return Reply::token(&format!("token-{given}"), expires_in);
        }
        match takes(&request.token) {
            true => Reply::ok("[]"),
            false => Reply::Json(401, String::new()),
        }
    })
}

#[test]
fn a_refused_token_is_renewed_once() {
    let stub = gives_tokens(3600, |token| token == "token-2");
    let service = stub.service(no_waits(), None);
    block_on(service.list_indexes()).unwrap();
    block_on(service.list_indexes()).unwrap();
    assert_eq!(stub.asked(TOKENS).len(), 2);
    let tokens = stub.asked(MANAGE).into_iter().map(|request| request.token);
    assert_eq!(tokens.collect::<Vec<_>>(), ["token-1", "token-2", "token-2"]);

    let stub = gives_tokens(3600, |_| false);
    let error = block_on(stub.service(no_waits(), None).list_indexes()).unwrap_err();
    assert_eq!(
        (error.kind(), stub.asked(MANAGE).len()),
        (ErrorKind::Unauthorized, 2)
    );
}

#[test]
fn a_token_is_renewed_before_it_ends() {
    let stub = gives_tokens(59, |_| true);
    let service = stub.service(no_waits(), None);
    for number in 1..=3 {
        block_on(service.list_indexes()).unwrap();
        assert_eq!(stub.asked(TOKENS).len(), number);
    }
}

#[test]
fn sessions_that_open_together_share_an_exchange() {
    let (answer, wait) = std::sync::mpsc::channel();
    let stub = Stub::new(move |_| {
        wait.recv().unwrap();
        Reply::token("token", 3600)
    });
    let service = stub.service(no_waits(), None);
    let together = join_all((0..8).map(|_| service.authenticate()));
    // Answered once all have asked.
    block_on(join(together, async { answer.send(()).unwrap() }));
    assert_eq!(stub.asked(TOKENS).len(), 1);
    // The check is of now.
    answer.send(()).unwrap();
    block_on(service.authenticate()).unwrap();
    assert_eq!(stub.asked(TOKENS).len(), 2);
}

fn token(secret: &str) -> Token {
    Token::new(secret.to_owned(), std::time::Instant::now(), 3600)
}

#[test]
fn a_valid_token_is_there_while_another_is_asked_for() {
    let tokens = Tokens::default();
    block_on(tokens.get(|| async { Ok(token("first")) }.boxed())).unwrap();
    let mut renewal = Box::pin(tokens.renew(|| std::future::pending().boxed()));
    assert!(renewal.as_mut().now_or_never().is_none());
    let read = tokens.get(|| unreachable!("a token is held")).now_or_never();
    assert_eq!(read.unwrap().unwrap(), "first");
}

#[test]
fn a_late_refusal_does_not_forget_a_newer_token() {
    let tokens = Tokens::default();
    for name in ["first", "second"] {
        block_on(tokens.renew(|| async { Ok(token(name)) }.boxed())).unwrap();
    }
    tokens.refused("first");
    let read = tokens.get(|| unreachable!("a token is held")).now_or_never();
    assert_eq!(read.unwrap().unwrap(), "second");
    tokens.refused("second");
    let renewed = block_on(tokens.get(|| async { Ok(token("third")) }.boxed()));
    assert_eq!(renewed.unwrap(), "third");
}
