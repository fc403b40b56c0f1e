//! What any store must do for projects, and for segments that arrive before their transaction. Part of [`crate::suite`].

use std::time::Duration;

use bytes::Bytes;
use moss_core::ErrorKind;
use moss_store::{Change, Commit, Created, Retention};
use uuid::Uuid;

use crate::Place;
use crate::suite::{NOTHING_KEPT, objects_under};
use crate::writer::{done, head_contents, push, same, segment};

pub(crate) async fn a_project_is_registered_once(place: Place) {
    let project = place.store.project("p").unwrap();
    assert_eq!(project.record::<String>().await.unwrap(), None);
    let tasks: Vec<_> = (0..16)
        .map(|key| {
            let project = project.clone();
            tokio::spawn(async move { (project.create_record(&format!("key {key}")).await.unwrap(), key) })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        let (created, key) = task.await.unwrap();
        if created == Created::New {
            winners.push(format!("key {key}"));
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(
        project.record::<String>().await.unwrap().as_ref(),
        winners.first()
    );
    let error = project.record::<u64>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
    assert!(error.to_string().contains("p/p/project.json"), "{error}");
}

pub(crate) async fn jobs_are_kept_and_collected(place: Place) {
    let project = place.store.project("p").unwrap();
    assert_eq!(project.job::<String>("job-1").await.unwrap(), None);
    project.put_job("job-1", &"building").await.unwrap();
    project.put_job("job-1", &"completed").await.unwrap();
    project.put_job("../job", &"odd").await.unwrap();
    assert_eq!(
        project.job::<String>("job-1").await.unwrap().unwrap(),
        "completed"
    );
    assert_eq!(project.job::<String>("../job").await.unwrap().unwrap(), "odd");
    project.collect_jobs(Retention::default().age).await.unwrap();
    assert_eq!(
        project.job::<String>("job-1").await.unwrap().unwrap(),
        "completed"
    );
    project.collect_jobs(Duration::ZERO).await.unwrap();
    assert_eq!(project.job::<String>("job-1").await.unwrap(), None);
}

pub(crate) async fn payloads_are_written_once_and_go_with_their_jobs(place: Place) {
    let project = place.store.project("p").unwrap();
    assert_eq!(project.payload("job-1").await.unwrap(), None);
    let documents = Bytes::from_static(b"documents");
    for _ in 0..2 {
        let put = project.put_payload("job-1", documents.clone()).await.unwrap();
        assert_eq!(put, Created::New);
    }
    let other = project
        .put_payload("job-1", Bytes::from_static(b"others"))
        .await
        .unwrap();
    assert_eq!(other, Created::Exists);
    assert_eq!(project.payload("job-1").await.unwrap(), Some(documents));
    project.put_payload("job-2", Bytes::new()).await.unwrap();
    project.delete_payload("job-2").await.unwrap();
    project.delete_payload("job-2").await.unwrap();
    assert_eq!(project.payload("job-2").await.unwrap(), None);

    project.collect_jobs(Retention::default().age).await.unwrap();
    assert!(project.payload("job-1").await.unwrap().is_some(), "young");
    project.put_job("job-1", &"building").await.unwrap();
    project.collect_jobs(Duration::ZERO).await.unwrap();
    assert_eq!(project.job::<String>("job-1").await.unwrap(), None);
    assert_eq!(objects_under(&place, "p/p/u").await, [""; 0]);
}

pub(crate) async fn a_segment_written_before_the_transaction_is_allowed_unless_condemned(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    let first = index.write_segment(segment("first"), 1).await.unwrap();
    let mut transaction = index.begin().await.unwrap();
    let mut change = same(&transaction);
    change.segments.push(first.clone());
    change.doc_count = 1;
    let error = transaction.commit(&change).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "not allowed yet");
    assert!(transaction.allow_written(&[first], 0).await.unwrap());
    done(transaction.commit(&change).await.unwrap());
    assert_eq!(head_contents(&index).await, ["first"]);

    // Written on version 1; another push and a collection come between.
    let kept = [index.write_segment(segment("kept"), 2).await.unwrap()];
    push(&index, "second").await;
    let mut transaction = index.begin().await.unwrap();
    assert!(
        !transaction.allow_written(&kept, 9).await.unwrap(),
        "no such version"
    );
    assert!(transaction.allow_written(&kept, 1).await.unwrap());
    assert!(
        index.collect(&NOTHING_KEPT).await.unwrap(),
        "condemns what nobody uses"
    );
    let mut change = same(&transaction);
    change.segments.extend(kept.clone());
    change.doc_count += 1;
    assert_eq!(transaction.commit(&change).await.unwrap(), Commit::Lost);
    for since in [0, 1, 2] {
        let mut late = index.begin().await.unwrap();
        assert!(!late.allow_written(&kept, since).await.unwrap(), "since {since}");
    }
}

pub(crate) async fn a_commit_keeps_the_id_that_it_was_begun_with(place: Place) {
    let index = place.store.project("p").unwrap().index("x").unwrap();
    let id = Uuid::new_v4();
    let change: Change = same(&index.begin().await.unwrap());
    let first = index.begin_as(id).await.unwrap();
    let again = index.begin_as(id).await.unwrap();
    let other = index.begin().await.unwrap();
    let committed = done(first.commit(&change).await.unwrap());
    assert_eq!(committed.commit_id, id);
    assert_eq!(
        done(again.commit(&change).await.unwrap()),
        committed,
        "the same commit again"
    );
    assert_eq!(other.commit(&change).await.unwrap(), Commit::Lost);
}
