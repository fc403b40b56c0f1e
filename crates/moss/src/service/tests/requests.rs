//! What is asked again and what is not.

use std::sync::Arc;
use std::time::Duration;

use moss_core::ErrorKind;

use super::stub::{Reply, Stub, no_waits};
use super::{MANAGE, in_turn};
use crate::door::Door;
use crate::service::requests::Waits;
use crate::{Client, block_on};

const AN_HOUR: Duration = Duration::from_secs(3600);

#[test]
fn the_service_says_how_long_to_wait_and_a_refused_change_is_asked_again() {
    let stub = Stub::signed_in(in_turn(vec![
        || Reply::Busy(0),
        || Reply::ok("[]"),
        || Reply::Busy(0),
        || Reply::ok("true"),
    ]));
    let waits = Waits {
        tries: [AN_HOUR; 2],
        ..no_waits()
    };
    let service = stub.service(waits, None);
    assert!(block_on(service.list_indexes()).unwrap().is_empty());
    assert!(block_on(service.delete_index("x")).unwrap());
    assert_eq!(stub.asked(MANAGE).len(), 4);
}

#[test]
fn what_changes_nothing_is_tried_three_times() {
    let replies: [(fn() -> Reply, ErrorKind); 4] = [
        (
            || Reply::Json(500, r#"{"error": "no", "code": "Io"}"#.into()),
            ErrorKind::Io,
        ),
        (|| Reply::Json(503, "<html>".into()), ErrorKind::Network),
        (|| Reply::Cut, ErrorKind::Network),
        (|| Reply::HangUp, ErrorKind::Network),
    ];
    for (reply, kind) in replies {
        let stub = Stub::signed_in(in_turn(vec![reply]));
        let error = block_on(stub.service(no_waits(), None).list_indexes()).unwrap_err();
        assert_eq!((error.kind(), stub.asked(MANAGE).len()), (kind, 3), "{error}");

        let stub = Stub::signed_in(in_turn(vec![reply, reply, || Reply::ok("[]")]));
        block_on(stub.service(no_waits(), None).list_indexes()).unwrap();
    }
}

#[test]
fn a_change_that_may_have_happened_is_not_asked_again() {
    for reply in [
        || Reply::Json(500, String::new()),
        || Reply::Json(503, String::new()),
        || Reply::Cut,
        || Reply::HangUp,
    ] {
        let stub = Stub::signed_in(in_turn(vec![reply]));
        block_on(stub.service(no_waits(), None).delete_index("x")).unwrap_err();
        assert_eq!(stub.asked(MANAGE).len(), 1);
    }
}

#[test]
fn a_refusal_is_final() {
    let stub = Stub::signed_in(|_| Reply::Json(404, r#"{"error": "", "code": "IndexNotFound"}"#.into()));
    let error = block_on(stub.service(no_waits(), None).get_index("x")).unwrap_err();
    assert_eq!(
        (error.kind(), stub.asked(MANAGE).len()),
        (ErrorKind::IndexNotFound, 1)
    );
}

#[test]
fn requests_run_whatever_runtime_asks_for_them() {
    let stub = Stub::signed_in(|_| Reply::ok("[]"));
    let service = stub.service(no_waits(), None);
    let own = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    own.block_on(service.list_indexes()).unwrap();
    // A runtime of one thread stands still while nobody waits on it, and the connection with it, if it was opened there.
    let next = async { tokio::time::timeout(Duration::from_secs(30), service.list_indexes()).await };
    block_on(next).unwrap().unwrap();
}

#[test]
fn a_forked_child_does_not_drop_the_connections_of_its_parent() {
    let client = Client::with_base_url("project", "key", "http://127.0.0.1:1/v1/manage").unwrap();
    let http = || match block_on(client.inner.open_door()).unwrap() {
        Door::Service(service) => Arc::downgrade(&service.http),
        Door::Store(_) => unreachable!("the URL is that of a service"),
    };
    let parents = http();
    // As a fork leaves it: made by another process.
    client.inner.service.lock().as_mut().unwrap().0 ^= 1;
    let own = http();
    assert!(!own.ptr_eq(&parents) && parents.upgrade().is_some());
}

/// Rustls takes its certificates from this file, if it is set.
const CERTIFICATES: &str = "SSL_CERT_FILE";

#[test]
#[cfg(target_os = "linux")]
fn plain_http_needs_no_certificates() {
    if std::env::var_os(CERTIFICATES).is_some_and(|file| file == "/dev/null") {
        let stub = Stub::signed_in(|_| Reply::ok("[]"));
        block_on(stub.service(no_waits(), None).list_indexes()).unwrap();
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "service::tests::requests::plain_http_needs_no_certificates",
        ])
        .env(CERTIFICATES, "/dev/null")
        .output()
        .unwrap();
    assert!(
        child.status.success(),
        "{}",
        String::from_utf8_lossy(&child.stdout)
    );
}
