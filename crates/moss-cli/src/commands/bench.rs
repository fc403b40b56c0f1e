//! `moss bench`: what Moss costs on this machine, in a store of its own that is thrown away.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use moss::{AddOptions, Client, Document, Error, ErrorKind, PushOptions, QueryOptions, SessionOptions};
use serde::Serialize;

use super::session;
use crate::context::Context;
use crate::documents;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Progress};

/// Documents of each measured push.
const PUSHED: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Documents in the session, built-in sentences; without it those of the file, else 1000
    #[arg(long, conflicts_with = "file")]
    docs: Option<usize>,
    /// A .json, .jsonl or .csv file of documents, which are embedded anew
    #[arg(long, short)]
    file: Option<PathBuf>,
    /// How often each kind of work is measured
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// The model
    #[arg(long, short, default_value = moss::DEFAULT_MODEL)]
    model: String,
}

/// What was measured.
#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    /// In the session before the measured additions.
    doc_count: usize,
    /// Adding those, embedding included.
    docs_per_second: f64,
    results: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    work: &'static str,
    times: usize,
    p50_ms: f64,
    p99_ms: f64,
}

impl Bench {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        if self.model == moss::CUSTOM_MODEL {
            return Err(Failure::wrong(
                "bench embeds texts, which the model custom cannot",
            ));
        }
        let docs = match &self.file {
            Some(file) => documents::documents(file)?,
            None => sentences("doc").take(self.docs.unwrap_or(1000)).collect(),
        };
        let docs = docs
            .into_iter()
            .map(|doc| Document {
                embedding: None,
                ..doc
            })
            .collect();
        let folder = tempfile::tempdir()?;
        let store = folder
            .path()
            .to_str()
            .ok_or_else(|| Error::new(ErrorKind::Io, format!("{}: not UTF-8", folder.path().display())))?;
        let client = Client::with_base_url("bench", "bench", store)?;
        let options = SessionOptions::new().model_id(&self.model);
        let session = client.session("bench", &options).await?;
        let started = Instant::now();
        session::add(context, &session, docs)?;
        let (doc_count, took) = (session.doc_count(), started.elapsed());
        session.push_index(&PushOptions::new()).await?;

        let times = self.times as usize;
        let progress = Progress::bar(context.json(), "measuring", 4 * times);
        let mut more = sentences("more");
        let questions: Vec<String> = sentences("").take(times).map(|doc| doc.text).collect();
        let timed = |work: &mut dyn FnMut(&str) -> moss::Result<()>| -> Outcome<Vec<Duration>> {
            let sample = |question: &String| {
                progress.advance(1);
                let started = Instant::now();
                work(question)?;
                Ok(started.elapsed())
            };
            questions.iter().map(sample).collect()
        };
        let embed = timed(&mut |text| session.embed_query(text).map(drop))?;
        let query = timed(&mut |text| session.query(text, &QueryOptions::new()).map(drop))?;
        let add = timed(&mut |_| {
            session
                .add_docs(more.by_ref().take(1).collect(), &AddOptions::new())
                .map(drop)
        })?;
        session.push_index(&PushOptions::new()).await?;
        let mut push = Vec::new();
        for _ in 0..times {
            session.add_docs(more.by_ref().take(PUSHED).collect(), &AddOptions::new())?;
            let started = Instant::now();
            session.push_index(&PushOptions::new()).await?;
            push.push(started.elapsed());
            progress.advance(1);
        }
        drop(progress);
        let report = Report {
            model: &self.model,
            doc_count,
            docs_per_second: doc_count as f64 / took.as_secs_f64(),
            results: vec![
                row("embed a question", embed),
                row("query", query),
                row("add one document", add),
                row("push ten documents", push),
            ],
        };
        report.show(context)
    }
}

impl Report<'_> {
    fn show(&self, context: &Context) -> Outcome {
        if context.json() {
            return output::json(self);
        }
        let row = |row: &Row| {
            vec![
                row.work.to_owned(),
                row.times.to_string(),
                format!("{:.2}", row.p50_ms),
                format!("{:.2}", row.p99_ms),
            ]
        };
        output::table(
            &["WORK", "TIMES", "P50 MS", "P99 MS"],
            self.results.iter().map(row),
        )?;
        let (count, model, speed) = (
            output::documents(self.doc_count),
            self.model,
            self.docs_per_second,
        );
        output::line(format_args!("{count} of {model}, added at {speed:.0} a second"))
    }
}

fn row(work: &'static str, mut samples: Vec<Duration>) -> Row {
    samples.sort_unstable();
    // By nearest rank: the least sample that so many percent of all do not exceed.
    let at = |percent: usize| samples[(samples.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1000.0;
    Row {
        work,
        times: samples.len(),
        p50_ms: at(50),
        p99_ms: at(99),
    }
}

/// Documents without end, as people say them: the same at every run, and 10,000 before one differs by its number alone.
fn sentences(prefix: &'static str) -> impl Iterator<Item = Document> {
    const WHO: [&str; 10] = [
        "The customer",
        "My neighbour",
        "The driver",
        "Our team",
        "The shop",
        "Her sister",
        "The manager",
        "A friend of mine",
        "The new agent",
        "Nobody",
    ];
    const DID: [&str; 10] = [
        "asked about",
        "returned",
        "paid for",
        "complained about",
        "found",
        "sent back",
        "ordered",
        "cancelled",
        "forgot",
        "recommended",
    ];
    const WHAT: [&str; 10] = [
        "the broken blender",
        "a late parcel",
        "the yearly subscription",
        "two concert tickets",
        "the blue jacket",
        "an unpaid invoice",
        "the hotel room",
        "a refund",
        "the garden chairs",
        "the wrong password",
    ];
    const WHEN: [&str; 10] = [
        "this morning",
        "on Monday",
        "after the call",
        "before lunch",
        "twice last week",
        "without a reason",
        "in the new app",
        "by telephone",
        "for the third time",
        "during the holidays",
    ];
    (0usize..).map(move |n| {
        let pick = |list: [&'static str; 10], digit: u32| list[n / 10usize.pow(digit) % 10];
        let (who, did, what, when) = (pick(WHO, 0), pick(DID, 1), pick(WHAT, 2), pick(WHEN, 3));
        let number = match n / 10_000 {
            0 => String::new(),
            number => format!(", case {number}"),
        };
        Document::new(
            format!("{prefix}-{n}"),
            format!("{who} {did} {what} {when}{number}."),
        )
    })
}
