//! Several segments as one state: which row of which segment is the document of an id.

use std::collections::HashSet;

use super::Segment;

/// A segment and what its manifest entry says of it.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// The segment.
    pub segment: &'a Segment<'a>,
    /// The least version of its rows.
    pub since: u64,
}

/// Where a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveRow {
    /// Place of the segment in the list.
    pub layer: usize,
    /// Row in the segment.
    pub row: usize,
    /// The index version that last wrote it.
    pub version: u64,
}

/// The documents of a list of segments, oldest segment first, in the order of segments and rows.
///
/// A row replaces rows of its id in earlier segments; a tombstone deletes them. O(rows), and as much memory as the
/// ids of all segments but the first take as pointers.
pub fn live_rows(layers: &[Layer<'_>]) -> Vec<LiveRow> {
    resolve(layers).rows
}

/// The ids that a list of segments deletes from what was stored before them, and does not store again. O(rows).
pub fn deleted_ids<'a>(layers: &[Layer<'a>]) -> Vec<&'a str> {
    resolve(layers).deleted
}

pub(super) struct Resolved<'a> {
    pub(super) rows: Vec<LiveRow>,
    /// Ids whose last word in these segments is a deletion.
    pub(super) deleted: Vec<&'a str>,
}

/// Newest first, so that an id is decided when it is met the first time, and so that the rows of the oldest segment,
/// mostly the largest by far, are only looked up.
pub(super) fn resolve<'a>(layers: &[Layer<'a>]) -> Resolved<'a> {
    let mut decided: HashSet<&str> = HashSet::default();
    let mut newest_first = Vec::with_capacity(layers.iter().map(|l| l.segment.row_count()).sum());
    let mut deleted = Vec::new();
    for (layer, &Layer { segment, since }) in layers.iter().enumerate().rev() {
        let is_oldest = layer == 0;
        let mut row = segment.row_count();
        for id in segment.ids().rev() {
            row -= 1;
            let is_live = if is_oldest {
                !decided.contains(id)
            } else {
                decided.insert(id)
            };
            if is_live {
                let version = segment.row_version(row, since);
                newest_first.push(LiveRow { layer, row, version });
            }
        }
        deleted.extend(segment.tombstones().filter(|id| decided.insert(id)));
    }
    newest_first.reverse();
    Resolved {
        rows: newest_first,
        deleted,
    }
}
