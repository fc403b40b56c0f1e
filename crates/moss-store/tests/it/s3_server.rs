//! A bucket on a real S3 server, and what only buckets do: prefixes, signed URLs, refusals and networks that are not there.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};
use std::sync::{Arc, Once};
use std::time::Duration;

use moss_core::ErrorKind;
use moss_store::Store;
use object_store::aws::AmazonS3Builder;
use object_store::prefix::PrefixStore;
use uuid::Uuid;

use crate::Place;
use crate::writer::push;

/// A prefix of its own in the bucket, or `None`, with a word to whoever reads the log, where no server is named.
pub(crate) async fn s3() -> Option<Place> {
    static TOLD: Once = Once::new();
    let Ok(bucket) = std::env::var("MOSS_TEST_S3") else {
        // Not eprintln!, which the test harness hides.
        TOLD.call_once(|| {
            let _ = writeln!(
                io::stderr(),
                "\nNOT RUN: tests over S3. scripts/test-stores runs them.\n"
            );
        });
        return None;
    };
    let prefix = Uuid::new_v4().to_string();
    let name = bucket.strip_prefix("s3://").unwrap();
    let objects = AmazonS3Builder::from_env()
        .with_bucket_name(name)
        .build()
        .unwrap();
    Some(Place {
        store: Store::open(&format!("{bucket}/{prefix}")).unwrap(),
        objects: Arc::new(PrefixStore::new(objects, prefix)),
        _directory: None,
    })
}

/// The status and body of a plain GET, as a client without any credentials makes it.
fn get(url: &url::Url) -> (String, Vec<u8>) {
    let address = (url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(address).unwrap();
    let path = &url[url::Position::BeforePath..];
    let request = format!("GET {path} HTTP/1.0\r\nHost: {}:{}\r\n\r\n", address.0, address.1);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    (
        head.lines().next().unwrap().to_owned(),
        answer[end + 4..].to_vec(),
    )
}

#[tokio::test]
async fn a_signed_url_reads_one_segment_and_nothing_else() {
    let Some(place) = s3().await else { return };
    let index = place.store.project("p").unwrap().index("über all").unwrap();
    let manifest = push(&index, "the bytes").await;
    let hour = Duration::from_secs(3600);
    let url = index
        .sign_segment(manifest.segments[0].id, hour)
        .await
        .unwrap()
        .unwrap();
    let (status, body) = get(&url);
    assert!(status.contains("200"), "{status}");
    assert_eq!(body, b"the bytes");

    let mut other = url.clone();
    other.set_path(&url.path().replace(".seg", ".mf"));
    assert!(get(&other).0.contains("403"));
    let mut unsigned = url;
    unsigned.set_query(None);
    assert!(get(&unsigned).0.contains("403"));
}

#[tokio::test]
async fn prefixes_of_a_bucket_are_stores_of_their_own() {
    let (Some(a), Some(b)) = (s3().await, s3().await) else {
        return;
    };
    push(&a.store.project("p").unwrap().index("x").unwrap(), "a").await;
    let other = b.store.project("p").unwrap();
    assert_eq!(other.index("x").unwrap().head().await.unwrap(), None);
    assert!(b.store.project_names().await.unwrap().is_empty());
    assert_ne!(a.store.secret().await.unwrap(), b.store.secret().await.unwrap());
}

/// Runs a test of this file in a process of its own, for its environment is read once.
fn run_child(child: &str, environment: &[(&str, &str)]) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("s3_server::{child}"), "--nocapture"])
        .env("MOSS_STORE_TEST_CHILD", child)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn is_child(name: &str) -> bool {
    std::env::var("MOSS_STORE_TEST_CHILD").is_ok_and(|child| child == name)
}

fn assert_passed(output: &Output) {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(
        text.contains("the child ran") && output.status.success(),
        "{text}"
    );
}

#[tokio::test]
async fn child_reaches_nobody() {
    if !is_child("child_reaches_nobody") {
        return;
    }
    let store = Store::open("s3://bucket/prefix").unwrap();
    let index = store.project("p").unwrap().index("x").unwrap();
    let error = index.head().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
    let error = store.probe().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
    println!("the child ran");
}

#[test]
fn a_bucket_that_is_not_reached_is_a_network_error() {
    // Nobody listens on port 9, and nobody may.
    assert_passed(&run_child(
        "child_reaches_nobody",
        &[
            ("AWS_ENDPOINT", "http://127.0.0.1:9"),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("NO_PROXY", "*"),
        ],
    ));
}

#[tokio::test]
async fn child_is_refused() {
    if !is_child("child_is_refused") {
        return;
    }
    let store = Store::open(&std::env::var("MOSS_TEST_S3").unwrap()).unwrap();
    let index = store.project("p").unwrap().index("x").unwrap();
    let error = index.head().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "trying again does not help: {error}");
    assert!(error.to_string().ends_with("SignatureDoesNotMatch"), "{error}");
    println!("the child ran");
}

#[tokio::test]
async fn a_bucket_that_refuses_the_key_is_not_a_network_error() {
    if s3().await.is_some() {
        let wrong = [("AWS_SECRET_ACCESS_KEY", "wrong")];
        assert_passed(&run_child("child_is_refused", &wrong));
    }
}

#[tokio::test]
async fn child_finds_no_bucket() {
    if !is_child("child_finds_no_bucket") {
        return;
    }
    let store = Store::open("s3://no-such-bucket").unwrap();
    let index = store.project("p").unwrap().index("x").unwrap();
    let error = index.head().await.unwrap_err();
    assert!(error.to_string().ends_with("NoSuchBucket"), "{error}");
    println!("the child ran");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_no_empty_store() {
    if s3().await.is_some() {
        assert_passed(&run_child("child_finds_no_bucket", &[]));
    }
}
