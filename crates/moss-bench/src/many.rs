//! Many sessions in one process: queries and adds from several threads at once.

use std::collections::HashMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use moss::{
    AddOptions, Client, DEFAULT_TOP_K, Document, GetOptions, QueryOptions, Result, Session, SessionOptions,
};
use moss_core::snapshot::Row;

use crate::session::{self, Times, resident_bytes};
use crate::{corpus, stored};

const SESSIONS: usize = 100;
const DOCUMENTS: usize = 2_000;
const THREADS: usize = 8;
/// One call in so many adds an utterance; the others ask.
const ADDS_ONE_IN: usize = 10;
const SECONDS: u64 = 20;

/// Prints throughput, latency and memory of sessions filled from the index that `moss-bench session` keeps in the store.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (named, seconds) = match arguments {
        [named @ .., seconds] if named.len() == 2 => (named, seconds.parse().ok()),
        named => (named, Some(SECONDS)),
    };
    let ([questions, store], Some(seconds)) = (named, seconds) else {
        return Err(corpus::usage("many QUESTIONS STORE [SECONDS]"));
    };
    let questions = corpus::read(Path::new(questions), usize::MAX)?;
    let client = Client::with_base_url(session::PROJECT, session::KEY, store)?;
    // The model is no session's: it is there before memory is counted.
    open(&client, 0)?.embed_query(&questions[0].text)?;
    // The documents stay in memory to the end, so that none of what they leave behind is taken for a session's.
    stored::read(store, |rows| {
        let before = resident_bytes();
        let started = Instant::now();
        let sessions: Vec<Session> = (0..SESSIONS)
            .map(|number| filled(&client, rows, number))
            .collect::<Result<_>>()?;
        println!(
            "{SESSIONS} sessions of {DOCUMENTS} documents filled in {:.1?}",
            started.elapsed()
        );
        memory("after filling", before);
        let done = drive(&sessions, &questions, Duration::from_secs(seconds))?;
        memory("at the end", before);
        check(&sessions, &done)
    })
}

fn open(client: &Client, number: usize) -> Result<Session> {
    let options = SessionOptions::new().auto_load(false);
    moss::block_on(client.session(&format!("many-{number}"), &options))
}

/// A session with its share of the stored documents; they go round.
fn filled(client: &Client, rows: &[Row<'_>], number: usize) -> Result<Session> {
    let session = open(client, number)?;
    let share = rows.iter().cycle().skip(number * DOCUMENTS % rows.len());
    let documents = share
        .take(DOCUMENTS)
        .map(|row| row.to_document().with_embedding(row.vector));
    session.add_docs(documents.collect(), &AddOptions::new())?;
    Ok(session)
}

fn memory(when: &str, before: u64) {
    let resident = resident_bytes();
    println!(
        "resident {when}: {:.0} MB, {:.2} MB a session over what was there before",
        resident as f64 / 1e6,
        resident.saturating_sub(before) as f64 / 1e6 / SESSIONS as f64
    );
}

/// What was done by a thread, or by all.
#[derive(Default)]
struct Done {
    queries: Times,
    adds: Times,
    said: Vec<Said>,
}

/// A document that was added, and the number of its session.
struct Said {
    session: usize,
    id: String,
    text: String,
}

/// All threads at work for so long.
fn drive(sessions: &[Session], questions: &[corpus::Entry], lasting: Duration) -> Result<Vec<Said>> {
    let started = Instant::now();
    let until = started + lasting;
    let mut all = Done::default();
    thread::scope(|scope| -> Result<()> {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| scope.spawn(move || work(sessions, questions, number, until)))
            .collect();
        for thread in threads {
            let done = thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            all.queries.append(done.queries);
            all.adds.append(done.adds);
            all.said.extend(done.said);
        }
        Ok(())
    })?;
    let lasted = started.elapsed();
    let rate = |times: &Times| times.len() as f64 / lasted.as_secs_f64();
    println!(
        "{THREADS} threads for {lasted:.1?}: {:.0} queries/s, {:.0} adds/s",
        rate(&all.queries),
        rate(&all.adds)
    );
    all.queries.print("whole query, text to documents");
    all.adds.print("add one utterance");
    Ok(all.said)
}

fn work(sessions: &[Session], questions: &[corpus::Entry], thread: usize, until: Instant) -> Result<Done> {
    let mut random = fastrand::Rng::with_seed(thread as u64);
    let mut done = Done::default();
    while Instant::now() < until {
        let session = random.usize(..sessions.len());
        let text = &questions[random.usize(..questions.len())].text;
        if random.usize(..ADDS_ONE_IN) > 0 {
            done.queries.time(|| {
                let found = sessions[session].query(text, &QueryOptions::new())?;
                assert_eq!(found.docs.len(), DEFAULT_TOP_K);
                Ok(())
            })?;
            continue;
        }
        let id = format!("said-{thread}-{}", done.said.len());
        let document = vec![Document::new(id.as_str(), text.as_str())];
        done.adds
            .time(|| sessions[session].add_docs(document, &AddOptions::new()).map(drop))?;
        done.said.push(Said {
            session,
            id,
            text: text.clone(),
        });
    }
    Ok(done)
}

/// Nothing that was said may be missing, in a wrong session, or not be found by its own words.
fn check(sessions: &[Session], said: &[Said]) -> Result<()> {
    let mut expected: HashMap<usize, usize> = HashMap::new();
    for Said { session, id, text } in said {
        *expected.entry(*session).or_insert(DOCUMENTS) += 1;
        let stored = sessions[*session].get_docs(&GetOptions::new().ids([id]))?;
        assert_eq!(stored.first().map(|document| &document.text), Some(text), "{id}");
        // Another document of the same text may come first.
        let nearest = QueryOptions::new().alpha(1.0).top_k(1);
        assert_eq!(
            &sessions[*session].query(text, &nearest)?.docs[0].text,
            text,
            "{id}"
        );
    }
    for (number, session) in sessions.iter().enumerate() {
        let expected = expected.get(&number).copied().unwrap_or(DOCUMENTS);
        assert_eq!(session.doc_count(), expected, "documents of session {number}");
    }
    println!("all {} added documents are there and are found", said.len());
    Ok(())
}
