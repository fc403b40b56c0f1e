//! Retrieval quality: nDCG@10 over judged questions at three alphas.

use std::collections::HashSet;
use std::path::Path;

use moss::{AddOptions, Client, QueryOptions, Result, SessionOptions};

use crate::corpus;

const DEPTH: usize = 10;

/// Prints nDCG@10 of the default model over a corpus and its judged questions.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [documents, questions] = arguments else {
        return Err(corpus::usage("quality DOCUMENTS QUESTIONS"));
    };
    let documents = corpus::read(Path::new(documents), usize::MAX)?;
    let questions = corpus::read(Path::new(questions), usize::MAX)?;
    let client = Client::with_base_url("bench", "bench", "memory://quality")?;
    let session = moss::block_on(client.session("quality", &SessionOptions::new()))?;
    session.add_docs(
        documents.iter().map(corpus::Entry::document).collect(),
        &AddOptions::new(),
    )?;
    println!(
        "{} documents, {} questions, model {}",
        documents.len(),
        questions.len(),
        session.model_id()
    );
    println!("alpha  nDCG@{DEPTH}");
    for alpha in [1.0, 0.8, 0.0] {
        let mut sum = 0.0;
        for question in &questions {
            let found = session.query(&question.text, &QueryOptions::new().top_k(DEPTH).alpha(alpha))?;
            let relevant: HashSet<&str> = question.relevant.iter().map(String::as_str).collect();
            sum += ndcg(
                found.docs.iter().map(|doc| relevant.contains(doc.id.as_str())),
                relevant.len(),
            );
        }
        println!("{alpha:<5}  {:.4}", sum / questions.len() as f64);
    }
    Ok(())
}

/// Discounted gain of a ranking over that of the best one; judgements are yes or no.
///
/// Järvelin and Kekäläinen 2002, "Cumulated gain-based evaluation of IR techniques".
fn ndcg(ranking: impl Iterator<Item = bool>, relevant: usize) -> f64 {
    let discount = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let gain: f64 = ranking
        .enumerate()
        .filter(|&(_, hit)| hit)
        .map(|(rank, _)| discount(rank))
        .sum();
    let best: f64 = (0..relevant.min(DEPTH)).map(discount).sum();
    if best == 0.0 { 0.0 } else { gain / best }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_ranking_is_one_and_an_empty_one_nothing() {
        assert_eq!(ndcg([true, true, false].into_iter(), 2), 1.0);
        assert_eq!(ndcg([].into_iter(), 2), 0.0);
        assert!((ndcg([false, true].into_iter(), 1) - 0.6309).abs() < 1e-4);
    }
}
