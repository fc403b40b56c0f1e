//! Indexes in memory: opened once, brought forward, and let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::{join_all, try_join_all};
use moss_cloud::{Base, Cloud, CloudOptions, OnConflict, Project};
use moss_core::query::{AddOptions, QueryOptions, ScoredDocument};
use moss_core::session::{Model, Session};
use moss_core::{Document, ErrorKind};

use crate::support::{Place, completed, doc, docs, ids, quick};

async fn open(place: &Place, options: CloudOptions) -> (Arc<Cloud>, Project) {
    let cloud = place.cloud(options);
    let project = cloud.project("project", "key").await.unwrap();
    (cloud, project)
}

async fn query(project: &Project, index: &str) -> moss_core::Result<Vec<ScoredDocument>> {
    let options = QueryOptions::new().embedding([1.0, 2.0]).alpha(0.5).top_k(1000);
    project.query(index, "text of document", &options).await
}

/// What any query may depend on: all documents, and how they rank.
async fn content(project: &Project) -> (Vec<Document>, Vec<ScoredDocument>) {
    let documents = project.get_docs("x", None).await.unwrap();
    (documents, query(project, "x").await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_first_queries_open_the_index_once() {
    let place = Place::new();
    let (_, writer) = open(&place, quick()).await;
    writer.create_index("x", docs(0..100), None).await.unwrap();
    let (cloud, project) = open(&place, quick()).await;
    let queries = (0..200).map(|_| {
        let project = project.clone();
        tokio::spawn(async move { query(&project, "x").await.unwrap().len() })
    });
    assert!(
        try_join_all(queries)
            .await
            .unwrap()
            .iter()
            .all(|found| *found == 100)
    );
    let stats = cloud.cache_stats();
    assert_eq!(
        (stats.misses, stats.hits, stats.catch_ups),
        (1, 199, 0),
        "{stats:?}"
    );
    assert_eq!(stats.indexes, 1);

    // Nor is a name that is not there looked up by each.
    let none = join_all((0..20).map(|_| query(&project, "y"))).await;
    let is_missing =
        |found: &moss_core::Result<_>| found.as_ref().unwrap_err().kind() == ErrorKind::IndexNotFound;
    assert!(none.iter().all(is_missing));
    assert_eq!(cloud.cache_stats().indexes, 1);
}

#[tokio::test]
async fn a_query_sees_what_another_process_pushed_before_it_and_reads_no_more_than_that() {
    let place = Place::new();
    let (_, writer) = open(&place, quick()).await;
    writer.create_index("x", docs(0..50), None).await.unwrap();
    let (cloud, reader) = open(&place, quick()).await;
    // More than one compaction comes in between.
    for number in 50..80 {
        writer
            .add_docs("x", docs(number..number + 1), AddOptions::new())
            .await
            .unwrap();
        let found = query(&reader, "x").await.unwrap();
        assert_eq!(found.len(), number + 1);
    }
    // And several while nobody asked.
    for number in 80..100 {
        writer
            .add_docs("x", docs(number..number + 1), AddOptions::new())
            .await
            .unwrap();
    }
    writer
        .delete_docs("x", &["d99".into(), "d3".into()])
        .await
        .unwrap();
    assert_eq!(query(&reader, "x").await.unwrap().len(), 98);
    let stats = cloud.cache_stats();
    assert_eq!((stats.misses, stats.catch_ups), (1, 30), "{stats:?}");
    let (_, fresh) = open(&place, quick()).await;
    assert_eq!(content(&reader).await, content(&fresh).await);
}

#[tokio::test]
async fn a_job_is_seen_when_it_is_completed_and_reads_no_index_again() {
    let place = Place::new();
    let (cloud, project) = open(&place, quick()).await;
    project.create_index("x", docs(0..2), None).await.unwrap();
    let job = project
        .submit_add("x", docs(2..4), AddOptions::new())
        .await
        .unwrap();
    completed(&project, &job).await;
    assert_eq!(ids(&project, "x").await, ["d0", "d1", "d2", "d3"]);
    let job = project.submit_delete("x", &["d0".into()]).await.unwrap();
    completed(&project, &job).await;
    assert_eq!(ids(&project, "x").await, ["d1", "d2", "d3"]);
    assert_eq!(cloud.cache_stats().misses, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_whole_versions_while_others_write() {
    const PARTS: usize = 3;
    let place = Place::new();
    let (_, writer) = open(&place, quick()).await;
    let turn = |number: usize| -> Vec<Document> {
        (0..PARTS)
            .map(|part| doc(&format!("{number}/{part}"), "text"))
            .collect()
    };
    writer.create_index("x", turn(0), None).await.unwrap();
    let (_, reader) = open(&place, quick()).await;
    let is_done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (reader, is_done) = (reader.clone(), is_done.clone());
            tokio::spawn(async move {
                let mut seen = 0;
                while !is_done.load(Ordering::Relaxed) {
                    let found = query(&reader, "x").await.unwrap().len();
                    assert!(found % PARTS == 0 && found >= seen, "{found} after {seen}");
                    seen = found;
                }
            })
        })
        .collect();
    for number in 1..25 {
        writer
            .add_docs("x", turn(number), AddOptions::new())
            .await
            .unwrap();
    }
    is_done.store(true, Ordering::Relaxed);
    try_join_all(readers).await.unwrap();
}

#[tokio::test]
async fn an_index_brought_forward_is_as_one_just_opened_whatever_happened_to_it() {
    let place = Place::new();
    let (_, writer) = open(&place, quick()).await;
    let (_, reader) = open(&place, quick()).await;
    writer.create_index("x", docs(0..20), None).await.unwrap();
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for step in 0..60 {
        let numbers: Vec<usize> = (0..random.usize(1..4)).map(|_| random.usize(..40)).collect();
        let what = random.usize(..10);
        match what {
            // Equal texts rank by the order of storing.
            0..5 => {
                let documents = numbers
                    .iter()
                    .map(|number| doc(&format!("d{number}"), "text of document"));
                writer
                    .add_docs("x", documents.collect(), AddOptions::new())
                    .await
                    .unwrap();
            }
            5..7 => {
                let ids: Vec<String> = numbers.iter().map(|number| format!("d{number}")).collect();
                writer.delete_docs("x", &ids).await.unwrap();
            }
            7 => {
                let session = Session::new(Model::Custom).unwrap();
                session.add_docs(docs(numbers), &AddOptions::new()).unwrap();
                writer
                    .push("x", &session, &mut Base::default(), OnConflict::Replace)
                    .await
                    .unwrap();
            }
            8 => {
                let versions = writer.versions("x").await.unwrap();
                let version = versions[random.usize(..versions.len())].version;
                writer.restore("x", version).await.unwrap();
            }
            _ => {
                writer.delete_index("x").await.unwrap();
                if random.bool() {
                    let gone = reader.get_docs("x", None).await.unwrap_err();
                    assert_eq!(gone.kind(), ErrorKind::IndexNotFound);
                }
                writer.create_index("x", docs(numbers), None).await.unwrap();
            }
        }
        if random.bool() {
            let (_, fresh) = open(&place, quick()).await;
            let expected = content(&fresh).await;
            assert_eq!(
                content(&reader).await,
                expected,
                "seed {seed} step {step} of {what}"
            );
            assert_eq!(
                content(&writer).await,
                expected,
                "seed {seed} step {step} of {what}"
            );
        }
    }
}

#[tokio::test]
async fn indexes_that_nobody_asked_for_go_when_memory_is_short() {
    let place = Place::new();
    let (_, writer) = open(&place, quick()).await;
    for name in ["a", "b", "c"] {
        writer.create_index(name, docs(0..100), None).await.unwrap();
    }
    let (cloud, project) = open(&place, quick()).await;
    query(&project, "a").await.unwrap();
    let one = cloud.cache_stats().bytes;
    assert!(one > 0);

    let mut options = quick();
    options.cache_bytes = 2 * one + one / 2;
    let (cloud, project) = open(&place, options).await;
    for name in ["a", "b", "a", "c"] {
        query(&project, name).await.unwrap();
    }
    let stats = cloud.cache_stats();
    assert_eq!(
        (stats.misses, stats.evictions, stats.indexes),
        (3, 1, 2),
        "{stats:?}"
    );
    assert!(stats.bytes <= 2 * one);
    query(&project, "a").await.unwrap();
    assert_eq!(cloud.cache_stats().misses, 3, "it was asked for after b");
    query(&project, "b").await.unwrap();
    assert_eq!(cloud.cache_stats().misses, 4);

    // Growing counts too, and one index stays though it takes more than all may.
    let mut options = quick();
    options.cache_bytes = 1;
    let (cloud, project) = open(&place, options).await;
    query(&project, "a").await.unwrap();
    query(&project, "a").await.unwrap();
    let stats = cloud.cache_stats();
    assert_eq!((stats.misses, stats.indexes), (1, 1));
    writer
        .add_docs("a", docs(100..300), AddOptions::new())
        .await
        .unwrap();
    query(&project, "a").await.unwrap();
    assert!(cloud.cache_stats().bytes > stats.bytes);
    project.delete_index("a").await.unwrap();
    assert_eq!(cloud.cache_stats().indexes, 0);
}
