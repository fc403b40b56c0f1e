//! Recall: the session's answers by vector against a plain f32 scan over the same stored vectors.

use std::collections::HashMap;
use std::path::Path;

use moss::{Client, QueryOptions, Result, ScoredDocument, Session};
use moss_core::snapshot::Row;

use crate::plain::{self, DEPTH};
use crate::{corpus, session, stored};

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
    let vectors: HashMap<&str, &[f32]> = rows.iter().map(|row| (row.id, row.vector)).collect();
    let asked: Vec<Vec<f32>> = questions
        .iter()
        .map(|question| session.embed_query(&question.text))
        .collect::<Result<_>>()?;
    let farthest = plain::farthest(rows.iter().map(|row| row.vector), &asked);
    let mut hits = 0;
    for ((question, vector), farthest) in questions.iter().zip(&asked).zip(farthest) {
        let options = QueryOptions::new()
            .alpha(1.0)
            .top_k(DEPTH)
            .embedding(vector.as_slice());
        let found = session.query(&question.text, &options)?;
        let is_near = |doc: &&ScoredDocument| plain::dot(vector, vectors[doc.id.as_str()]) >= farthest;
        hits += found.docs.iter().filter(is_near).count();
    }
    let recall = hits as f64 / (questions.len() * DEPTH) as f64;
    println!(
        "{} documents, {} questions: recall@{DEPTH} {recall:.4}",
        rows.len(),
        questions.len()
    );
    Ok(())
}
