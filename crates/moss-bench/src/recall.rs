//! Recall: the session's answers by vector against a plain f32 scan over the same stored vectors.

use std::collections::HashSet;
use std::path::Path;

use moss::{Client, QueryOptions, Result, Session};
use moss_core::snapshot::Row;

use crate::{corpus, session, stored};

const DEPTH: usize = 10;
const QUESTIONS: usize = 500;

/// Prints recall@10 over the index that `moss-bench session` keeps in the store.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (options, arguments) = corpus::precision(arguments);
    let [questions, store] = arguments[..] else {
        return Err(corpus::usage("recall [--int8] QUESTIONS STORE"));
    };
    let questions = corpus::read(Path::new(questions), QUESTIONS)?;
    let client = Client::with_base_url(session::PROJECT, session::KEY, store)?;
    let session = moss::block_on(client.session(session::NAME, &options))?;
    stored::read(store, |rows| compare(&session, rows, &questions))
}

fn compare(session: &Session, rows: &[Row<'_>], questions: &[corpus::Entry]) -> Result<()> {
    let mut hits = 0;
    for question in questions {
        let vector = session.embed_query(&question.text)?;
        let nearest: HashSet<&str> = plain_scan(rows, &vector).collect();
        let options = QueryOptions::new().alpha(1.0).top_k(DEPTH).embedding(vector);
        let found = session.query(&question.text, &options)?;
        hits += found
            .docs
            .iter()
            .filter(|doc| nearest.contains(doc.id.as_str()))
            .count();
    }
    let recall = hits as f64 / (questions.len() * DEPTH) as f64;
    println!(
        "{} documents, {} questions: recall@{DEPTH} {recall:.4}",
        rows.len(),
        questions.len()
    );
    Ok(())
}

/// The ids of the rows of the greatest dot products, by a loop.
fn plain_scan<'a>(rows: &[Row<'a>], query: &[f32]) -> impl Iterator<Item = &'a str> {
    let dot = |row: &[f32]| {
        row.iter()
            .zip(query)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum::<f64>()
    };
    let mut scored: Vec<(f64, &str)> = rows.iter().map(|row| (dot(row.vector), row.id)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(DEPTH).map(|(_, id)| id)
}
