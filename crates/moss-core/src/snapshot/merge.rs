//! Several segments rewritten as one. Which ones, and when, is the store's `compact::plan`.

use std::borrow::Cow;

use super::layer::{Layer, LiveRow, Resolved, resolve};
use super::{Row, SegmentContent, SegmentMeta, corrupt};
use crate::lexical::TermTable;
use crate::{Error, Result};

/// Whether segments stay before the merged ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeScope {
    /// The segments are all of the index: deletions have nothing left to delete and are dropped.
    Whole,
    /// Earlier segments stay: deletions are kept for them.
    Suffix,
}

/// The bytes of one segment that stands for these, oldest first.
///
/// It keeps the live rows with their stored order and, as explicit row versions, the versions that they have now: its
/// manifest entry has `since` 0. Reading it in place of the segments gives the same documents, versions and
/// deletions. Equal input gives equal bytes. O(size).
///
/// # Errors
/// `CacheCorrupt` if live rows differ in model or dimension: segments of one index cannot. `InvalidArgument`
/// without any segment.
pub fn merge(id: [u8; 16], layers: &[Layer<'_>], scope: MergeScope) -> Result<Vec<u8>> {
    let Resolved { rows: live, deleted } = resolve(layers);
    let meta = common_meta(layers, &live)?;
    let rows: Vec<Row<'_>> = live
        .iter()
        .map(|at| layers[at.layer].segment.row(at.row))
        .collect();
    let row_versions: Vec<u64> = live.iter().map(|at| at.version).collect();
    SegmentContent {
        id,
        meta,
        rows: &rows,
        terms: &merge_terms(layers, &live)?,
        tombstones: match scope {
            MergeScope::Whole => &[],
            MergeScope::Suffix => &deleted,
        },
        row_versions: Some(&row_versions),
    }
    .encode()
}

/// What the live rows have in common; the newest segment's word where there is none.
fn common_meta<'a>(layers: &[Layer<'a>], live: &[LiveRow]) -> Result<&'a SegmentMeta> {
    let Some(newest) = layers.last() else {
        return Err(Error::invalid("no segments to merge"));
    };
    let mut layers_with_rows: Vec<usize> = live.iter().map(|at| at.layer).collect();
    layers_with_rows.dedup();
    let mut metas = layers_with_rows
        .into_iter()
        .map(|layer| layers[layer].segment.meta());
    let Some(first) = metas.next() else {
        return Ok(newest.segment.meta());
    };
    match metas.find(|meta| *meta != first) {
        Some(other) => Err(corrupt(format!(
            "segments to merge differ: {first:?} and {other:?}"
        ))),
        None => Ok(first),
    }
}

/// The words of the live rows, numbered anew: a word that only dead rows had is gone.
fn merge_terms(layers: &[Layer<'_>], live: &[LiveRow]) -> Result<TermTable<'static>> {
    let tables: Vec<Cow<'_, TermTable<'_>>> = layers.iter().map(|layer| layer.segment.terms()).collect();
    let documents: Vec<Vec<_>> = tables.iter().map(|table| table.iter().collect()).collect();

    let mut is_used: Vec<Vec<bool>> = tables
        .iter()
        .map(|table| vec![false; table.word_bytes().len()])
        .collect();
    for at in live {
        for &term in documents[at.layer][at.row].terms {
            is_used[at.layer][term as usize] = true;
        }
    }
    let mut dictionary: Vec<&str> = Vec::new();
    for (table, is_used) in tables.iter().zip(&is_used) {
        let used = table.dictionary().zip(is_used).filter(|(_, is_used)| **is_used);
        dictionary.extend(used.map(|(word, _)| word));
    }
    dictionary.sort_unstable();
    dictionary.dedup();
    // Dictionaries ascend, so numbers keep their order in a row and its terms stay sorted.
    let new_number = |word: &str| dictionary.partition_point(|each| *each < word) as u32;
    let renumbered: Vec<Vec<u32>> = tables
        .iter()
        .map(|table| table.dictionary().map(new_number).collect())
        .collect();

    let (mut counts, mut lengths, mut terms, mut tfs) = (vec![], vec![], vec![], vec![]);
    for at in live {
        let document = documents[at.layer][at.row];
        counts.push(document.terms.len() as u32);
        lengths.push(document.length);
        terms.extend(
            document
                .terms
                .iter()
                .map(|&term| renumbered[at.layer][term as usize]),
        );
        tfs.extend(document.tfs);
    }
    let word_bytes: Vec<u32> = dictionary.iter().map(|word| word.len() as u32).collect();
    TermTable::new(dictionary.concat(), word_bytes, counts, lengths, terms, tfs)
}
