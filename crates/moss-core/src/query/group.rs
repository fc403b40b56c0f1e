//! Parent grouping: siblings that share a metadata value become one document.

use std::cmp::Ordering;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use crate::filter::compare_values;
use crate::index::Hit;
use crate::state::State;

use super::get::value;
use super::run::scored;
use super::{ParentGrouping, ScoredDocument};

/// Rows gathered by parent, groups in the order of their first row, siblings in the order of `order_field`.
pub(crate) fn fold_rows(state: &State, rows: &[u32], grouping: &ParentGrouping) -> Vec<Vec<u32>> {
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut by_parent: FxHashMap<&str, usize> = FxHashMap::default();
    let mut seen = FixedBitSet::with_capacity(state.live().len());
    for &row in rows {
        let Some(parent) = value(state, row, &grouping.parent_field) else {
            groups.push(vec![row]);
            continue;
        };
        // An id asked for twice is one sibling.
        if seen.put(row as usize) {
            continue;
        }
        let at = *by_parent.entry(parent).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    for group in &mut groups {
        group.sort_by(|&a, &b| compare_siblings(state, &grouping.order_field, a, b));
    }
    groups
}

/// The `top_k` best groups among `hits`, each with the score of its best sibling.
pub(super) fn fold_hits(
    state: &State,
    hits: &[Hit],
    grouping: &ParentGrouping,
    top_k: usize,
) -> Vec<ScoredDocument> {
    let scores: FxHashMap<u32, f32> = hits.iter().map(|hit| (hit.row, hit.score)).collect();
    let rows: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
    // Hits descend in score, so groups already stand in the order of their best sibling.
    let groups = fold_rows(state, &rows, grouping).into_iter().take(top_k);
    groups
        .map(|group| {
            let best = group.iter().map(|row| scores[row]).fold(0.0, f32::max);
            ScoredDocument {
                text: joined_text(state, &group),
                ..scored(state, group[0], best)
            }
        })
        .collect()
}

/// The siblings' texts, one line break between two.
pub(crate) fn joined_text(state: &State, group: &[u32]) -> String {
    let texts: Vec<&str> = group.iter().map(|&row| state.stored(row).text()).collect();
    texts.join("\n")
}

/// By the order field, rows without it last, ties by when they were stored.
fn compare_siblings(state: &State, field: &str, a: u32, b: u32) -> Ordering {
    let by_field = match (value(state, a, field), value(state, b, field)) {
        (Some(a), Some(b)) => compare_values(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    by_field.then_with(|| state.order()[a as usize].cmp(&state.order()[b as usize]))
}
