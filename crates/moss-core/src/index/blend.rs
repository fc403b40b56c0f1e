//! The score of a row: nearness and keywords in one number.

use std::cmp::Ordering;

use super::{Keys, Ranking};

/// A score and what orders rows of one score. Compared by `score`, then by `unclamped`; never NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    pub(super) score: f32,
    /// The same blend without the clamp: vectors that are not of unit length all reach 1 or 0, and still have an
    /// order.
    unclamped: f64,
}

impl Eq for Score {}

impl Ord for Score {
    fn cmp(&self, other: &Score) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then(self.unclamped.total_cmp(&other.unclamped))
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Score) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `alpha * sem + (1 - alpha) * key`, with `sem = clamp((1 + dot) / 2, 0, 1)` and `key = bm25 / best` (0 if no
/// row has a query word).
#[derive(Debug, Clone, Copy)]
pub(super) struct Blend<'a> {
    pub(super) alpha: f64,
    scores: &'a [f32],
    best: f32,
}

impl<'a> Blend<'a> {
    /// `alpha` counts as 0 without a query vector.
    pub(super) fn new(ranking: &Ranking<'a>) -> Blend<'a> {
        let Keys { scores, best, .. } = ranking.keys.unwrap_or(Keys {
            scores: &[],
            best: 0.0,
            touched: &[],
        });
        Blend {
            alpha: if ranking.query.is_some() {
                f64::from(ranking.alpha)
            } else {
                0.0
            },
            scores: if best > 0.0 { scores } else { &[] },
            best,
        }
    }

    /// The keyword scores of `len` rows from `first_row`, not yet divided by [`best`](Blend::best); the rows
    /// that are missing have none.
    pub(super) fn raw_keys(&self, first_row: usize, len: usize) -> &'a [f32] {
        let end = self.scores.len().min(first_row + len);
        self.scores.get(first_row..end).unwrap_or(&[])
    }

    pub(super) fn best(&self) -> f32 {
        self.best
    }

    /// The row's keyword score, 0 to 1.
    pub(super) fn key(&self, row: usize) -> f64 {
        self.scores
            .get(row)
            .map_or(0.0, |&score| f64::from(score) / f64::from(self.best))
    }

    /// The score of a row with this dot product and keyword score. Grows with either, also in the last bit, since
    /// each step rounds monotonously: so the ends of an interval of dot products give the ends of the scores.
    /// `dot` may be infinite where `alpha` is above 0.
    pub(super) fn score(&self, dot: f64, key: f64) -> Score {
        let sem = (1.0 + dot) / 2.0;
        let words = (1.0 - self.alpha) * key;
        Score {
            score: (self.alpha * sem.clamp(0.0, 1.0) + words) as f32,
            unclamped: self.alpha * sem + words,
        }
    }
}
