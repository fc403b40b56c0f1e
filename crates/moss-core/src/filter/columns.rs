//! Metadata by field: what turns a filter into a bitmap of rows.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use fixedbitset::FixedBitSet;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::Filter;
use super::ast::{Node, Test};
use super::value::Kind;
use crate::lexical::NO_ROW;

/// The metadata of all rows, one column a field: each distinct value is read and tested once, however many rows
/// hold it. Memory grows with the entries, not with rows times fields.
///
/// ```
/// use fixedbitset::FixedBitSet;
/// use moss_core::filter::{Columns, Filter};
/// let mut columns = Columns::default();
/// columns.insert(0, [("city", "NYC")]);
/// columns.insert(2, [("city", "Tokyo")]);
/// let live = FixedBitSet::from_iter([0, 1, 2]);
/// let filter = Filter::parse_json(r#"{"field": "city", "condition": {"$ne": "NYC"}}"#)?;
/// assert!(columns.select(&filter, &live).ones().eq([2]));
/// # Ok::<(), moss_core::Error>(())
/// ```
#[derive(Default)]
pub struct Columns {
    // Seeded anew in every process: keys and values come from outside and could be made to collide.
    hasher: RandomState,
    fields: HashMap<String, Column>,
}

impl Columns {
    /// Adds the metadata of a row that has none here. Fastest for a row above all others.
    pub fn insert<'m>(&mut self, row: u32, metadata: impl IntoIterator<Item = (&'m str, &'m str)>) {
        for (field, value) in metadata {
            let column = match self.fields.get_mut(field) {
                Some(column) => column,
                None => self.fields.entry(field.to_owned()).or_default(),
            };
            column.insert(row, value, &self.hasher);
        }
    }

    /// Takes the metadata of a row out again; `metadata` is what it was added with.
    pub fn remove<'m>(&mut self, row: u32, metadata: impl IntoIterator<Item = (&'m str, &'m str)>) {
        for (field, _) in metadata {
            let Some(column) = self.fields.get_mut(field) else {
                continue;
            };
            column.remove(row, &self.hasher);
            if column.rows.is_empty() {
                self.fields.remove(field);
            }
        }
    }

    /// The rows of `live` whose metadata passes the filter, in a set as long as `live`.
    ///
    /// For each field that the filter names: one test a distinct value (for `$eq` and `$in` one look-up a listed
    /// value), then one pass over the field's rows.
    pub fn select(&self, filter: &Filter, live: &FixedBitSet) -> FixedBitSet {
        let mut selected = self.select_node(&filter.root, live);
        selected.intersect_with(live);
        selected
    }

    /// As [`select`](Columns::select), except that rows outside of `live` may be in it.
    fn select_node(&self, node: &Node, live: &FixedBitSet) -> FixedBitSet {
        match node {
            Node::And(parts) => {
                let mut selected = live.clone();
                for part in parts {
                    selected.intersect_with(&self.select_node(part, live));
                }
                selected
            }
            Node::Or(parts) => {
                let mut selected = FixedBitSet::with_capacity(live.len());
                for part in parts {
                    selected.union_with(&self.select_node(part, live));
                }
                selected
            }
            Node::Field { field, tests } => {
                let mut selected = FixedBitSet::with_capacity(live.len());
                if let Some(column) = self.fields.get(field) {
                    column.select(tests, &self.hasher, &mut selected);
                }
                selected
            }
        }
    }

    /// Gives every row its new number, `new_row[old]`, which must keep the order of rows; rows whose new number
    /// is [`NO_ROW`], or that lie beyond the map, are dropped. One pass over all entries.
    pub fn remap(&mut self, new_row: &[u32]) {
        let Columns { hasher, fields } = self;
        fields.retain(|_, column| {
            column.remap(new_row, hasher);
            !column.rows.is_empty()
        });
    }
}

/// Rows in a word of a set.
const WORD: usize = usize::BITS as usize;

/// One field: which rows hold it, in ascending order, and the code of each row's value.
#[derive(Default)]
struct Column {
    rows: Vec<u32>,
    codes: Vec<u32>,
    values: Vec<Value>,
    ids: HashTable<u32>,
    free: Vec<u32>,
}

/// A distinct value of a field.
struct Value {
    text: Box<str>,
    kind: Kind,
    /// How many rows hold it; at 0 the code is free.
    uses: u32,
}

impl Value {
    fn passes(&self, test: &Test) -> bool {
        test.accepts(&self.text, &self.kind)
    }
}

impl Column {
    fn insert(&mut self, row: u32, text: &str, hasher: &RandomState) {
        let at = match self.rows.last() {
            Some(&last) if last >= row => self.rows.partition_point(|&own| own < row),
            _ => self.rows.len(),
        };
        debug_assert!(
            self.rows.get(at) != Some(&row),
            "row {row} already holds metadata"
        );
        let code = self.intern(text, hasher);
        self.rows.insert(at, row);
        self.codes.insert(at, code);
    }

    fn remove(&mut self, row: u32, hasher: &RandomState) {
        if let Ok(at) = self.rows.binary_search(&row) {
            self.rows.remove(at);
            let code = self.codes.remove(at);
            self.release(code, hasher);
        }
    }

    fn intern(&mut self, text: &str, hasher: &RandomState) -> u32 {
        let Column {
            values, ids, free, ..
        } = self;
        let same = |&code: &u32| &*values[code as usize].text == text;
        let rehash = |&code: &u32| hasher.hash_one(&*values[code as usize].text);
        match ids.entry(hasher.hash_one(text), same, rehash) {
            Entry::Occupied(entry) => {
                let code = *entry.get();
                values[code as usize].uses += 1;
                code
            }
            Entry::Vacant(entry) => {
                // Never more codes than rows, which are u32.
                let code = free.pop().unwrap_or(values.len() as u32);
                entry.insert(code);
                let value = Value {
                    text: text.into(),
                    kind: Kind::of(text),
                    uses: 1,
                };
                if code as usize == values.len() {
                    values.push(value);
                } else {
                    values[code as usize] = value;
                }
                code
            }
        }
    }

    /// One row less holds the value of this code.
    fn release(&mut self, code: u32, hasher: &RandomState) {
        let value = &mut self.values[code as usize];
        value.uses -= 1;
        if value.uses == 0 {
            let text = std::mem::take(&mut value.text);
            if let Ok(entry) = self
                .ids
                .find_entry(hasher.hash_one(&*text), |&other| other == code)
            {
                entry.remove();
            }
            self.free.push(code);
        }
    }

    fn select(&self, tests: &[Test], hasher: &RandomState, selected: &mut FixedBitSet) {
        let accepted = self.accepted(tests, hasher);
        if accepted.is_clear() {
            return;
        }
        let end = self.rows.partition_point(|&row| (row as usize) < selected.len());
        // Word by word and without a branch for each row: nobody can guess which of them pass.
        let words = selected.as_mut_slice();
        let (mut at, mut word) = (0, 0);
        for (&row, &code) in self.rows[..end].iter().zip(&self.codes) {
            let row = row as usize;
            if row / WORD != at {
                words[at] |= word;
                (at, word) = (row / WORD, 0);
            }
            word |= usize::from(accepted.contains(code as usize)) << (row % WORD);
        }
        if word != 0 {
            words[at] |= word;
        }
    }

    /// The codes whose value passes all tests; codes that are not in use may be among them.
    ///
    /// Lists are looked up, not compared: a field of a million distinct values answers `$eq` and `$ne` at once.
    fn accepted(&self, tests: &[Test], hasher: &RandomState) -> FixedBitSet {
        let codes_of = |list: &[String]| -> FixedBitSet {
            let mut codes = FixedBitSet::with_capacity(self.values.len());
            codes.extend(list.iter().filter_map(|text| self.find(text, hasher)));
            codes
        };
        let mut accepted = FixedBitSet::with_capacity(self.values.len());
        accepted.insert_range(..);
        for test in tests {
            match test {
                Test::In(list) => accepted.intersect_with(&codes_of(list)),
                Test::NotIn(list) => accepted.difference_with(&codes_of(list)),
                Test::Order(..) | Test::Near(_) => {}
            }
        }
        for test in tests
            .iter()
            .filter(|test| matches!(test, Test::Order(..) | Test::Near(_)))
        {
            let refused: Vec<usize> = accepted
                .ones()
                .filter(|&code| !self.values[code].passes(test))
                .collect();
            refused.into_iter().for_each(|code| accepted.remove(code));
        }
        accepted
    }

    fn find(&self, text: &str, hasher: &RandomState) -> Option<usize> {
        let same = |&code: &u32| &*self.values[code as usize].text == text;
        self.ids
            .find(hasher.hash_one(text), same)
            .map(|&code| code as usize)
    }

    fn remap(&mut self, new_row: &[u32], hasher: &RandomState) {
        let mut kept = 0;
        for at in 0..self.rows.len() {
            let (old, code) = (self.rows[at] as usize, self.codes[at]);
            match new_row.get(old) {
                Some(&row) if row != NO_ROW => {
                    self.rows[kept] = row;
                    self.codes[kept] = code;
                    kept += 1;
                }
                _ => self.release(code, hasher),
            }
        }
        self.rows.truncate(kept);
        self.codes.truncate(kept);
        self.rows.shrink_to_fit();
        self.codes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_fields_are_used_again() {
        let mut columns = Columns::default();
        for n in 0..1000u32 {
            let number = n.to_string();
            let metadata = [("call", number.as_str())];
            columns.insert(n % 3, metadata);
            columns.remove(n % 3, metadata);
            columns.insert(7, metadata);
            columns.insert(8, metadata);
            assert!(columns.fields["call"].values.len() <= 2);
            columns.remove(7, metadata);
            assert_eq!(columns.fields["call"].ids.len(), 1);
            columns.remove(8, metadata);
            assert!(columns.fields.is_empty());
        }
    }

    #[test]
    fn compaction_forgets_values_that_no_row_holds() {
        let mut columns = Columns::default();
        for (row, value) in [(0, "a"), (1, "b"), (2, "a"), (3, "c")] {
            columns.insert(row, [("f", value)]);
        }
        columns.remap(&[NO_ROW, NO_ROW, 0]);
        let column = &columns.fields["f"];
        assert_eq!(
            (column.rows.as_slice(), column.ids.len(), column.free.len()),
            (&[0][..], 1, 2)
        );
        columns.remap(&[]);
        assert!(columns.fields.is_empty());
    }
}
