//! Keeping the best few of many.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Hit;
use super::blend::Score;

/// A row as it is ranked: the least of these is the worst.
type Entry = (Score, Reverse<u64>, Reverse<u32>);

/// The best `limit` of the rows offered, by score, of equal scores those with the smaller order.
pub(super) struct Top {
    limit: usize,
    /// The worst of the kept ones on top.
    heap: BinaryHeap<Reverse<Entry>>,
}

impl Top {
    pub(super) fn new(limit: usize) -> Top {
        Top {
            limit,
            heap: BinaryHeap::new(),
        }
    }

    pub(super) fn offer(&mut self, row: u32, score: Score, order: u64) {
        let entry = Reverse((score, Reverse(order), Reverse(row)));
        if self.heap.len() < self.limit {
            self.heap.push(entry);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && entry < *worst
        {
            *worst = entry;
        }
    }

    /// The score that a row must reach, if there are as many rows as wanted already.
    pub(super) fn floor(&self) -> Option<Score> {
        let Reverse((score, ..)) = self.heap.peek()?;
        (self.heap.len() == self.limit).then_some(*score)
    }

    pub(super) fn into_hits(self) -> Vec<Hit> {
        let hit = |Reverse((score, _, Reverse(row))): Reverse<Entry>| Hit {
            row,
            score: score.score,
        };
        self.heap.into_sorted_vec().into_iter().map(hit).collect()
    }
}

/// The `rank`-th best of the scores offered so far: a floor that only rises.
pub(super) struct Floor {
    rank: usize,
    seen: Vec<Score>,
    floor: Option<Score>,
}

impl Floor {
    pub(super) fn new(rank: usize) -> Floor {
        Floor {
            rank,
            seen: Vec::new(),
            floor: None,
        }
    }

    /// Whether the floor rose.
    pub(super) fn offer(&mut self, score: Score) -> bool {
        if self.floor.is_some_and(|floor| score <= floor) {
            return false;
        }
        self.seen.push(score);
        // Sorting out at twice the wanted number costs a constant per score, where a heap costs its depth; the
        // first floor must not wait for that, and neither need a small rank.
        self.seen.len() >= (2 * self.rank).min(self.rank + 16) && self.settle()
    }

    /// Brings the floor up to date with all scores offered; whether it rose.
    pub(super) fn settle(&mut self) -> bool {
        if self.rank == 0 || self.seen.len() < self.rank {
            return false;
        }
        let (_, &mut floor, _) = self.seen.select_nth_unstable_by(self.rank - 1, |a, b| b.cmp(a));
        self.seen.truncate(self.rank);
        self.floor.replace(floor) != Some(floor)
    }

    pub(super) fn get(&self) -> Option<Score> {
        self.floor
    }
}
