//! What the tests of this room share: owned rows, and words without an analyzer.

mod fault;
mod format;
mod merge;

use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::{Row, Segment, SegmentContent, SegmentMeta};
use crate::lexical::TermTable;
use crate::{Document, ErrorKind};

/// A row that owns its parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OwnedRow {
    pub(super) document: Document,
    /// Bits, because NaN differs from itself.
    pub(super) vector: Vec<u32>,
    pub(super) order: u64,
    pub(super) words: Vec<String>,
}

/// All that a segment says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OwnedSegment {
    pub(super) meta: SegmentMeta,
    pub(super) rows: Vec<OwnedRow>,
    pub(super) tombstones: Vec<String>,
    pub(super) row_versions: Option<Vec<u64>>,
}

pub(super) const ID: [u8; 16] = *b"0123456789abcdef";

impl OwnedSegment {
    pub(super) fn encode(&self) -> Vec<u8> {
        self.try_encode().unwrap()
    }

    pub(super) fn try_encode(&self) -> crate::Result<Vec<u8>> {
        let vectors: Vec<Vec<f32>> = self
            .rows
            .iter()
            .map(|row| row.vector.iter().map(|bits| f32::from_bits(*bits)).collect())
            .collect();
        let rows: Vec<Row<'_>> = self
            .rows
            .iter()
            .zip(&vectors)
            .map(|(row, vector)| Row::new(&row.document, vector, row.order))
            .collect();
        let words: Vec<&[String]> = self.rows.iter().map(|row| row.words.as_slice()).collect();
        let tombstones: Vec<&str> = self.tombstones.iter().map(String::as_str).collect();
        SegmentContent {
            id: ID,
            meta: &self.meta,
            rows: &rows,
            terms: &term_table(&words),
            tombstones: &tombstones,
            row_versions: self.row_versions.as_deref(),
        }
        .encode()
    }

    /// Everything that the accessors of a segment give.
    pub(super) fn of(segment: &Segment<'_>) -> OwnedSegment {
        let words = words_of(&segment.terms());
        let has_versions = (0..segment.row_count()).any(|row| segment.row_version(row, 0) > 0);
        OwnedSegment {
            meta: segment.meta().clone(),
            rows: (0..segment.row_count())
                .map(|at| {
                    let row = segment.row(at);
                    OwnedRow {
                        document: row.to_document(),
                        vector: row.vector.iter().map(|x| x.to_bits()).collect(),
                        order: row.order,
                        words: words[at].clone(),
                    }
                })
                .collect(),
            tombstones: segment.tombstones().map(str::to_owned).collect(),
            row_versions: has_versions.then(|| {
                (0..segment.row_count())
                    .map(|row| segment.row_version(row, 0))
                    .collect()
            }),
        }
    }
}

/// The table of documents that consist of these words.
pub(super) fn term_table(documents: &[&[String]]) -> TermTable<'static> {
    let mut dictionary: Vec<&str> = documents
        .iter()
        .flat_map(|d| d.iter())
        .map(String::as_str)
        .collect();
    dictionary.sort_unstable();
    dictionary.dedup();
    let (mut counts, mut lengths, mut terms, mut tfs) = (vec![], vec![], vec![], vec![]);
    for words in documents {
        let mut own: BTreeMap<u32, u8> = BTreeMap::new();
        for word in *words {
            let term = dictionary.binary_search(&word.as_str()).unwrap() as u32;
            *own.entry(term).or_default() += 1;
        }
        counts.push(own.len() as u32);
        lengths.push(words.len() as u32);
        terms.extend(own.keys());
        tfs.extend(own.values());
    }
    let word_bytes: Vec<u32> = dictionary.iter().map(|word| word.len() as u32).collect();
    TermTable::new(dictionary.concat(), word_bytes, counts, lengths, terms, tfs).unwrap()
}

/// The words of each document, sorted.
pub(super) fn words_of(table: &TermTable<'_>) -> Vec<Vec<String>> {
    let dictionary: Vec<&str> = table.dictionary().collect();
    table
        .iter()
        .map(|document| {
            let pairs = document.terms.iter().zip(document.tfs);
            pairs
                .flat_map(|(term, tf)| vec![dictionary[*term as usize].to_owned(); usize::from(*tf)])
                .collect()
        })
        .collect()
}

pub(super) fn meta(dimension: usize) -> SegmentMeta {
    SegmentMeta {
        model_id: "moss-minilm".into(),
        model_version: "1".into(),
        dimension,
    }
}

/// Any document of that id, with any bits as vector; words are sorted.
pub(super) fn any_row(id: String, dimension: usize) -> impl Strategy<Value = OwnedRow> {
    let metadata = option::of(btree_map(".{0,3}", ".{0,5}", 0..3));
    let words = vec("[a-cé]{1,2}", 0..6);
    let parts = (".{0,8}", metadata, option::of(".{0,5}"), words);
    (parts, vec(any::<u32>(), dimension), 0..50u64).prop_map(
        move |((text, metadata, payload, mut words), vector, order)| {
            words.sort();
            OwnedRow {
                document: Document {
                    id: id.clone(),
                    text,
                    metadata,
                    embedding: None,
                    payload,
                },
                vector,
                order,
                words,
            }
        },
    )
}

/// Any segment over few ids, so that segments overlap; some ids are rows, some tombstones.
pub(super) fn any_segment(dimension: usize) -> impl Strategy<Value = OwnedSegment> {
    btree_set("[a-fé]{1,2}", 0..8)
        .prop_flat_map(move |ids| {
            let ids: Vec<String> = ids.into_iter().collect();
            let rows = ids.len().div_ceil(3) * 2;
            let tombstones: Vec<String> = ids.get(rows..).unwrap_or_default().to_vec();
            let rows: Vec<_> = ids
                .into_iter()
                .take(rows)
                .map(|id| any_row(id, dimension))
                .collect();
            let versions = option::of(vec(1..9u64, rows.len()));
            (rows, Just(tombstones), versions)
        })
        .prop_map(move |(rows, tombstones, versions)| OwnedSegment {
            meta: meta(dimension),
            row_versions: versions.filter(|versions| !versions.is_empty()),
            rows,
            tombstones,
        })
}

/// A small segment with something in every section.
pub(super) fn example() -> OwnedSegment {
    let row = |id: &str, text: &str, order| OwnedRow {
        document: Document::new(id, text),
        vector: vec![0.6f32.to_bits(), (-0.8f32).to_bits(), f32::NAN.to_bits()],
        order,
        words: text.split(' ').map(str::to_owned).collect(),
    };
    let mut rows = vec![
        row("turn-1", "back cash", 0),
        row("turn-é", "cash cash refunds", 7),
        row("3", "été", 2),
    ];
    rows[0].document.metadata = Some(
        [("speaker", "customer"), ("süß", "")]
            .map(|(k, v)| (k.into(), v.into()))
            .into(),
    );
    rows[1].document.metadata = Some(BTreeMap::new());
    rows[1].document.payload = Some(String::new());
    rows[2].document.payload = Some("{\"a\": 1}".into());
    OwnedSegment {
        meta: meta(3),
        rows,
        tombstones: vec!["turn-0".into(), "turn-2".into()],
        row_versions: Some(vec![3, 1, 2]),
    }
}

/// Asserts that the bytes are refused, by name.
#[track_caller]
pub(super) fn assert_corrupt(bytes: &[u8], case: &str) -> String {
    let error = Segment::decode(bytes, "the-object").expect_err(case);
    assert_eq!(error.kind(), ErrorKind::CacheCorrupt, "{case}: {error}");
    assert!(error.to_string().contains("the-object"), "{case}: {error}");
    error.to_string()
}
