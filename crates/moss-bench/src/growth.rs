//! How search grows: the scan and the graph over the same rows, from 50,000 to 1,000,000 of them.
//!
//! There are not so many real texts at hand: the first rows are the stored vectors, all further ones perturbed copies of them. The
//! questions are real.

use std::borrow::Cow;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use fixedbitset::FixedBitSet;
use moss::{Client, Error, ErrorKind, Precision, Result, SessionOptions};
use moss_core::index::{Hit, Ranking, VectorIndex, rank};
use moss_core::snapshot::Row;
use moss_core::vector::QuantizedRow;

use crate::plain::{self, DEPTH, dot};
use crate::session::{self, Times, resident_bytes};
use crate::{corpus, stored};

const ROWS: [&str; 4] = ["50000", "100000", "200000", "1000000"];
const QUESTIONS: usize = 500;
/// Length of the noise beside a vector of length 1. A copy has a cosine of 1 / sqrt(1 + 0.4^2) = 0.93 to its original, and two
/// copies of one have 0.86: as near as texts that say one thing in other words. More would leave little of the original, and less
/// would make answers of nothing but copies of one text.
const NOISE: f32 = 0.4;
/// Prints time, recall and memory of searching so many rows, by the scan and by the graph.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [questions, store, rows @ ..] = arguments else {
        return Err(usage());
    };
    match rows {
        [] => ROWS.iter().try_for_each(|rows| alone(questions, store, rows)),
        [rows] => {
            let rows = rows.parse().map_err(|_| usage())?;
            let questions = embedded(questions, store)?;
            stored::read(store, |originals| measure(originals, &questions, rows))
        }
        several => several.iter().try_for_each(|rows| alone(questions, store, rows)),
    }
}

fn usage() -> Error {
    corpus::usage("growth QUESTIONS STORE [ROWS..]")
}

/// Measures one number of rows in a process of its own: what others leave in the allocator would blur its memory.
fn alone(questions: &str, store: &str, rows: &str) -> Result<()> {
    let fault = |what: String| Error::new(ErrorKind::Internal, what);
    let status = std::env::current_exe()
        .and_then(|program| {
            Command::new(program)
                .args(["growth", questions, store, rows])
                .status()
        })
        .map_err(|error| fault(error.to_string()))?;
    match status.success() {
        true => Ok(()),
        false => Err(fault(format!("{rows} rows were not measured"))),
    }
}

fn embedded(questions: &str, store: &str) -> Result<Vec<Vec<f32>>> {
    let client = Client::with_base_url(session::PROJECT, session::KEY, store)?;
    let empty = moss::block_on(client.session("growth", &SessionOptions::new().auto_load(false)))?;
    corpus::read(Path::new(questions), QUESTIONS)?
        .iter()
        .map(|question| empty.embed_query(&question.text))
        .collect()
}

fn measure(originals: &[Row<'_>], questions: &[Vec<f32>], rows: usize) -> Result<()> {
    if rows < DEPTH || originals.is_empty() {
        return Err(usage());
    }
    let last = rows - 1;
    let farthest = plain::farthest((0..rows).map(|row| vector(originals, row)), questions);
    let before = resident_bytes();
    // The last row is the one too many that sets off the graph, which thereby gets all of them at once.
    let mut index = VectorIndex::with_graph_above(originals[0].vector.len(), Precision::F32, last)?;
    for row in 0..last {
        index.set(row as u32, &QuantizedRow::new(&vector(originals, row))?)?;
    }
    let filled = resident_bytes();
    let started = Instant::now();
    index.set(last as u32, &QuantizedRow::new(&vector(originals, last))?)?;
    let linked = index.finish_graph();
    let (took, built) = (started.elapsed(), resident_bytes());
    assert_eq!(linked, rows, "rows in the graph");

    let megabytes = |from: u64, to: u64| to.saturating_sub(from) as f64 / 1e6;
    println!(
        "{rows} rows: vectors and codes {:.0} MB, graph {:.0} MB more, built in {took:.1?}",
        megabytes(before, filled),
        megabytes(filled, built),
    );
    let order: Vec<u64> = (0..rows as u64).collect();
    let mut allowed = FixedBitSet::with_capacity(rows);
    allowed.insert_range(..);
    let search = |label: &str, answer: &dyn Fn(&Ranking<'_>) -> Result<Vec<Hit>>| {
        let (mut times, mut found) = (Times::default(), 0);
        for (question, &farthest) in questions.iter().zip(&farthest) {
            let ranking = Ranking {
                query: Some(question),
                alpha: 1.0,
                keys: None,
                allowed: &allowed,
                order: &order,
                top_k: DEPTH,
            };
            let mut hits = Vec::new();
            times.time(|| answer(&ranking).map(|answer| hits = answer))?;
            let is_near = |hit: &&Hit| dot(question, &vector(originals, hit.row as usize)) >= farthest;
            found += hits.iter().filter(is_near).count();
        }
        let recall = found as f64 / (questions.len() * DEPTH) as f64;
        times.print(&format!("{label} of {rows} rows, recall@{DEPTH} {recall:.4}"));
        Ok::<_, Error>(())
    };
    search("scan", &|ranking| rank(index.vectors(), ranking))?;
    search("graph", &|ranking| index.rank(ranking))
}

/// The vector of a row: a stored one, or with noise and at length 1 again. The same whenever it is asked for.
fn vector<'a>(originals: &[Row<'a>], row: usize) -> Cow<'a, [f32]> {
    let original = originals[row % originals.len()].vector;
    if row < originals.len() {
        return Cow::Borrowed(original);
    }
    let mut random = fastrand::Rng::with_seed(row as u64);
    // A number drawn evenly from -1 to 1 has a variance of 1/3.
    let spread = NOISE * (3.0 / original.len() as f32).sqrt();
    let noisy = original
        .iter()
        .map(|value| value + spread * (2.0 * random.f32() - 1.0));
    let mut copy: Vec<f32> = noisy.collect();
    let length = dot(&copy, &copy).sqrt();
    copy.iter_mut().for_each(|value| *value /= length);
    Cow::Owned(copy)
}
