//! Loads and pushes behind a service that loses and damages things, over a real store.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use moss_cloud::{Base, Cloud, CommitSpec, OnConflict, Project, ReadVersions};
use moss_core::query::{AddOptions, GetOptions};
use moss_core::session::{Model, Session};
use moss_core::{Document, ErrorKind, Result};
use moss_proto::ErrorBody;
use moss_proto::indexes::{CommitAnswer, CommitRequest, SegmentAnswer};
use moss_store::KeptIndex;

use super::stub::{Reply, Request, Stub, no_waits};
use crate::block_on;
use crate::service::index::RemoteIndex;

/// A project in a store of its own.
fn project() -> Project {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let url = format!("memory://stub-{}", NEXT.fetch_add(1, Relaxed));
    block_on(Cloud::open(&url).unwrap().project("project", "key")).unwrap()
}

fn doc(id: &str) -> Vec<Document> {
    vec![Document::new(id, id).with_embedding([1.0])]
}

/// Answers the requests about versions of the index `x` as a service over the project does.
fn serve(project: &Project, request: &Request) -> Reply {
    let answer = block_on(answer(project, request));
    answer.unwrap_or_else(|error| {
        let status = moss_proto::status(error.kind());
        Reply::Json(status, serde_json::to_string(&ErrorBody::new(&error)).unwrap())
    })
}

async fn answer(project: &Project, request: &Request) -> Result<Reply> {
    let json = |value: serde_json::Result<String>| Reply::ok(value.unwrap());
    let (path, query) = request.line.split_once('?').unwrap_or((&request.line, ""));
    let version = query
        .strip_prefix("version=")
        .map(|version| version.parse().unwrap());
    let segment = || path.rsplit('/').next().unwrap().parse().unwrap();
    Ok(match path.split_once("/x/").unwrap() {
        (_, "manifest") => match project.manifest("x", version).await? {
            Some(manifest) => json(serde_json::to_string(&manifest)),
            None => Reply::Json(404, r#"{"error": "", "code": "IndexNotFound"}"#.to_owned()),
        },
        (_, "commits") => {
            let asked: CommitRequest = serde_json::from_slice(&request.body).unwrap();
            let spec = CommitSpec {
                commit_id: asked.commit_id,
                on_version: asked.on_version,
                change: asked.change,
                receipts: asked.receipts,
            };
            let committed = project.commit("x", spec).await?;
            json(serde_json::to_string(&CommitAnswer {
                manifest: committed.manifest,
                compacted: committed.compacted,
            }))
        }
        (method, _) if method.starts_with("PUT") => {
            let body = request.body.clone().into();
            let stored = project
                .receive_segment("x", segment(), version.unwrap(), body)
                .await?;
            json(serde_json::to_string(&SegmentAnswer {
                entry: stored.entry,
                receipt: stored.receipt,
            }))
        }
        _ => Reply::Bytes(project.segment("x", segment()).await?.unwrap().to_vec()),
    })
}

#[test]
fn what_is_deleted_after_an_unanswered_push_stays_deleted() {
    for on_conflict in [OnConflict::Merge, OnConflict::Fail] {
        let (project, loses) = (project(), Arc::new(AtomicBool::new(true)));
        let (served, is_lost) = (project.clone(), loses.clone());
        let stub = Stub::signed_in(move |request| {
            let reply = serve(&served, request);
            match request.line.ends_with("/commits") && is_lost.load(Relaxed) {
                true => Reply::HangUp,
                false => reply,
            }
        });
        let service = stub.service(no_waits(), None);
        let (session, mut base) = (Session::new(Model::Custom).unwrap(), Base::default());
        session
            .add_docs([doc("a"), doc("x")].concat(), &AddOptions::new())
            .unwrap();
        let pushed = block_on(service.push("x", &session, &mut base, on_conflict));
        assert_eq!(pushed.unwrap_err().kind(), ErrorKind::Network);
        assert_eq!(stub.asked("/commits").len(), 3);
        session.delete_docs(&["x"]).unwrap();
        loses.store(false, Relaxed);
        block_on(service.push("x", &session, &mut base, on_conflict)).unwrap();
        let held = session.get_docs(&GetOptions::new()).unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(block_on(project.get_docs("x", None)).unwrap().len(), 1);
    }
}

/// An index `x` of two segments.
fn two_segments() -> Project {
    let project = project();
    block_on(project.create_index("x", doc("a"), None)).unwrap();
    block_on(project.add_docs("x", doc("b"), AddOptions::new())).unwrap();
    project
}

/// The files of segments below a folder.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(segments(&path)),
            false if path.extension().is_some_and(|suffix| suffix == "seg") => found.push(path),
            false => {}
        }
    }
    found
}

#[test]
fn a_damaged_kept_segment_is_fetched_again_and_no_other() {
    let (project, cache) = (two_segments(), tempfile::tempdir().unwrap());
    let stub = Stub::signed_in(move |request| serve(&project, request));
    let service = stub.service(no_waits(), Some(cache.path()));
    let load = || block_on(service.load("x", None, None)).unwrap().unwrap();
    for fetched in [2, 2] {
        load();
        assert_eq!(stub.asked("/segments/").len(), fetched);
    }
    let file = segments(cache.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let mut bytes = whole.clone();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    load();
    assert_eq!(stub.asked("/segments/").len(), 3);
    assert_eq!(fs::read(&file).unwrap(), whole);
}

#[test]
fn a_load_that_breaks_off_is_not_begun_anew() {
    let (project, cache) = (two_segments(), tempfile::tempdir().unwrap());
    let (folder, mut asked) = (cache.path().to_owned(), 0);
    let stub = Stub::signed_in(move |request| {
        asked += usize::from(request.line.contains("/segments/"));
        if !request.line.contains("/segments/") || !(2..=4).contains(&asked) {
            return serve(&project, request);
        }
        // The second is refused, each time that it is tried, once the first is there.
        while segments(&folder).is_empty() {
            std::thread::yield_now();
        }
        Reply::Json(500, String::new())
    });
    let service = stub.service(no_waits(), Some(cache.path()));
    let load = || block_on(service.load("x", None, None));
    load().unwrap_err();
    load().unwrap();
    // One, three tries of the other, and that one again.
    assert_eq!(stub.asked("/segments/").len(), 5);
}

#[test]
fn a_damaged_download_is_tried_again() {
    let project = two_segments();
    let manifest = block_on(project.manifest("x", None)).unwrap().unwrap();
    let mut is_first = true;
    let stub = Stub::signed_in(move |request| match std::mem::take(&mut is_first) {
        true => Reply::Bytes(b"damaged".to_vec()),
        false => serve(&project, request),
    });
    let service = stub.service(no_waits(), None);
    let index = RemoteIndex::new(service.http, "x", None).unwrap();
    block_on(index.read_segment(&manifest.segments[0])).unwrap();
    assert_eq!(stub.asked("/segments/").len(), 2);
}

#[test]
fn a_push_reads_what_is_kept_and_does_not_fetch_it() {
    let project = two_segments();
    let manifest = block_on(project.manifest("x", None)).unwrap().unwrap();
    let entry = &manifest.segments[0];
    let bytes = block_on(project.segment("x", entry.id)).unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptIndex::new(folder.path(), "origin", "project", "x");
    kept.keep_segment(entry, &bytes).unwrap();
    let stub = Stub::signed_in(|_| Reply::Json(500, String::new()));
    let service = stub.service(no_waits(), None);
    let index = RemoteIndex::new(service.http, "x", Some(kept)).unwrap();
    assert_eq!(block_on(index.read_segment(entry)).unwrap(), bytes);
    assert!(stub.asked("/segments/").is_empty());
}

#[test]
fn the_cache_is_measured_by_what_is_written() {
    let (project, cache) = (two_segments(), tempfile::tempdir().unwrap());
    let stub = Stub::signed_in(move |request| serve(&project, request));
    let service = stub.service(no_waits(), Some(cache.path()));
    // The first load measures, whatever it writes.
    assert!(service.written.load(Relaxed) > 0);
    block_on(service.load("x", None, None)).unwrap();
    assert_eq!(service.written.load(Relaxed), 0);
    let kept: u64 = segments(cache.path())
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    fs::remove_dir_all(cache.path()).unwrap();
    block_on(service.load("x", None, None)).unwrap();
    assert!(service.written.load(Relaxed) >= kept);
}
