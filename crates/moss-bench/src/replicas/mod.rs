//! Replicas of the service killed and restarted at random under writers and readers of one name, and the history checked.
//!
//! Eight writers push fifty turns each through a balancer to three replicas over one store; every push adds a pair of
//! documents, so that a version seen in part would show. What is acknowledged, what readers saw and what the store holds at
//! the end go to [`history`], which says what was lost, torn or out of order.

mod fleet;
mod history;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use moss::{
    AddOptions, Client, Document, Error, ErrorKind, GetOptions, PushOptions, Result, Session, SessionOptions,
};

use fleet::Fleet;
use history::{Acknowledged, History, Seen, Stored};

/// The index that all write.
const NAME: &str = "conversation";
/// Replicas behind the balancer.
const REPLICAS: usize = 3;
/// Processes that only read: one opens sessions, one asks the service for the documents, which it keeps in memory.
const READERS: [Reader; 2] = [Reader::Session, Reader::Service];
/// Between two kills, in milliseconds.
const BETWEEN_KILLS: std::ops::Range<u64> = 400..1500;
/// A push that fails so often in a row is a failure of the run.
const MAX_FAILURES: usize = 200;

/// How a reader reads.
#[derive(Debug, Clone, Copy)]
enum Reader {
    Session,
    Service,
}

/// What a run is made of.
struct Plan {
    moss: String,
    store: String,
    writers: usize,
    turns: usize,
    seed: u64,
}

/// `moss-bench replicas MOSS STORE [WRITERS TURNS SEED]`
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let usage = || {
        Error::new(
            ErrorKind::InvalidArgument,
            "usage: replicas MOSS STORE [WRITERS TURNS SEED]",
        )
    };
    let [moss, store, numbers @ ..] = arguments else {
        return Err(usage());
    };
    let numbers: Vec<u64> = numbers
        .iter()
        .map(|number| number.parse().map_err(|_| usage()))
        .collect::<Result<_>>()?;
    let plan = Plan {
        moss: moss.clone(),
        store: store.clone(),
        writers: numbers.first().map_or(8, |number| *number as usize),
        turns: numbers.get(1).map_or(50, |number| *number as usize),
        seed: numbers.get(2).copied().unwrap_or_else(|| fastrand::u64(..)),
    };
    moss::block_on(execute(plan))
}

async fn execute(plan: Plan) -> Result<()> {
    println!(
        "{REPLICAS} replicas over {}, {} writers of {} turns, {} readers, seed {}",
        plan.store,
        plan.writers,
        plan.turns,
        READERS.len(),
        plan.seed
    );
    fastrand::seed(plan.seed);
    let fleet = Arc::new(Fleet::start(&plan.moss, &plan.store, REPLICAS).await?);
    // A name of its own: the store may hold the runs before.
    let project = format!("replicas-{:x}-{:x}", plan.seed, std::process::id());
    let started = Instant::now();
    let writing = Arc::new(AtomicBool::new(true));
    let retried = Arc::new(AtomicUsize::new(0));

    let killer = tokio::spawn(kill_at_random(fleet.clone(), writing.clone()));
    let mut readers = Vec::new();
    for reader in READERS {
        readers.push(tokio::spawn(read(
            reader,
            client(&fleet, &project)?,
            writing.clone(),
            started,
        )));
    }
    let mut writers = Vec::new();
    for writer in 0..plan.writers {
        let client = client(&fleet, &project)?;
        writers.push(tokio::spawn(write(
            client,
            writer,
            plan.turns,
            started,
            retried.clone(),
        )));
    }
    let mut history = History::default();
    for writer in writers {
        history.acknowledged.extend(joined(writer).await?);
    }
    writing.store(false, Ordering::Relaxed);
    for reader in readers {
        history.seen.extend(joined(reader).await?);
    }
    let kills = joined(killer).await?;
    let took = started.elapsed();
    history.stored = stored(&client(&fleet, &project)?).await?;

    println!(
        "{:.1} s: {} pushes acknowledged, {} tries failed and were repeated, {kills} kills, {} versions, {} reads",
        took.as_secs_f32(),
        history.acknowledged.len(),
        retried.load(Ordering::Relaxed),
        history.stored.last().map_or(0, |stored| stored.version),
        history.seen.len(),
    );
    let mut faults = history.check(plan.writers * plan.turns);
    if kills == 0 {
        faults.push("nothing was killed".to_owned());
    }
    for fault in faults.iter().take(20) {
        println!("VIOLATION {fault}");
    }
    if !faults.is_empty() {
        return Err(Error::new(
            ErrorKind::Internal,
            format!("{} violations", faults.len()),
        ));
    }
    println!("every acknowledged turn is there, versions are linear, no reader saw a part of one");
    Ok(())
}

fn client(fleet: &Fleet, project: &str) -> Result<Client> {
    Client::with_base_url(project, "key", &fleet.manage_url())
}

async fn joined<T>(task: tokio::task::JoinHandle<Result<T>>) -> Result<T> {
    task.await
        .map_err(|error| Error::new(ErrorKind::Internal, format!("a task ended early: {error}")))?
}

/// Kills a replica without warning now and then, and starts it again a little later; how many were killed.
async fn kill_at_random(fleet: Arc<Fleet>, writing: Arc<AtomicBool>) -> Result<usize> {
    let mut kills = 0;
    while writing.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(BETWEEN_KILLS))).await;
        let victim = fastrand::usize(0..REPLICAS);
        fleet.kill(victim).await?;
        kills += 1;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..500))).await;
        fleet.restart(victim).await?;
    }
    Ok(kills)
}

/// One writer: a turn, a push, until all are acknowledged. A session lives for a few turns, as a process would.
async fn write(
    client: Client,
    writer: usize,
    turns: usize,
    started: Instant,
    retried: Arc<AtomicUsize>,
) -> Result<Vec<Acknowledged>> {
    let mut acknowledged = Vec::new();
    let mut failures = 0;
    let mut open: Option<Session> = None;
    for turn in 0..turns {
        let ids = history::pair(writer, turn);
        let began = started.elapsed();
        loop {
            let pushed = push_turn(&client, &mut open, &ids).await;
            match pushed {
                Ok(version) => {
                    acknowledged.push(Acknowledged {
                        ids,
                        version,
                        began,
                        at: started.elapsed(),
                    });
                    break;
                }
                Err(error) if may_pass(&error) && failures < MAX_FAILURES => {
                    failures += 1;
                    retried.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(fastrand::u64(10..200))).await;
                }
                Err(error) => return Err(error.within(format!("writer {writer}, turn {turn}"))),
            }
        }
        failures = 0;
        if fastrand::u8(0..8) == 0 {
            open = None;
        }
    }
    Ok(acknowledged)
}

/// Whether an error is one that a replica's death may cause.
fn may_pass(error: &Error) -> bool {
    use ErrorKind::*;
    matches!(error.kind(), Network | Cloud | Io | Internal | Conflict)
}

async fn push_turn(client: &Client, open: &mut Option<Session>, ids: &[String; 2]) -> Result<u64> {
    let session = match open {
        Some(session) => session,
        None => open.insert(
            client
                .session(NAME, &SessionOptions::new().model_id("custom"))
                .await?,
        ),
    };
    let docs = ids
        .iter()
        .map(|id| Document::new(id, id.as_str()).with_embedding(vec![1.0, 0.5]));
    session.add_docs(docs.collect(), &AddOptions::new())?;
    let pushed = session.push_index(&PushOptions::new()).await?;
    let version = pushed.version.parse();
    version.map_err(|_| {
        Error::new(
            ErrorKind::Internal,
            format!("version {:?} is no number", pushed.version),
        )
    })
}

/// One reader: reads all of the name again and again.
async fn read(
    reader: Reader,
    client: Client,
    writing: Arc<AtomicBool>,
    started: Instant,
) -> Result<Vec<Seen>> {
    let mut seen = Vec::new();
    while writing.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let asked = started.elapsed();
        let version = client
            .get_index(NAME)
            .await
            .map(|info| info.version.parse().unwrap_or(0));
        let documents = match reader {
            Reader::Session => client
                .session(NAME, &SessionOptions::new().model_id("custom"))
                .await
                .and_then(|session| session.get_docs(&GetOptions::new())),
            Reader::Service => client.get_docs(NAME, None).await,
        };
        let (version, documents) = match (version, documents) {
            (Ok(version), Ok(documents)) => (version, documents),
            // No index is one without documents.
            (Err(error), _) | (_, Err(error)) if error.kind() == ErrorKind::IndexNotFound => (0, Vec::new()),
            (Err(error), _) | (_, Err(error)) if may_pass(&error) => continue,
            (Err(error), _) | (_, Err(error)) => return Err(error.within("reader")),
        };
        seen.push(Seen {
            asked,
            answered: started.elapsed(),
            version,
            ids: ids(documents)?,
        });
    }
    Ok(seen)
}

/// The ids of documents, each of which must hold what was written.
fn ids(documents: Vec<Document>) -> Result<BTreeSet<String>> {
    if let Some(other) = documents.iter().find(|document| document.text != document.id) {
        return Err(Error::new(
            ErrorKind::Internal,
            format!("document {:?} holds {:?}", other.id, other.text),
        ));
    }
    Ok(documents.into_iter().map(|document| document.id).collect())
}

/// Every version that the store still holds, oldest first.
async fn stored(client: &Client) -> Result<Vec<Stored>> {
    let mut stored = Vec::new();
    for info in client.versions(NAME).await?.into_iter().rev() {
        let options = SessionOptions::new().model_id("custom").version(info.version);
        let session = client.session(NAME, &options).await?;
        stored.push(Stored {
            version: info.version,
            doc_count: info.doc_count,
            ids: ids(session.get_docs(&GetOptions::new())?)?,
        });
    }
    Ok(stored)
}
