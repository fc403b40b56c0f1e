//! Jobs whose process goes away or sleeps, and those who finish them.

use std::collections::HashMap;
use std::time::Duration;

use moss_cloud::Project;
use moss_core::query::AddOptions;
use moss_store::Store;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::support::{Place, completed, docs, ids, quick, spec, upload};

const ROUNDS: usize = 12;

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// How often each job committed to an index.
async fn commits(place: &Place, index: &str) -> HashMap<String, usize> {
    let store = Store::open(place.path().to_str().unwrap()).unwrap();
    let index = store.project("project").unwrap().index(index).unwrap();
    let mut commits = HashMap::new();
    let mut before = None;
    for version in 1..=index.head().await.unwrap().unwrap().version {
        let manifest = index.manifest(version).await.unwrap().unwrap();
        // A compaction keeps the job, and writes other segments.
        let is_compaction = before.is_some_and(|before: moss_store::Manifest| {
            before.job_id == manifest.job_id && !manifest.segments.starts_with(&before.segments)
        });
        if !is_compaction {
            *commits.entry(manifest.job_id.clone()).or_default() += 1;
        }
        before = Some(manifest);
    }
    commits
}

pub(crate) async fn check_committed_once(place: &Place, index: &str, jobs: &[String]) {
    let commits = commits(place, index).await;
    for job in jobs {
        assert_eq!(commits.get(job), Some(&1), "{job}: {commits:?}");
    }
}

/// Three jobs that make `index` hold d0, d2 and d3 only if they run in order.
async fn submit(project: &Project, index: &str) -> Vec<String> {
    vec![
        upload(project, spec(index, &docs(0..2)), &docs(0..2)).await,
        project_add(project, index).await,
        project.submit_delete(index, &["d1".into()]).await.unwrap(),
    ]
}

/// Adds to an index that a job is about to make.
async fn project_add(project: &Project, index: &str) -> String {
    loop {
        match project.submit_add(index, docs(1..4), AddOptions::new()).await {
            Err(error) if error.kind() == moss_core::ErrorKind::IndexNotFound => {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            submitted => return submitted.unwrap(),
        }
    }
}

#[test]
fn jobs_of_a_process_that_is_gone_are_finished_once_by_who_asks() {
    for round in 0..ROUNDS {
        let place = Place::new();
        let gone = runtime();
        let jobs = gone.block_on(async {
            let project = place.project().await;
            let jobs = submit(&project, "x").await;
            tokio::time::sleep(Duration::from_micros(fastrand::u64(..30_000))).await;
            jobs
        });
        // With its runtime the worker goes, wherever it stands.
        drop(gone);
        runtime().block_on(async {
            let project = place.project().await;
            for job in jobs.iter().rev() {
                completed(&project, job).await;
            }
            assert_eq!(ids(&project, "x").await, ["d0", "d2", "d3"], "round {round}");
            check_committed_once(&place, "x", &jobs).await;
        });
    }
}

#[test]
fn a_process_that_slept_over_the_end_of_its_job_does_it_no_second_time() {
    for round in 0..ROUNDS {
        let place = Place::new();
        // A runtime that nobody drives stands still, and so does the worker on it.
        let sleeper = runtime();
        let (sleeping, mut jobs) = sleeper.block_on(async {
            let project = place.project().await;
            let jobs = submit(&project, "x").await;
            tokio::time::sleep(Duration::from_micros(fastrand::u64(..30_000))).await;
            (project, jobs)
        });
        let other = runtime();
        other.block_on(async {
            let project = place.project().await;
            for job in &jobs {
                completed(&project, job).await;
            }
            let undone = project.submit_delete("x", &["d2".into()]).await.unwrap();
            completed(&project, &undone).await;
            jobs.push(undone);
        });
        sleeper.block_on(async {
            // Its worker goes through the queue in order: once this is done, so is all that it was at.
            let last = sleeping
                .submit_add("x", docs(9..10), AddOptions::new())
                .await
                .unwrap();
            completed(&sleeping, &last).await;
            jobs.push(last);
        });
        other.block_on(async {
            let project = place.project().await;
            assert_eq!(ids(&project, "x").await, ["d0", "d3", "d9"], "round {round}");
            check_committed_once(&place, "x", &jobs).await;
            for job in &jobs {
                completed(&project, job).await;
            }
        });
    }
}

#[test]
fn a_job_whose_end_was_overwritten_ends_again_and_is_done_no_second_time() {
    let place = Place::new();
    runtime().block_on(async {
        let project = place.project().await;
        let jobs = submit(&project, "x").await;
        for job in &jobs {
            completed(&project, job).await;
        }
        // As the late write of a process that lost the job would leave it, which is in no queue any more.
        let store = Store::open(place.path().to_str().unwrap()).unwrap();
        let store = store.project("project").unwrap();
        let mut record: Value = store.job(&jobs[0]).await.unwrap().unwrap();
        record["status"] = "building".into();
        record["completed_at"] = Value::Null;
        record["updated_at"] = 0.into();
        store.put_job(&jobs[0], &record).await.unwrap();
        completed(&project, &jobs[0]).await;
        check_committed_once(&place, "x", &jobs).await;
    });
}

#[test]
fn a_build_that_somebody_died_before_starting_is_started() {
    let place = Place::new();
    runtime().block_on(async {
        let project = place.project().await;
        let job = project.init_upload(spec("x", &docs(0..2))).await.unwrap();
        project.begin_upload(&job).await.unwrap();
        let bytes = moss_proto::bulk::encode(&docs(0..2)).unwrap();
        project.receive_upload(&job, bytes.into()).await.unwrap();
        let store = Store::open(place.path().to_str().unwrap()).unwrap();
        let store = store.project("project").unwrap();
        store.claim_job(&job, 0, "gone").await.unwrap();
        project.start_build(&job).await.unwrap();
        completed(&project, &job).await;
    });
}

#[test]
fn a_service_that_starts_finishes_what_others_left() {
    let place = Place::new();
    let gone = runtime();
    let jobs = gone.block_on(async {
        let project = place.project().await;
        submit(&project, "x").await
    });
    drop(gone);
    runtime().block_on(async {
        let cloud = place.cloud(quick());
        cloud.resume_jobs().await;
        let project = cloud.project("project", "key").await.unwrap();
        // Asks for documents alone, and for no job.
        while !matches!(
            project.get_docs("x", None).await,
            Ok(found) if found.iter().map(|document| &document.id).eq(["d0", "d2", "d3"])
        ) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        check_committed_once(&place, "x", &jobs).await;
    });
}
