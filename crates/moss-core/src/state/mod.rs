//! Documents, vectors, keywords and columns of one session, held together row by row.
//!
//! A row is a number inside; outside there are only ids. All fields describe the same rows, and only this file
//! writes them. One `&State` is one consistent view.

mod base;
mod bulk;
mod changes;
mod ids;
mod stored;

use fixedbitset::FixedBitSet;

use crate::Result;
use crate::filter::{Columns, Filter};
use crate::index::VectorIndex;
use crate::lexical::KeywordIndex;
use crate::snapshot::Row;
use crate::text::{self, Terms};
use crate::vector::{Precision, QuantizedRow};

use changes::Changes;
use ids::Ids;

pub(crate) use stored::Stored;

/// Below this many dead rows nothing is compacted.
const MIN_DEAD_ROWS: usize = 1024;

/// A document with all that is computed before the lock is taken.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) stored: Stored,
    pub(crate) vector: QuantizedRow,
    pub(crate) terms: Terms,
}

impl Prepared {
    /// Analyses and quantises a document that has been checked.
    ///
    /// # Errors
    /// `InvalidArgument` for a vector that no index takes.
    pub(crate) fn new(row: &Row<'_>) -> Result<Prepared> {
        Ok(Prepared {
            terms: text::analyze(row.text),
            vector: QuantizedRow::new(row.vector)?,
            stored: Stored::new(row),
        })
    }
}

/// All of a session but its model.
pub(crate) struct State {
    dim: usize,
    precision: Precision,
    docs: Vec<Option<Stored>>,
    /// Bytes of the strings of all documents.
    string_bytes: usize,
    ids: Ids,
    /// When the document of a row was first stored: equal scores rank in this order.
    order: Vec<u64>,
    next_order: u64,
    live: FixedBitSet,
    free: Vec<u32>,
    vectors: VectorIndex,
    keywords: KeywordIndex,
    columns: Columns,
    changes: Changes,
}

impl State {
    /// No documents, of vectors of `dim` numbers held in this precision; 0 while the number is open.
    ///
    /// # Errors
    /// `InvalidArgument` for a `dim` that no vector can have.
    pub(crate) fn new(dim: usize, precision: Precision) -> Result<State> {
        Ok(State {
            dim,
            precision,
            docs: Vec::new(),
            string_bytes: 0,
            ids: Ids::default(),
            order: Vec::new(),
            next_order: 0,
            live: FixedBitSet::new(),
            free: Vec::new(),
            vectors: VectorIndex::new(dim.max(1), precision)?,
            keywords: KeywordIndex::default(),
            columns: Columns::default(),
            changes: Changes::default(),
        })
    }

    /// Starts over with vectors of `dim` numbers; only the log of changes goes on. For an empty state.
    pub(crate) fn set_dim(&mut self, dim: usize) -> Result<()> {
        debug_assert_eq!(self.len(), 0);
        let State {
            next_order, changes, ..
        } = std::mem::replace(self, State::new(dim, self.precision)?);
        self.next_order = next_order;
        self.changes = changes;
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.row(id).is_some()
    }

    pub(crate) fn row(&self, id: &str) -> Option<u32> {
        self.ids.find(id, &self.docs)
    }

    /// The document of a live row.
    pub(crate) fn stored(&self, row: u32) -> &Stored {
        self.docs[row as usize]
            .as_ref()
            .expect("callers hold live rows only")
    }

    pub(crate) fn vector(&self, row: u32) -> Vec<f32> {
        self.vectors.vectors().get(row).into_owned()
    }

    /// Live rows, in no promised order.
    pub(crate) fn live_rows(&self) -> impl Iterator<Item = u32> + '_ {
        self.live.ones().map(|row| row as u32)
    }

    pub(crate) fn live(&self) -> &FixedBitSet {
        &self.live
    }

    pub(crate) fn order(&self) -> &[u64] {
        &self.order
    }

    pub(crate) fn vectors(&self) -> &VectorIndex {
        &self.vectors
    }

    pub(crate) fn keywords(&self) -> &KeywordIndex {
        &self.keywords
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    pub(crate) fn changes_mut(&mut self) -> &mut Changes {
        &mut self.changes
    }

    /// The live rows that match, as a bitmap.
    pub(crate) fn select(&self, filter: &Filter) -> FixedBitSet {
        self.columns.select(filter, &self.live)
    }

    /// Stores a document, replacing the one of the same id whole; true if there was one.
    pub(crate) fn put(&mut self, prepared: &Prepared) -> bool {
        let updated = self.put_unlogged(prepared.stored.clone(), &prepared.vector, &prepared.terms);
        self.changes.note(prepared.stored.id(), updated);
        updated
    }

    /// Removes a document; true if it was there.
    pub(crate) fn delete(&mut self, id: &str) -> bool {
        let removed = self.delete_unlogged(id);
        if let Some(stored) = &removed {
            self.changes.note(stored.id(), true);
        }
        removed.is_some()
    }

    fn put_unlogged(&mut self, stored: Stored, vector: &QuantizedRow, terms: &Terms) -> bool {
        let existing = self.row(stored.id());
        let row = match existing {
            Some(row) => {
                self.clear_row(row);
                row
            }
            None => self.new_row(),
        };
        self.columns.insert(row, stored.pairs());
        self.keywords.insert(row, terms);
        self.vectors
            .set(row, vector)
            .expect("the session checked the length");
        self.live.insert(row as usize);
        self.string_bytes += stored.string_bytes();
        self.docs[row as usize] = Some(stored);
        if existing.is_none() {
            self.ids.insert(row, &self.docs);
        }
        existing.is_some()
    }

    fn delete_unlogged(&mut self, id: &str) -> Option<Stored> {
        let row = self.ids.remove(id, &self.docs)?;
        let stored = self.clear_row(row);
        self.vectors.remove(row);
        self.live.set(row as usize, false);
        self.free.push(row);
        Some(stored)
    }

    /// Takes the document of a live row out of all but the vectors, which are overwritten in place.
    fn clear_row(&mut self, row: u32) -> Stored {
        let stored = self.docs[row as usize]
            .take()
            .expect("callers hold live rows only");
        self.string_bytes -= stored.string_bytes();
        self.keywords.remove(row, &text::analyze(stored.text()));
        self.columns.remove(row, stored.pairs());
        stored
    }

    fn new_row(&mut self) -> u32 {
        let row = self.free.pop().unwrap_or_else(|| {
            self.docs.push(None);
            self.order.push(0);
            self.live.grow(self.docs.len());
            self.docs.len() as u32 - 1
        });
        self.order[row as usize] = self.next_order;
        self.next_order = self.next_order.saturating_add(1);
        row
    }

    /// Closes the gaps once more than a quarter of all rows is dead. Deletes pay for it: O(rows) after as many
    /// deletes as a third of the live rows.
    pub(crate) fn compact(&mut self) {
        let dead = self.free.len();
        if dead < MIN_DEAD_ROWS || dead * 4 <= self.docs.len() {
            return;
        }
        let mut new_row = vec![u32::MAX; self.docs.len()];
        for (to, from) in self.live.ones().enumerate() {
            new_row[from] = to as u32;
        }
        self.vectors
            .remap(&new_row)
            .expect("the map numbers live rows in order");
        self.keywords.remap(&new_row);
        self.columns.remap(&new_row);
        let keep = |row: &mut usize| {
            let kept = new_row[*row] != u32::MAX;
            *row += 1;
            kept
        };
        let mut at = 0;
        self.order.retain(|_| keep(&mut at));
        let mut at = 0;
        self.docs.retain(|_| keep(&mut at));
        self.ids.remap(&new_row);
        self.live = FixedBitSet::with_capacity(self.docs.len());
        self.live.insert_range(..);
        self.free.clear();
    }
}
