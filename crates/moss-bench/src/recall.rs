//! Recall: the session's answers by vector against a plain f32 scan over the same stored vectors.

use std::collections::HashSet;
use std::path::Path;

use moss::{Client, QueryOptions, Result};
use moss_cloud::Cloud;
use moss_core::snapshot::live_rows;

use crate::{corpus, session};

const DEPTH: usize = 10;
const QUESTIONS: usize = 500;

/// Prints recall@10 over the index that `moss-bench session` keeps in the store.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (options, arguments) = corpus::precision(arguments);
    let [questions, store] = arguments[..] else {
        return Err(corpus::usage("recall [--int8] QUESTIONS STORE"));
    };
    let questions = corpus::read(Path::new(questions), QUESTIONS)?;
    let (ids, vectors, dim) = stored(store)?;
    let client = Client::with_base_url(session::PROJECT, session::KEY, store)?;
    let session = moss::block_on(client.session(session::NAME, &options))?;
    let mut hits = 0;
    for question in &questions {
        let vector = session.embed_query(&question.text)?;
        let nearest = plain_scan(&vectors, dim, &vector);
        let nearest: HashSet<&str> = nearest.into_iter().map(|row| ids[row].as_str()).collect();
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
        ids.len(),
        questions.len()
    );
    Ok(())
}

/// Ids and vectors as the store holds them, without any index.
fn stored(store: &str) -> Result<(Vec<String>, Vec<f32>, usize)> {
    let loaded = moss::block_on(async {
        Cloud::open(store)?
            .project(session::PROJECT, session::KEY)
            .await?
            .load(session::NAME, None, None)
            .await
    })?;
    let loaded = loaded
        .ok_or_else(|| corpus::usage("session DOCUMENTS QUESTIONS STORE, which fills the store, first"))?;
    loaded.with_layers(|layers| {
        let (mut ids, mut vectors) = (Vec::new(), Vec::new());
        for at in live_rows(layers) {
            let row = layers[at.layer].segment.row(at.row);
            ids.push(row.id.to_owned());
            vectors.extend_from_slice(row.vector);
        }
        Ok((ids, vectors, loaded.manifest.dimension as usize))
    })
}

/// The rows of the greatest dot products, by a loop.
fn plain_scan(vectors: &[f32], dim: usize, query: &[f32]) -> Vec<usize> {
    let dot = |row: &[f32]| {
        row.iter()
            .zip(query)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum::<f64>()
    };
    let mut scored: Vec<(f64, usize)> = vectors
        .chunks_exact(dim)
        .enumerate()
        .map(|(row, vector)| (dot(vector), row))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(DEPTH).map(|(_, row)| row).collect()
}
