//! Reading documents back: by id, by filter, sorted, grouped.

use std::cmp::Ordering;

use crate::filter::compare_values;
use crate::state::State;

use super::{GetOptions, group};

/// The rows asked for, in the order of [`GetOptions`], each group's siblings together.
///
/// One inner list is one document of the result; without grouping it holds one row.
pub(crate) fn get(state: &State, options: &GetOptions) -> Vec<Vec<u32>> {
    let selected = options.filter.as_ref().map(|filter| state.select(filter));
    let allowed = selected.as_ref().unwrap_or(state.live());
    let rows: Vec<u32> = match &options.ids {
        Some(ids) => ids
            .iter()
            .filter_map(|id| state.row(id))
            .filter(|&row| allowed.contains(row as usize))
            .collect(),
        None => {
            let mut rows: Vec<u32> = allowed.ones().map(|row| row as u32).collect();
            rows.sort_unstable_by(|&a, &b| state.stored(a).id().cmp(state.stored(b).id()));
            if let Some(field) = &options.sort_by {
                rows.sort_by(|&a, &b| compare_rows(state, field, options.ascending, a, b));
            }
            rows
        }
    };
    match &options.group_by {
        None => rows.into_iter().map(|row| vec![row]).collect(),
        Some(grouping) => group::fold_rows(state, &rows, grouping),
    }
}

/// Orders two rows by a metadata field; a row without it is last in either direction.
fn compare_rows(state: &State, field: &str, ascending: bool, a: u32, b: u32) -> Ordering {
    match (value(state, a, field), value(state, b, field)) {
        (Some(a), Some(b)) if ascending => compare_values(a, b),
        (Some(a), Some(b)) => compare_values(b, a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// A row's value of a metadata field.
pub(super) fn value<'a>(state: &'a State, row: u32, field: &str) -> Option<&'a str> {
    state.stored(row).value(field)
}
