//! Merged segments say what the segments said.

use proptest::prelude::*;

use super::super::{Layer, MergeScope, live_rows, merge};
use super::*;

/// What a list of segments says: per id the document and its version.
type State = BTreeMap<String, (OwnedRow, u64)>;

/// The rule of the format document, word for word: the oracle.
fn state_by_the_book(segments: &[(OwnedSegment, u64)]) -> State {
    let mut state = State::new();
    for (segment, since) in segments {
        for id in &segment.tombstones {
            state.remove(id);
        }
        for (at, row) in segment.rows.iter().enumerate() {
            let version = segment.row_versions.as_ref().map_or(0, |versions| versions[at]);
            state.insert(row.document.id.clone(), (row.clone(), version.max(*since)));
        }
    }
    state
}

fn decode_all(bytes: &[(Vec<u8>, u64)]) -> Vec<(Segment<'_>, u64)> {
    bytes
        .iter()
        .map(|(bytes, since)| (Segment::decode(bytes, "layer").unwrap(), *since))
        .collect()
}

fn layers<'a>(segments: &'a [(Segment<'a>, u64)]) -> Vec<Layer<'a>> {
    segments
        .iter()
        .map(|(segment, since)| Layer {
            segment,
            since: *since,
        })
        .collect()
}

fn state_as_read(bytes: &[(Vec<u8>, u64)]) -> State {
    let segments = decode_all(bytes);
    let owned: Vec<OwnedSegment> = segments
        .iter()
        .map(|(segment, _)| OwnedSegment::of(segment))
        .collect();
    live_rows(&layers(&segments))
        .into_iter()
        .map(|at| {
            let row = owned[at.layer].rows[at.row].clone();
            (row.document.id.clone(), (row, at.version))
        })
        .collect()
}

fn encode_all(segments: &[(OwnedSegment, u64)]) -> Vec<(Vec<u8>, u64)> {
    segments
        .iter()
        .map(|(segment, since)| (segment.encode(), *since))
        .collect()
}

fn merge_bytes(bytes: &[(Vec<u8>, u64)], scope: MergeScope) -> Vec<u8> {
    merge(*b"fedcba9876543210", &layers(&decode_all(bytes)), scope).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_merged_suffix_changes_nothing(
        segments in vec((any_segment(2), 0..12u64), 1..6),
        from in any::<prop::sample::Index>(),
    ) {
        let expected = state_by_the_book(&segments);
        let mut bytes = encode_all(&segments);
        prop_assert_eq!(&state_as_read(&bytes), &expected);

        let from = from.index(segments.len());
        let scope = if from == 0 { MergeScope::Whole } else { MergeScope::Suffix };
        let merged = merge_bytes(&bytes[from..], scope);
        bytes.truncate(from);
        bytes.push((merged, 0));
        prop_assert_eq!(&state_as_read(&bytes), &expected);

        let merged = Segment::decode(&bytes[from].0, "merged").unwrap();
        if from == 0 {
            prop_assert_eq!(merged.row_count(), expected.len());
            prop_assert_eq!(merged.tombstones().len(), 0);
        }
        let table = merged.terms();
        let mut used = words_of(&table).concat();
        used.sort();
        used.dedup();
        prop_assert_eq!(table.dictionary().collect::<Vec<_>>(), used, "only words in use");
    }
}

fn segment_of(ids: &[&str], tombstones: &[&str]) -> OwnedSegment {
    let mut segment = example();
    let row = segment.rows[0].clone();
    segment.rows = ids
        .iter()
        .map(|id| {
            let mut row = row.clone();
            row.document.id = (*id).into();
            row
        })
        .collect();
    segment.tombstones = tombstones.iter().map(|id| (*id).into()).collect();
    segment.row_versions = None;
    segment
}

#[test]
fn a_suffix_keeps_the_deletions_that_still_delete() {
    let suffix = [
        (segment_of(&["new"], &["old", "back"]), 4),
        (segment_of(&["back"], &["new"]), 5),
    ];
    let bytes = merge_bytes(&encode_all(&suffix), MergeScope::Suffix);
    let merged = OwnedSegment::of(&Segment::decode(&bytes, "merged").unwrap());
    assert_eq!(merged.tombstones, ["new", "old"]);
    assert_eq!(merged.rows.len(), 1);
    assert_eq!(merged.row_versions, Some(vec![5]));
}

#[test]
fn dead_rows_of_another_dimension_do_not_hinder_a_merge() {
    let mut wide = segment_of(&["b"], &["a"]);
    wide.meta.dimension = 4;
    wide.rows[0].vector.push(0);
    let segments = [(segment_of(&["a"], &[]), 1), (wide.clone(), 2)];
    let bytes = merge_bytes(&encode_all(&segments), MergeScope::Whole);
    assert_eq!(Segment::decode(&bytes, "merged").unwrap().meta().dimension, 4);

    let gone = [(segment_of(&["a"], &[]), 1), (segment_of(&[], &["a"]), 2)];
    let bytes = merge_bytes(&encode_all(&gone), MergeScope::Whole);
    assert_eq!(Segment::decode(&bytes, "merged").unwrap().row_count(), 0);
}

#[test]
fn live_rows_of_different_models_are_refused() {
    let mut other = segment_of(&["b"], &[]);
    other.meta.model_id = "custom".into();
    let encoded = encode_all(&[(segment_of(&["a"], &[]), 1), (other, 2)]);
    let decoded = decode_all(&encoded);
    let error = merge(ID, &layers(&decoded), MergeScope::Whole).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
    let error = merge(ID, &[], MergeScope::Whole).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}
