//! One term and the rows that hold it.

use smallvec::SmallVec;

/// A term with its postings: rows in ascending order, the occurrences beside them.
///
/// Half of all terms occur in one or two documents, and hardly any is longer than 16 bytes: so much lies in the struct itself, without
/// a heap block.
#[derive(Default)]
pub(super) struct Postings {
    word: SmallVec<[u8; 16]>,
    rows: SmallVec<[u32; 4]>,
    tfs: SmallVec<[u8; 16]>,
}

impl Postings {
    pub(super) fn of(word: &str) -> Postings {
        Postings {
            word: word.as_bytes().into(),
            ..Postings::default()
        }
    }

    /// The bytes of the term, which order as the term does.
    pub(super) fn word(&self) -> &[u8] {
        &self.word
    }

    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    pub(super) fn tfs(&self) -> &[u8] {
        &self.tfs
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds postings of ascending rows.
    pub(super) fn insert_sorted(&mut self, rows: &[u32], tfs: &[u8]) {
        if self.rows.last() < rows.first() {
            self.rows.extend_from_slice(rows);
            self.tfs.extend_from_slice(tfs);
        } else {
            rows.iter().zip(tfs).for_each(|(&row, &tf)| self.insert(row, tf));
        }
    }

    /// Room for exactly `count` more postings.
    pub(super) fn reserve(&mut self, count: usize) {
        self.rows.reserve_exact(count);
        self.tfs.reserve_exact(count);
    }

    /// Adds a posting; amortised O(1) for a row above all others.
    pub(super) fn insert(&mut self, row: u32, tf: u8) {
        if self.rows.len() == self.rows.capacity() {
            // By a quarter, not by doubling: postings are most of the index, and slack is memory.
            self.reserve((self.rows.len() / 4).max(4));
        }
        if self.rows.last().is_none_or(|&last| last < row) {
            self.rows.push(row);
            self.tfs.push(tf);
            return;
        }
        match self.rows.binary_search(&row) {
            Ok(at) => self.tfs[at] = tf,
            Err(at) => {
                self.rows.insert(at, row);
                self.tfs.insert(at, tf);
            }
        }
    }

    pub(super) fn remove(&mut self, row: u32) {
        if let Ok(at) = self.rows.binary_search(&row) {
            self.rows.remove(at);
            self.tfs.remove(at);
        }
    }

    /// Gives each row its new number by an order-preserving map and drops the rows without one.
    pub(super) fn remap(&mut self, new_row: impl Fn(u32) -> Option<u32>) {
        let mut kept = 0;
        for at in 0..self.rows.len() {
            if let Some(row) = new_row(self.rows[at]) {
                self.rows[kept] = row;
                self.tfs[kept] = self.tfs[at];
                kept += 1;
            }
        }
        self.rows.truncate(kept);
        self.tfs.truncate(kept);
        self.rows.shrink_to_fit();
        self.tfs.shrink_to_fit();
    }
}
