//! The index: documents in and out, one at a time or from a table.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::postings::Postings;
use super::table::TableDocument;
use super::{NO_ROW, TermTable};
use crate::text::Terms;

/// Documents of a table that are put in order of their terms at once.
const BATCH: usize = 8192;

/// Words of documents by row, ready to be ranked by BM25 at any moment: no commit, no refresh.
///
/// A row is the owner's number for a document and may be used again after [`remove`](KeywordIndex::remove).
/// About 5 bytes for each distinct word of each document, and about 80 for each distinct word of all.
///
/// ```
/// use moss_core::{lexical::KeywordIndex, text};
/// let mut index = KeywordIndex::default();
/// index.insert(0, &text::analyze("I want my money back"));
/// index.insert(1, &text::analyze("the card was stolen"));
/// let found = index.score(&text::analyze_query("money for the stolen cards"));
/// assert_eq!(found.touched, [1, 0]);
/// assert_eq!(found.best, found.scores[1]);
/// ```
#[derive(Default)]
pub struct KeywordIndex {
    // Seeded anew in every process: words come from outside and could be made to collide.
    hasher: RandomState,
    ids: HashTable<u32>,
    pub(super) terms: Vec<Postings>,
    free: Vec<u32>,
    /// Words of the document in each row, `NO_ROW` where there is none.
    pub(super) lengths: Vec<u32>,
    pub(super) documents: u32,
    pub(super) total_length: u64,
}

impl KeywordIndex {
    /// How many documents the index holds, those without any word included.
    pub fn documents(&self) -> usize {
        self.documents as usize
    }

    /// Adds the document of a row that holds none. Microseconds; fastest for a row above all others.
    pub fn insert(&mut self, row: u32, terms: &Terms) {
        self.insert_length(row, terms.length);
        for (word, tf) in &terms.terms {
            let id = self.intern(word);
            self.terms[id as usize].insert(row, *tf);
        }
    }

    /// Takes the document of a row out again; `terms` are those it was added with. Microseconds.
    pub fn remove(&mut self, row: u32, terms: &Terms) {
        self.remove_length(row);
        for (word, _) in &terms.terms {
            let Some(id) = self.find(word) else { continue };
            let postings = &mut self.terms[id as usize];
            postings.remove(row);
            if postings.is_empty() {
                self.release(id);
            }
        }
    }

    /// Adds the documents of a table: document `i` at `rows[i]`, a row that holds none, or nowhere where
    /// `rows[i]` is [`NO_ROW`]. Fastest for ascending rows above all others: some 20 ns a posting.
    pub fn insert_batch(&mut self, rows: &[u32], table: &TermTable<'_>) {
        debug_assert_eq!(rows.len(), table.documents());
        let mut documents: Vec<_> = rows
            .iter()
            .copied()
            .zip(table.iter())
            .filter(|&(row, _)| row != NO_ROW)
            .collect();
        if !documents.is_sorted_by_key(|&(row, _)| row) {
            documents.sort_unstable_by_key(|&(row, _)| row);
        }
        let words = table.word_bytes().len();
        // Room for exactly what comes, so that no list moves as it grows.
        let mut counts = vec![0; words];
        count_terms(&mut counts, &documents);
        let KeywordIndex {
            hasher, ids, terms, ..
        } = self;
        ids.reserve(words, |&id| hasher.hash_one(terms[id as usize].word()));
        terms.reserve(words.saturating_sub(terms.len()));
        let mut ids = Vec::with_capacity(words);
        for (&count, word) in counts.iter().zip(table.dictionary()) {
            let id = if count > 0 { self.intern(word) } else { 0 };
            ids.push(id);
            if count > 0 {
                self.terms[id as usize].reserve(count as usize);
            }
        }
        // From document after document to term after term in flat columns first, which the nearest cache holds: to fill all lists
        // side by side takes longer.
        let (mut new_rows, mut new_tfs) = (Vec::new(), Vec::new());
        for documents in documents.chunks(BATCH) {
            let ends = &mut counts;
            ends.fill(0);
            count_terms(ends, documents);
            let mut entries = 0;
            for end in &mut *ends {
                let count = std::mem::replace(end, entries);
                entries += count;
            }
            new_rows.resize(entries as usize, 0u32);
            new_tfs.resize(entries as usize, 0u8);
            for &(row, document) in documents {
                self.insert_length(row, document.length);
                for (&term, &tf) in document.terms.iter().zip(document.tfs) {
                    let end = &mut ends[term as usize];
                    new_rows[*end as usize] = row;
                    new_tfs[*end as usize] = tf;
                    *end += 1;
                }
            }
            let mut start = 0;
            for (&end, &id) in ends.iter().zip(&ids) {
                if start < end {
                    let new = start as usize..end as usize;
                    self.terms[id as usize].insert_sorted(&new_rows[new.clone()], &new_tfs[new]);
                }
                start = end;
            }
        }
    }

    /// The words of these rows, document `i` being `rows[i]`; a row that holds none counts as an empty text.
    /// One pass over all postings, whatever the number of rows; `rows` are distinct.
    pub fn term_table(&self, rows: &[u32]) -> TermTable<'static> {
        let mut document_of = vec![NO_ROW; self.lengths.len()];
        for (document, &row) in (0u32..).zip(rows) {
            if let Some(slot) = document_of.get_mut(row as usize) {
                *slot = document;
            }
        }
        let document_at = |row: u32| Some(document_of[row as usize]).filter(|&document| document != NO_ROW);

        let mut counts = vec![0u32; rows.len()];
        let mut used: Vec<(u64, &Postings)> = Vec::new();
        for postings in &self.terms {
            let mut any = false;
            for document in postings.rows().iter().copied().filter_map(document_at) {
                counts[document as usize] += 1;
                any = true;
            }
            if any {
                used.push((first_bytes(postings.word()), postings));
            }
        }
        used.sort_unstable_by(|(a_first, a), (b_first, b)| {
            a_first.cmp(b_first).then_with(|| a.word().cmp(b.word()))
        });

        let mut next = Vec::with_capacity(counts.len());
        let mut entries = 0usize;
        for &count in &counts {
            next.push(entries);
            entries += count as usize;
        }
        let (mut terms, mut tfs) = (vec![0u32; entries], vec![0u8; entries]);
        let mut words = Vec::with_capacity(used.iter().map(|(_, postings)| postings.word().len()).sum());
        let mut word_bytes = Vec::with_capacity(used.len());
        for (term, (_, postings)) in (0u32..).zip(used) {
            words.extend_from_slice(postings.word());
            // A word is part of a text of at most a megabyte.
            word_bytes.push(postings.word().len() as u32);
            for (&row, &tf) in postings.rows().iter().zip(postings.tfs()) {
                if let Some(document) = document_at(row) {
                    let at = &mut next[document as usize];
                    terms[*at] = term;
                    tfs[*at] = tf;
                    *at += 1;
                }
            }
        }
        let lengths: Vec<u32> = rows.iter().map(|&row| self.length(row).unwrap_or(0)).collect();
        let words = String::from_utf8(words).expect("words were put in as strings");
        let table = TermTable::unchecked(words, word_bytes, counts, lengths, terms, tfs);
        debug_assert_eq!(table.check(), Ok(()));
        table
    }

    /// Gives every row its new number, `new_row[old]`, which must keep the order of rows; documents whose new
    /// row is [`NO_ROW`], or whose row lies beyond the map, are dropped. One pass over all postings.
    pub fn remap(&mut self, new_row: &[u32]) {
        let map = |old: u32| new_row.get(old as usize).copied().filter(|&new| new != NO_ROW);
        for id in 0..self.terms.len() {
            let postings = &mut self.terms[id];
            let was_empty = postings.is_empty();
            postings.remap(map);
            if postings.is_empty() && !was_empty {
                // Ids are u32, see `intern`.
                self.release(id as u32);
            }
        }
        let lengths = std::mem::take(&mut self.lengths);
        (self.documents, self.total_length) = (0, 0);
        for (old, length) in (0u32..).zip(lengths) {
            if let Some(row) = map(old)
                && length != NO_ROW
            {
                self.insert_length(row, length);
            }
        }
    }

    pub(super) fn find(&self, word: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(word.as_bytes());
        self.ids
            .find(hash, |&id| self.terms[id as usize].word() == word.as_bytes())
            .copied()
    }

    fn intern(&mut self, word: &str) -> u32 {
        let KeywordIndex {
            hasher,
            ids,
            terms,
            free,
            ..
        } = self;
        let hash = hasher.hash_one(word.as_bytes());
        let same = |&id: &u32| terms[id as usize].word() == word.as_bytes();
        let rehash = |&id: &u32| hasher.hash_one(terms[id as usize].word());
        match ids.entry(hash, same, rehash) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                // Four billion terms would be 300 GB of `Postings`: memory ends before the numbers do.
                let id = free.pop().unwrap_or(terms.len() as u32);
                entry.insert(id);
                if id as usize == terms.len() {
                    terms.push(Postings::of(word));
                } else {
                    terms[id as usize] = Postings::of(word);
                }
                id
            }
        }
    }

    /// Forgets a term that no document holds.
    fn release(&mut self, id: u32) {
        let postings = std::mem::take(&mut self.terms[id as usize]);
        let hash = self.hasher.hash_one(postings.word());
        if let Ok(entry) = self.ids.find_entry(hash, |&other| other == id) {
            entry.remove();
        }
        self.free.push(id);
    }

    fn length(&self, row: u32) -> Option<u32> {
        self.lengths
            .get(row as usize)
            .copied()
            .filter(|&length| length != NO_ROW)
    }

    fn insert_length(&mut self, row: u32, length: u32) {
        debug_assert!(self.length(row).is_none(), "row {row} already holds a document");
        if self.lengths.len() <= row as usize {
            self.lengths.resize(row as usize + 1, NO_ROW);
        }
        self.lengths[row as usize] = length;
        self.documents += 1;
        self.total_length += u64::from(length);
    }

    fn remove_length(&mut self, row: u32) {
        debug_assert!(self.length(row).is_some(), "row {row} holds no document");
        if let Some(length) = self.length(row) {
            self.lengths[row as usize] = NO_ROW;
            self.documents -= 1;
            self.total_length -= u64::from(length);
        }
    }
}

/// Adds how many of the documents hold each term. All terms of [`BATCH`] texts of a megabyte are fewer than u32 counts.
fn count_terms(counts: &mut [u32], documents: &[(u32, TableDocument<'_>)]) {
    for (_, document) in documents {
        for &term in document.terms {
            counts[term as usize] += 1;
        }
    }
}

/// The first eight bytes as a number of the same order, so that most comparisons of a sort need no look at the
/// word itself.
fn first_bytes(word: &[u8]) -> u64 {
    word.iter()
        .copied()
        .chain(std::iter::repeat(0))
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(byte))
}
