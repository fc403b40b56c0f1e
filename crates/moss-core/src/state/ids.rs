//! The row of each id.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::Stored;

/// Rows by the ids of their documents, which lie in the documents alone.
#[derive(Default)]
pub(super) struct Ids {
    // Seeded anew in every process: ids come from outside and could be made to collide.
    hasher: RandomState,
    rows: HashTable<u32>,
}

impl Ids {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn find(&self, id: &str, docs: &[Option<Stored>]) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        self.rows.find(hash, |&row| id_of(docs, row) == Some(id)).copied()
    }

    /// Room for so many more.
    pub(super) fn reserve(&mut self, count: usize, docs: &[Option<Stored>]) {
        let Ids { hasher, rows } = self;
        rows.reserve(count, |&row| hash(hasher, docs, row));
    }

    /// Adds the row of a document whose id is not there yet.
    pub(super) fn insert(&mut self, row: u32, docs: &[Option<Stored>]) {
        let Ids { hasher, rows } = self;
        rows.insert_unique(hash(hasher, docs, row), row, |&row| hash(hasher, docs, row));
    }

    /// Takes out an id whose document is still there.
    pub(super) fn remove(&mut self, id: &str, docs: &[Option<Stored>]) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        let entry = self
            .rows
            .find_entry(hash, |&row| id_of(docs, row) == Some(id))
            .ok()?;
        Some(entry.remove().0)
    }

    /// Gives every row its new number, `new_row[old]`.
    pub(super) fn remap(&mut self, new_row: &[u32]) {
        // Each is renumbered by itself, in whatever order.
        #[allow(clippy::iter_over_hash_type)]
        for row in self.rows.iter_mut() {
            *row = new_row[*row as usize];
        }
    }
}

fn id_of(docs: &[Option<Stored>], row: u32) -> Option<&str> {
    docs.get(row as usize)?.as_ref().map(Stored::id)
}

fn hash(hasher: &RandomState, docs: &[Option<Stored>], row: u32) -> u64 {
    hasher.hash_one(id_of(docs, row).expect("rows in the table have documents"))
}
