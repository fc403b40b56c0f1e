//! A running service under load: clients that query one index, beside sessions that push their turns.

use std::path::Path;
use std::time::{Duration, Instant};

use moss::{Client, Document, Error, ErrorKind, PushOptions, Result, SessionOptions};
use serde_json::json;
use tokio::task::JoinSet;

use crate::corpus;
use crate::session::{NAME, fill};

const DOCUMENTS: usize = 10_000;
const CLIENTS: usize = 200;
const PUSHERS: usize = 20;
/// Length of the vectors that the pushing sessions bring along: nothing is embedded on the client's side.
const DIM: usize = 384;
const SECONDS: u64 = 60;
const SAMPLE_EVERY: Duration = Duration::from_secs(5);

/// Prints throughput, latency, errors and the service's memory. The index is made first, unless it is there.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (target, seconds) = match arguments {
        [target @ .., seconds] if target.len() == 5 => (target, seconds.parse().ok()),
        target => (target, Some(SECONDS)),
    };
    let ([url, project, key, documents, questions], Some(seconds)) = (target, seconds) else {
        return Err(corpus::usage(
            "serve-load URL PROJECT KEY DOCUMENTS QUESTIONS [SECONDS]",
        ));
    };
    let target = Target {
        url: url.trim_end_matches('/').to_owned(),
        project: project.clone(),
        key: key.clone(),
    };
    let client = Client::with_base_url(project, key, &format!("{}/v1/manage", target.url))?;
    fill(&client, Path::new(documents), DOCUMENTS)?;
    let questions = corpus::read(Path::new(questions), usize::MAX)?;
    let questions = questions.into_iter().map(|question| question.text).collect();
    moss::block_on(load(target, client, questions, Duration::from_secs(seconds)))
}

/// A service and the credentials for it.
#[derive(Clone)]
struct Target {
    url: String,
    project: String,
    key: String,
}

/// How long each call took that was answered well, and what the others said.
#[derive(Default)]
struct Tally {
    took: Vec<Duration>,
    errors: Vec<String>,
}

impl Tally {
    fn count(&mut self, started: Instant, result: Result<()>) {
        match result {
            Ok(()) => self.took.push(started.elapsed()),
            Err(error) => self.errors.push(error.to_string()),
        }
    }

    fn print(mut self, what: &str, lasted: Duration) {
        self.took.sort_unstable();
        let at = |share: f64| {
            let index = (self.took.len() as f64 * share) as usize;
            self.took.get(index).copied().unwrap_or_default()
        };
        println!(
            "{what}: {} in {lasted:.0?}, {:.0}/s, p50 {:.1?}, p99 {:.1?}, longest {:.1?}, errors {}",
            self.took.len(),
            self.took.len() as f64 / lasted.as_secs_f64(),
            at(0.5),
            at(0.99),
            self.took.last().copied().unwrap_or_default(),
            self.errors.len(),
        );
        self.errors.sort_unstable();
        self.errors.dedup();
        for error in self.errors.iter().take(10) {
            println!("  {error}");
        }
    }
}

async fn load(target: Target, client: Client, questions: Vec<String>, lasting: Duration) -> Result<()> {
    let http = reqwest::Client::builder()
        .pool_max_idle_per_host(CLIENTS)
        .build()
        .map_err(network)?;
    println!("{DOCUMENTS} documents, {CLIENTS} clients that query, {PUSHERS} that push");
    let started = Instant::now();
    let until = started + lasting;
    let (mut querying, mut pushing) = (JoinSet::new(), JoinSet::new());
    for number in 0..CLIENTS {
        querying.spawn(query(
            http.clone(),
            target.clone(),
            questions.clone(),
            number,
            until,
        ));
    }
    for number in 0..PUSHERS {
        pushing.spawn(push(client.clone(), number, until));
    }
    while Instant::now() < until {
        tokio::time::sleep(SAMPLE_EVERY.min(until.saturating_duration_since(Instant::now()))).await;
        let mib = resident_bytes(&http, &target).await? / f64::from(1 << 20);
        println!("after {:3.0?}: {mib:.0} MiB resident", started.elapsed());
    }
    let (queries, pushes) = (together(querying).await, together(pushing).await);
    let lasted = started.elapsed();
    queries.print("queries", lasted);
    pushes.print("pushes", lasted);
    Ok(())
}

async fn together(mut tasks: JoinSet<Tally>) -> Tally {
    let mut all = Tally::default();
    while let Some(tally) = tasks.join_next().await {
        match tally {
            Ok(tally) => {
                all.took.extend(tally.took);
                all.errors.extend(tally.errors);
            }
            Err(error) => all.errors.push(error.to_string()),
        }
    }
    all
}

/// One client, which asks the next question when the last one was answered.
async fn query(
    http: reqwest::Client,
    target: Target,
    questions: Vec<String>,
    number: usize,
    until: Instant,
) -> Tally {
    let url = format!("{}/query", target.url);
    let mut tally = Tally::default();
    for question in questions.iter().cycle().skip(number * questions.len() / CLIENTS) {
        if Instant::now() >= until {
            break;
        }
        let body = json!({
            "projectId": target.project,
            "projectKey": target.key,
            "indexName": NAME,
            "query": question,
        });
        let request = http.post(&url).body(body.to_string());
        let started = Instant::now();
        tally.count(started, answered(request).await);
    }
    tally
}

async fn answered(request: reqwest::RequestBuilder) -> Result<()> {
    let answer = request.send().await.map_err(network)?;
    let status = answer.status();
    let body = answer.text().await.map_err(network)?;
    if status.is_success() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Cloud, format!("{status}: {body}")))
}

/// One session, which pushes after every turn.
async fn push(client: Client, number: usize, until: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut random = fastrand::Rng::with_seed(number as u64);
    let options = SessionOptions::new().model_id("custom");
    let session = match client.session(&format!("load-{number}"), &options).await {
        Ok(session) => session,
        Err(error) => {
            tally.errors.push(error.to_string());
            return tally;
        }
    };
    while Instant::now() < until {
        let vector: Vec<f32> = (0..DIM).map(|_| random.f32() - 0.5).collect();
        let id = format!("{:016x}", random.u64(..));
        let turn = Document::new(id, "what was said in this turn").with_embedding(vector);
        let started = Instant::now();
        let pushed = async {
            session.add_docs(vec![turn], &moss::AddOptions::new())?;
            session.push_index(&PushOptions::new()).await.map(drop)
        };
        tally.count(started, pushed.await);
    }
    tally
}

/// What the service says of its own memory.
async fn resident_bytes(http: &reqwest::Client, target: &Target) -> Result<f64> {
    let answer = http.get(format!("{}/metrics", target.url)).send().await;
    let metrics = answer.map_err(network)?.text().await.map_err(network)?;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("moss_resident_memory_bytes "));
    let bytes = line.and_then(|line| line.parse().ok());
    bytes.ok_or_else(|| {
        Error::new(
            ErrorKind::Cloud,
            "the service does not say how much memory it uses",
        )
    })
}

fn network(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Network, error.to_string())
}
