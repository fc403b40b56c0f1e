//! What the base holds, and what rests on a base held elsewhere.

use crate::vector::Precision;

use super::{Prepared, State};

/// What a document takes beside its strings, its vector and its words: the row in each table.
const DOCUMENT_BYTES: usize = 200;
/// Words take about as much as the strings that they are in.
const COPIES_OF_STRINGS: usize = 2;

impl State {
    /// Stores a document that the base holds.
    pub(crate) fn put_base(&mut self, prepared: &Prepared) {
        self.put_unlogged(prepared.stored.clone(), &prepared.vector, &prepared.terms);
        self.changes.note_base();
    }

    /// Removes a document that the base does not hold.
    pub(crate) fn delete_base(&mut self, id: &str) {
        self.delete_unlogged(id);
        self.changes.note_base();
    }

    /// Gives a stored document its place in the order of storing; later ones come after it.
    pub(crate) fn set_order(&mut self, id: &str, order: u64) {
        if let Some(row) = self.row(id) {
            self.order[row as usize] = order;
            self.next_order = self.next_order.max(order.saturating_add(1));
        }
    }

    /// Makes all documents, and the deletion of those ids, changes to what `base` holds.
    pub(crate) fn rest_on(&mut self, base: &State, deleted: &[String]) {
        for row in self.live.ones() {
            let Some(stored) = &self.docs[row] else { continue };
            let id = stored.id();
            self.order[row] = match base.row(id) {
                Some(there) => {
                    self.changes.set_in_base(id, true);
                    base.order[there as usize]
                }
                None => base.next_order.saturating_add(self.order[row]),
            };
        }
        for id in deleted {
            if let Some(row) = base.row(id)
                && !self.contains(id)
            {
                self.changes.note(base.stored(row).id(), true);
            }
        }
    }

    /// About how much memory all of it takes. O(1).
    pub(crate) fn memory_bytes(&self) -> usize {
        let vector = match self.precision {
            Precision::F32 => 5 * self.dim + 12,
            Precision::Int8 => self.dim + 12,
        };
        self.docs.len() * (vector + DOCUMENT_BYTES) + COPIES_OF_STRINGS * self.string_bytes
    }
}
