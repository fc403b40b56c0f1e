//! What is written is read, and today's bytes stay readable.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_segment_reads_back_bit_for_bit(segment in (0..4usize).prop_flat_map(|d| any_segment(d + 1))) {
        let bytes = segment.encode();
        let read = Segment::decode(&bytes, "any").unwrap();
        prop_assert_eq!(read.id(), ID);
        prop_assert_eq!(OwnedSegment::of(&read), segment);
    }

    #[test]
    fn columns_of_unaligned_bytes_are_the_same(segment in any_segment(3)) {
        let bytes = segment.encode();
        let mut shifted = vec![0];
        shifted.extend(&bytes);
        prop_assert_eq!(OwnedSegment::of(&Segment::decode(&shifted[1..], "shifted").unwrap()), segment);
    }
}

#[test]
fn an_empty_segment_needs_no_dimension() {
    let empty = OwnedSegment {
        meta: meta(0),
        rows: vec![],
        tombstones: vec![],
        row_versions: None,
    };
    assert_eq!(
        OwnedSegment::of(&Segment::decode(&empty.encode(), "empty").unwrap()),
        empty
    );
}

#[test]
fn vectors_start_at_a_multiple_of_64() {
    let bytes = example().encode();
    let segment = Segment::decode(&bytes, "example").unwrap();
    let offset = segment.vectors().as_ptr().addr() - bytes.as_ptr().addr();
    assert_eq!(offset % 64, 0);
}

#[test]
fn tombstones_may_be_given_in_any_order() {
    let mut segment = example();
    segment.tombstones.reverse();
    assert_eq!(segment.encode(), example().encode());
}

#[test]
fn rows_of_a_fresh_segment_have_the_version_of_its_manifest_entry() {
    let mut segment = example();
    let bytes = segment.encode();
    let compacted = Segment::decode(&bytes, "compacted").unwrap();
    assert_eq!([0, 1, 2].map(|row| compacted.row_version(row, 2)), [3, 2, 2]);
    segment.row_versions = None;
    let bytes = segment.encode();
    let fresh = Segment::decode(&bytes, "fresh").unwrap();
    assert_eq!([0, 1, 2].map(|row| fresh.row_version(row, 9)), [9, 9, 9]);
}

/// The frozen file was written once, by the first code of version 1, from `example()`, and is never written again: if
/// this fails, the layout changed and needs a new format version.
#[test]
fn the_frozen_file_of_version_1_opens() {
    let frozen = include_bytes!("../../../tests/golden/segment-v1.seg");
    let segment = Segment::decode(frozen, "segment-v1.seg").unwrap();
    assert_eq!(segment.id(), ID);
    assert_eq!(words_of(&segment.terms())[0], ["back", "cash"]);
    // Other words change with the analyzer, which is no matter of the layout.
    let without_words = |mut segment: OwnedSegment| {
        segment.rows.iter_mut().for_each(|row| row.words.clear());
        segment
    };
    assert_eq!(
        without_words(OwnedSegment::of(&segment)),
        without_words(example())
    );
}

#[test]
fn content_that_no_reader_would_accept_is_refused() {
    type Fault = fn(&mut OwnedSegment);
    let faults: &[(&str, Fault)] = &[
        ("\"turn-1\" twice", |s| s.rows[1].document.id = "turn-1".into()),
        ("without id", |s| s.rows[1].document.id.clear()),
        ("\"turn-0\" both stored and deleted", |s| {
            s.rows[1].document.id = "turn-0".into()
        }),
        ("\"turn-1\" has 2 dimensions", |s| s.rows[0].vector.truncate(2)),
        ("dimension 0", |s| s.meta.dimension = 0),
        ("dimension 16385", |s| s.meta.dimension = 16_385),
        ("one twice", |s| s.tombstones[0] = "turn-2".into()),
        ("an empty id", |s| s.tombstones[0].clear()),
        ("2 versions", |s| s.row_versions = Some(vec![1, 2])),
    ];
    for (message, spoil) in faults {
        let mut segment = example();
        spoil(&mut segment);
        let error = segment.try_encode().expect_err(message);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn columns_and_keys_of_rows_are_checked() {
    let row = |metadata| Row {
        id: "a",
        text: "",
        metadata: Some(metadata),
        payload: None,
        vector: &[1.0],
        order: 0,
    };
    let encode = |rows: &[Row<'_>], documents: &[&[String]]| {
        SegmentContent {
            id: ID,
            meta: &meta(1),
            rows,
            terms: &term_table(documents),
            tombstones: &[],
            row_versions: None,
        }
        .encode()
        .map_err(|error| error.to_string())
    };
    encode(&[row(vec![("a", "2"), ("b", "1")])], &[&[]]).unwrap();
    let error = encode(&[row(vec![("b", "1"), ("a", "2")])], &[&[]]).unwrap_err();
    assert_eq!(error, "document \"a\": metadata keys do not ascend");
    let error = encode(&[row(vec![])], &[]).unwrap_err();
    assert_eq!(error, "1 rows with 1 versions and the terms of 0");
}
