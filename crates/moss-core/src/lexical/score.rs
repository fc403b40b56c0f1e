//! BM25 over the postings.

use super::KeywordIndex;

/// How soon repeating a word stops counting.
const K1: f32 = 1.2;
/// How much a long document pays for its length.
const B: f32 = 0.75;

/// BM25 of every document that holds a word of one question. A buffer to use again for the next.
#[derive(Debug, Clone, Default)]
pub struct KeywordScores {
    /// By row; 0 for a row without any of the words, above 0 for all others.
    pub scores: Vec<f32>,
    /// The highest score of the whole index, 0 if no document holds a word.
    pub best: f32,
    /// The rows with a score, each once, in no useful order.
    pub touched: Vec<u32>,
}

impl KeywordScores {
    fn reset(&mut self, rows: usize) {
        for row in self.touched.drain(..) {
            self.scores[row as usize] = 0.0;
        }
        self.scores.resize(rows, 0.0);
        self.best = 0.0;
    }
}

impl KeywordIndex {
    /// Scores all documents against the distinct terms of a question; see [`score_into`](Self::score_into).
    pub fn score(&self, query: &[String]) -> KeywordScores {
        let mut found = KeywordScores::default();
        self.score_into(query, &mut found);
        found
    }

    /// Scores all documents against the distinct terms of a question, into a buffer of an earlier one.
    ///
    /// `score(d) = sum over terms of idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length(d) / mean length))`,
    /// `idf = ln(1 + (n - df + 0.5) / (df + 0.5))`, k1 = 1.2, b = 0.75, n and the mean over all documents.
    /// Sums run in the order of `query`, so equal questions give equal bits. O(postings of the terms).
    ///
    /// Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", with the idf that stays above 0.
    pub fn score_into(&self, query: &[String], found: &mut KeywordScores) {
        found.reset(self.lengths.len());
        let KeywordScores {
            scores,
            best,
            touched,
        } = found;
        if self.total_length == 0 {
            return;
        }
        let mean_length = (self.total_length as f64 / f64::from(self.documents)) as f32;
        let (base, slope) = (K1 * (1.0 - B), K1 * B / mean_length);
        for term in query {
            let Some(id) = self.find(term) else { continue };
            let postings = &self.terms[id as usize];
            let weight = self.idf(postings.rows().len()) * (K1 + 1.0);
            let mut end = touched.len();
            touched.resize(end + postings.rows().len(), 0);
            for (&row, &tf) in postings.rows().iter().zip(postings.tfs()) {
                let length = self.lengths[row as usize] as f32;
                let tf = f32::from(tf);
                let score = &mut scores[row as usize];
                // Without a branch, which nothing could foretell.
                touched[end] = row;
                end += usize::from(*score == 0.0);
                *score += weight * tf / (tf + base + slope * length);
                // Scores only grow, so the best on the way is the best at the end.
                *best = if *score > *best { *score } else { *best };
            }
            touched.truncate(end);
        }
    }

    fn idf(&self, document_frequency: usize) -> f32 {
        let (n, df) = (f64::from(self.documents), document_frequency as f64);
        ((n - df + 0.5) / (df + 0.5)).ln_1p() as f32
    }
}
