//! The download against servers that work, cut, lie and are not there.

use std::fs;
use std::path::Path;

use moss_core::embed::{Embedder, Encoder, ModelSpec};
use moss_core::{Error, ErrorKind, Result};
use moss_models::{Places, locate};
use tempfile::TempDir;

use crate::hub::{Hub, Manner};
use crate::{nowhere, published, tiny};

fn places(cache: &Path, hub: &str) -> Places {
    Places {
        cache: Some(cache.to_owned()),
        hub: Some(hub.to_owned()),
        ..nowhere()
    }
}

async fn fetch(hub: &Hub, cache: &TempDir) -> Result<()> {
    let path = locate(&tiny(), &places(cache.path(), &hub.url)).await?;
    assert_eq!(path, cache.path().join("tiny-bge.moss"));
    let vector = Encoder::open(&path, &tiny())
        .unwrap()
        .embed_query("money")
        .unwrap();
    let expected = Encoder::open(&published(), &tiny())
        .unwrap()
        .embed_query("money")
        .unwrap();
    assert_eq!(vector, expected);
    Ok(())
}

fn assert_unavailable(error: &Error, parts: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::ModelUnavailable);
    for part in parts {
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
    }
}

/// What a download leaves in the cache besides its lock.
fn left(cache: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(cache.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".lock")).collect()
}

#[tokio::test]
async fn a_model_is_downloaded_once() {
    let (hub, cache) = (Hub::start(Manner::Good).await, TempDir::new().unwrap());
    fetch(&hub, &cache).await.unwrap();
    assert_eq!(
        hub.requests(),
        ["config.json", "tokenizer.json", "model.safetensors"]
    );
    assert_eq!(left(&cache), ["tiny-bge.moss"]);
    fetch(&hub, &cache).await.unwrap();
    assert_eq!(hub.requests().len(), 3);
}

#[tokio::test]
async fn two_at_once_download_once() {
    let (hub, cache) = (Hub::start(Manner::Good).await, TempDir::new().unwrap());
    let (one, two) = tokio::join!(fetch(&hub, &cache), fetch(&hub, &cache));
    one.unwrap();
    two.unwrap();
    assert_eq!(hub.requests().len(), 3);
}

#[tokio::test]
async fn a_cut_connection_is_continued() {
    let (hub, cache) = (
        Hub::start(Manner::CutsAfter(50_000)).await,
        TempDir::new().unwrap(),
    );
    fetch(&hub, &cache).await.unwrap();
    let requests = hub.requests();
    assert_eq!(
        requests[2..],
        [
            "model.safetensors",
            "model.safetensors 50000",
            "model.safetensors 100000"
        ]
    );
}

#[tokio::test]
async fn a_server_without_ranges_starts_again() {
    let (hub, cache) = (Hub::start(Manner::IgnoresRanges).await, TempDir::new().unwrap());
    fetch(&hub, &cache).await.unwrap();
    assert_eq!(hub.requests().len(), 4);
}

#[tokio::test]
async fn what_a_killed_process_left_is_continued() {
    let (hub, cache) = (Hub::start(Manner::Good).await, TempDir::new().unwrap());
    let parts = cache.path().join("tiny-bge.download");
    fs::create_dir(&parts).unwrap();
    let whole = fs::read(published().join("model.safetensors")).unwrap();
    fs::write(parts.join("model.safetensors"), &whole[..777]).unwrap();
    fs::copy(published().join("config.json"), parts.join("config.json")).unwrap();
    fetch(&hub, &cache).await.unwrap();
    assert_eq!(hub.requests()[2], "model.safetensors 777");
}

#[tokio::test]
async fn without_a_pinned_hash_nothing_old_is_continued() {
    let (hub, cache) = (Hub::start(Manner::Good).await, TempDir::new().unwrap());
    let parts = cache.path().join("tiny-bge.download");
    fs::create_dir(&parts).unwrap();
    fs::write(parts.join("model.safetensors"), "old").unwrap();
    let unpinned = ModelSpec {
        weights_sha256: None,
        ..tiny()
    };
    locate(&unpinned, &places(cache.path(), &hub.url)).await.unwrap();
    assert_eq!(hub.requests()[2], "model.safetensors");
}

#[tokio::test]
async fn other_bytes_are_refused_and_not_kept() {
    let (hub, cache) = (Hub::start(Manner::Wrong).await, TempDir::new().unwrap());
    let error = fetch(&hub, &cache).await.unwrap_err();
    assert_unavailable(
        &error,
        &["moss-tiny", "model.safetensors", "SHA-256", "is expected"],
    );
    assert!(left(&cache).is_empty());
}

#[tokio::test]
async fn an_absent_file_names_model_places_and_fix() {
    let (hub, cache) = (Hub::start(Manner::Lacks).await, TempDir::new().unwrap());
    let error = fetch(&hub, &cache).await.unwrap_err();
    let folder = cache.path().to_str().unwrap();
    assert_unavailable(
        &error,
        &["moss-tiny", folder, "404", "MOSS_MODEL_DIR", "tiny-bge.moss"],
    );
}

#[tokio::test]
async fn a_connection_that_brings_nothing_ends_it() {
    let (hub, cache) = (Hub::start(Manner::CutsAfter(0)).await, TempDir::new().unwrap());
    let error = fetch(&hub, &cache).await.unwrap_err();
    assert_unavailable(&error, &["the connection was lost"]);
}

#[tokio::test]
async fn a_hub_that_is_not_there_is_said_so() {
    let cache = TempDir::new().unwrap();
    // Bound and dropped: nothing listens on this port now.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let places = places(cache.path(), &format!("http://{port}"));
    let error = locate(&tiny(), &places).await.unwrap_err();
    assert_unavailable(
        &error,
        &["moss-tiny", "the hub was not reached", "MOSS_MODEL_DIR"],
    );
}
