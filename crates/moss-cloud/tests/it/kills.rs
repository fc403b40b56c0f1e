//! Processes that are killed while they run jobs: this very binary, run on one of its tests with a task in its environment.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use moss_cloud::{Cloud, Project};
use moss_core::ErrorKind;
use moss_core::query::AddOptions;

use crate::support::{Place, completed, docs, ids, quick};
use crate::takeover::{check_committed_once, runtime};

const STORE: &str = "MOSS_KILLED_STORE";
const FIRST: &str = "MOSS_KILLED_FIRST";
/// Begins what the child says among the lines of its test harness.
const MARK: &str = "job: ";
const KILLS: usize = 8;

/// The process to be killed: submits a job for each document and says its id; without a task there is nothing to do.
#[test]
fn child_submits_jobs() {
    let Ok(store) = env::var(STORE) else {
        return;
    };
    let first: usize = env::var(FIRST).unwrap().parse().unwrap();
    runtime().block_on(async {
        let cloud = Cloud::open_with(&store, quick()).unwrap();
        let project = cloud.project("project", "key").await.unwrap();
        for number in first.. {
            let documents = docs(number..number + 1);
            let job = project
                .submit_add("x", documents, AddOptions::new())
                .await
                .unwrap();
            let mut stdout = std::io::stdout().lock();
            writeln!(stdout, "{MARK}{job}").unwrap();
            stdout.flush().unwrap();
        }
    });
}

/// Kills a child somewhen; the jobs whose ids it said.
fn kill_somewhen(place: &Place, first: usize) -> Vec<String> {
    let mut child: Child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "kills::child_submits_jobs", "--nocapture"])
        .env(STORE, place.path())
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let job = |line: String| line.find(MARK).map(|at| line[at + MARK.len()..].to_owned());
    let mut jobs: Vec<String> = Vec::new();
    while jobs.len() <= fastrand::usize(..4) {
        jobs.extend(job(lines.next().expect("the child ended by itself")));
    }
    std::thread::sleep(Duration::from_micros(fastrand::u64(..30_000)));
    child.kill().unwrap();
    jobs.extend(lines.filter_map(job));
    child.wait().unwrap();
    jobs
}

async fn doc_count(project: &Project) -> usize {
    match project.get_docs("x", None).await {
        Err(error) if error.kind() == ErrorKind::IndexNotFound => 0,
        documents => documents.unwrap().len(),
    }
}

#[test]
fn no_job_whose_id_was_told_is_lost_or_done_twice_whenever_its_process_is_killed() {
    let place = Place::new();
    let survivor = runtime();
    let project = survivor.block_on(async {
        let project = place.project().await;
        project.create_index("x", docs(0..1), None).await.unwrap();
        project
    });
    let mut all = Vec::new();
    let mut held = 1;
    for kill in 0..KILLS {
        let jobs = kill_somewhen(&place, held);
        survivor.block_on(async {
            for job in &jobs {
                completed(&project, job).await;
            }
            // One more may have been made before its id was told.
            let now = doc_count(&project).await;
            let told = held + jobs.len();
            assert!(now == told || now == told + 1, "kill {kill}: {now} of {told}");
            held = told;
        });
        all.extend(jobs);
    }
    survivor.block_on(async {
        check_committed_once(&place, "x", &all).await;
        let ids = ids(&project, "x").await;
        assert!((0..held).all(|number| ids.contains(&format!("d{number}"))));
    });
}
