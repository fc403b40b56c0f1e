//! A session of a knowledge base's size: what each call costs.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use moss::{
    AddOptions, Client, Document, Filter, PushOptions, QueryOptions, Result, Session, SessionOptions,
};

use crate::corpus;

/// Where the vectors are kept, for every subject that needs them.
pub(crate) const PROJECT: &str = "bench";
pub(crate) const KEY: &str = "bench";
pub(crate) const NAME: &str = "bench";
const BATCH: usize = 1000;
const ROUNDS: usize = 1000;
const ADDS: usize = 200;
const PUSHES: usize = 5;
const RESUMES: usize = 5;
const SESSIONS: usize = 4;

/// Prints the cost of queries, adds, pushes and resumes. Vectors are made once and kept in the store.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (options, arguments) = corpus::precision(arguments);
    let (documents, questions, store, limit) = match arguments[..] {
        [documents, questions, store] => (documents, questions, store, usize::MAX),
        [documents, questions, store, limit] => {
            (documents, questions, store, limit.parse().unwrap_or(usize::MAX))
        }
        _ => {
            return Err(corpus::usage(
                "session [--int8] DOCUMENTS QUESTIONS STORE [LIMIT]",
            ));
        }
    };
    let store = Path::new(store);
    let questions = corpus::read(Path::new(questions), ROUNDS + ADDS)?;
    let client = Client::with_base_url(PROJECT, KEY, &store.display().to_string())?;
    fill(&client, Path::new(documents), limit)?;

    let session = moss::block_on(client.session(NAME, &options))?;
    println!("{} documents", session.doc_count());
    memory(&client, &options)?;
    queries(&session, &questions)?;
    adds(&session, &questions)?;
    drop(session);
    resume(&client, &options)?;
    pushes(&client, &options, store, &questions)
}

/// Embeds and pushes the documents, unless the store holds them.
pub(crate) fn fill(client: &Client, documents: &Path, limit: usize) -> Result<()> {
    let stored = moss::block_on(client.get_index(NAME)).map_or(0, |info| info.doc_count);
    if stored == corpus::count(documents, limit)? {
        return Ok(());
    }
    let documents = corpus::read(documents, limit)?;
    let session = moss::block_on(client.session(NAME, &SessionOptions::new()))?;
    let started = Instant::now();
    for (at, batch) in documents.chunks(BATCH).enumerate() {
        session.add_docs(
            batch.iter().map(corpus::Entry::document).collect(),
            &AddOptions::new().upsert(false),
        )?;
        eprintln!(
            "embedded {} of {}, {:.0?}",
            (at + 1) * BATCH,
            documents.len(),
            started.elapsed()
        );
    }
    let pushing = Instant::now();
    moss::block_on(session.push_index(&PushOptions::new()))?;
    println!(
        "first push of {} documents: {:.0?}",
        session.doc_count(),
        pushing.elapsed()
    );
    Ok(())
}

/// What each further session takes. The first one also takes what loading leaves behind in the allocator, once.
fn memory(client: &Client, options: &SessionOptions) -> Result<()> {
    let before = resident_bytes();
    let sessions: Vec<Session> = (0..SESSIONS)
        .map(|_| moss::block_on(client.session(NAME, options)))
        .collect::<Result<_>>()?;
    let taken = resident_bytes().saturating_sub(before) / sessions.len() as u64;
    println!("resident memory of a session: {:.1} MB", taken as f64 / 1e6);
    Ok(())
}

fn resume(client: &Client, options: &SessionOptions) -> Result<()> {
    let mut times = Times::default();
    for _ in 0..RESUMES {
        let mut session = None;
        times.time(|| {
            session = Some(moss::block_on(client.session(NAME, options))?);
            Ok(())
        })?;
        // To free it is not part of opening it.
        drop(session);
    }
    times.print("resume from the directory");
    Ok(())
}

fn queries(session: &Session, questions: &[corpus::Entry]) -> Result<()> {
    let vectors: Vec<Vec<f32>> = questions
        .iter()
        .take(ROUNDS)
        .map(|question| session.embed_query(&question.text))
        .collect::<Result<_>>()?;
    let filter = Filter::parse_json(r#"{"field": "release", "condition": {"$eq": "bookworm"}}"#)?;
    let asked = || questions.iter().zip(&vectors);

    let mut times = Times::default();
    for (question, _) in asked() {
        times.time(|| session.embed_query(&question.text).map(|_| ()))?;
    }
    times.print("embed a question");
    let cases = [
        ("search by vector alone", QueryOptions::new().alpha(1.0)),
        (
            "search by vector alone, half pass a filter",
            QueryOptions::new().alpha(1.0).filter(filter),
        ),
        ("search by keywords alone", QueryOptions::new().alpha(0.0)),
        ("search by both", QueryOptions::new()),
    ];
    for (label, options) in cases {
        let mut times = Times::default();
        for (question, vector) in asked() {
            let options = options.clone().embedding(vector.as_slice());
            times.time(|| session.query(&question.text, &options).map(|_| ()))?;
        }
        times.print(label);
    }
    let mut times = Times::default();
    for (question, _) in asked() {
        times.time(|| session.query(&question.text, &QueryOptions::new()).map(|_| ()))?;
    }
    times.print("whole query, text to documents");
    Ok(())
}

fn adds(session: &Session, questions: &[corpus::Entry]) -> Result<()> {
    let mut times = Times::default();
    for question in questions.iter().rev().take(ADDS) {
        let document = vec![Document::new(&question.id, &question.text)];
        times.time(|| session.add_docs(document, &AddOptions::new()).map(|_| ()))?;
    }
    times.print("add one utterance");
    Ok(())
}

/// Pushes ten new documents at a time, then takes the index back to where it was.
fn pushes(
    client: &Client,
    options: &SessionOptions,
    store: &Path,
    questions: &[corpus::Entry],
) -> Result<()> {
    let before = moss::block_on(client.get_index(NAME))?
        .version
        .parse()
        .unwrap_or(0);
    let session = moss::block_on(client.session(NAME, options))?;
    let (mut times, mut moved) = (Times::default(), 0);
    for batch in questions.chunks(10).take(PUSHES) {
        session.add_docs(
            batch.iter().map(corpus::Entry::document).collect(),
            &AddOptions::new(),
        )?;
        let stored = bytes_below(store);
        times.time(|| moss::block_on(session.push_index(&PushOptions::new())).map(|_| ()))?;
        moved = moved.max(bytes_below(store).saturating_sub(stored));
    }
    times.print("push of 10 new documents");
    println!("bytes written by such a push: {moved} at most");
    moss::block_on(client.restore(NAME, before))?;
    Ok(())
}

/// Times of one call, in order of measuring.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn time(&mut self, call: impl FnOnce() -> Result<()>) -> Result<()> {
        let started = Instant::now();
        call()?;
        self.push(started.elapsed());
        Ok(())
    }

    pub(crate) fn push(&mut self, taken: Duration) {
        self.0.push(taken);
    }

    pub(crate) fn append(&mut self, mut others: Times) {
        self.0.append(&mut others.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn print(mut self, label: &str) {
        self.0.sort_unstable();
        let at = |quantile: f64| self.0[((self.0.len() - 1) as f64 * quantile) as usize].as_secs_f64() * 1e3;
        println!(
            "{label:<44} p50 {:>8.3} ms  p99 {:>8.3} ms  n {}",
            at(0.5),
            at(0.99),
            self.0.len()
        );
    }
}

pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => bytes_below(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Resident memory of this process; 0 where the system does not say.
pub(crate) fn resident_bytes() -> u64 {
    let Ok(status) = fs::read_to_string("/proc/self/statm") else {
        return 0;
    };
    let pages: u64 = status
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or(0);
    pages * 4096
}
