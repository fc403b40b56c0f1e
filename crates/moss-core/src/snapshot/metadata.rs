//! The metadata column: per row absent or a sorted list of pairs.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::strings::{self, Strings};
use super::{Row, corrupt};
use crate::Result;

/// The mark of a row without metadata, which is not a row with an empty map.
const ABSENT: u32 = u32::MAX;

/// A checked metadata column.
#[derive(Debug, Clone)]
pub(super) struct MetadataColumn<'a> {
    /// Pairs of each row, or [`ABSENT`].
    counts: Cow<'a, [u32]>,
    /// Number of pairs before each row.
    starts: Vec<usize>,
    /// Key, value, key, value.
    strings: Strings<'a>,
}

impl<'a> MetadataColumn<'a> {
    pub(super) fn read(section: &'a [u8], rows: usize) -> Result<MetadataColumn<'a>> {
        let mut cursor = Cursor::new(section);
        let counts = cursor.u32s(rows)?;
        let strings = Strings::read(&mut cursor)?;
        cursor.end()?;
        let mut starts = Vec::with_capacity(rows);
        let mut pairs = 0usize;
        for &count in &*counts {
            starts.push(pairs);
            if count != ABSENT {
                pairs = pairs.saturating_add(count as usize);
            }
        }
        let strings = strings.expect(pairs.saturating_mul(2))?;
        let column = MetadataColumn {
            counts,
            starts,
            strings,
        };
        for row in 0..rows {
            if !ascend(column.pairs(row).map(|(key, _)| key)) {
                return Err(corrupt(format!("keys of row {row} do not ascend")));
            }
        }
        Ok(column)
    }

    fn pairs(&self, row: usize) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        let count = match self.counts[row] {
            ABSENT => 0,
            count => count as usize,
        };
        (self.starts[row]..self.starts[row] + count)
            .map(|pair| (self.strings.get(2 * pair), self.strings.get(2 * pair + 1)))
    }

    pub(super) fn get(&self, row: usize) -> Option<Vec<(&'a str, &'a str)>> {
        (self.counts[row] != ABSENT).then(|| self.pairs(row).collect())
    }
}

/// Appends the column of these rows, whose keys the caller has checked.
pub(super) fn write(out: &mut Vec<u8>, rows: &[Row<'_>]) -> Result<()> {
    let counts = rows.iter().map(|row| match &row.metadata {
        Some(pairs) => pairs.len() as u32,
        None => ABSENT,
    });
    strings::write_u32s(out, counts);
    let all: Vec<&str> = rows
        .iter()
        .flat_map(|row| row.metadata.iter().flatten())
        .flat_map(|&(key, value)| [key, value])
        .collect();
    strings::write(out, all.iter().copied())
}

/// Whether each key is greater than the one before.
pub(super) fn ascend<'s>(keys: impl Iterator<Item = &'s str>) -> bool {
    let mut before: Option<&str> = None;
    for key in keys {
        if before.is_some_and(|before| before >= key) {
            return false;
        }
        before = Some(key);
    }
    true
}
