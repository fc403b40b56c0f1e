//! Rows to the bytes of one segment.

use std::collections::HashSet;

use super::frame::FrameWriter;
use super::metadata::{self, ascend};
use super::{PRECISION_F32, SegmentMeta, kind, strings, terms};
use crate::lexical::TermTable;
use crate::text::ANALYZER;
use crate::{Document, Error, Result, limits};

/// One document with its vector, borrowed from a session or from a [`Segment`](super::Segment).
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// The user's key.
    pub id: &'a str,
    /// What was embedded.
    pub text: &'a str,
    /// Pairs with ascending keys; `None` and no pairs are two things.
    pub metadata: Option<Vec<(&'a str, &'a str)>>,
    /// The opaque string; `None` and empty are two things.
    pub payload: Option<&'a str>,
    /// The vector, stored bit for bit.
    pub vector: &'a [f32],
    /// Place in the order in which documents were first stored; equal scores rank by it.
    pub order: u64,
}

impl<'a> Row<'a> {
    /// The row of a document whose vector is held elsewhere; `document.embedding` is not looked at.
    pub fn new(document: &'a Document, vector: &'a [f32], order: u64) -> Row<'a> {
        let pairs = |(key, value): (&'a String, &'a String)| (key.as_str(), value.as_str());
        Row {
            id: &document.id,
            text: &document.text,
            metadata: document
                .metadata
                .as_ref()
                .map(|map| map.iter().map(pairs).collect()),
            payload: document.payload.as_deref(),
            vector,
            order,
        }
    }

    /// The document of this row, without its vector.
    pub fn to_document(&self) -> Document {
        let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        Document {
            id: self.id.to_owned(),
            text: self.text.to_owned(),
            metadata: self
                .metadata
                .as_ref()
                .map(|pairs| pairs.iter().map(owned).collect()),
            embedding: None,
            payload: self.payload.map(str::to_owned),
        }
    }
}

/// What goes into one segment.
///
/// # Example: a document and back
/// ```
/// # use moss_core::{Document, lexical::TermTable, snapshot::*};
/// let document = Document::new("turn-1", "cash back").with_metadata([("speaker", "customer")]);
/// let terms = TermTable::new("backcash", vec![4, 4], vec![2], vec![2], vec![0, 1], vec![1, 1])?;
/// let bytes = SegmentContent {
///     id: [7; 16],
///     meta: &SegmentMeta {
///         model_id: "custom".into(),
///         model_version: "1".into(),
///         dimension: 2,
///     },
///     rows: &[Row::new(&document, &[0.6, 0.8], 0)],
///     terms: &terms,
///     tombstones: &["turn-0"],
///     row_versions: None,
/// }
/// .encode()?;
///
/// let segment = Segment::decode(&bytes, "the example")?;
/// assert_eq!(segment.row(0).to_document(), document);
/// assert_eq!(segment.row(0).vector, [0.6, 0.8]);
/// assert_eq!(segment.tombstones().collect::<Vec<_>>(), ["turn-0"]);
/// # Ok::<(), moss_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SegmentContent<'a> {
    /// A UUID; the caller draws it.
    pub id: [u8; 16],
    /// What all rows have in common.
    pub meta: &'a SegmentMeta,
    /// The documents; no id twice.
    pub rows: &'a [Row<'a>],
    /// The words of the rows, in their order, by the rules of [`text::ANALYZER`](ANALYZER).
    pub terms: &'a TermTable<'a>,
    /// Ids that disappear from earlier segments, in any order; no row of this segment among them.
    pub tombstones: &'a [&'a str],
    /// The index version that last wrote each row. `None` in a segment that one commit writes: then the manifest says it.
    pub row_versions: Option<&'a [u64]>,
}

impl SegmentContent<'_> {
    /// The bytes of the segment. Equal content gives equal bytes. O(size), one buffer of that size.
    ///
    /// # Errors
    /// `InvalidArgument` for content that no reader would accept: an empty or repeated id, a vector of another length than
    /// the dimension, keys out of order, columns of another length than the rows. `TooLarge` for a string of 4 GiB.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut tombstones = self.tombstones.to_vec();
        tombstones.sort_unstable();
        self.check(&tombstones)?;
        let rows = self.rows;
        let section_count = if self.row_versions.is_some() { 10 } else { 9 };
        let mut frame = FrameWriter::new(self.id, section_count, self.size_hint());
        frame.section(kind::META, |out| self.write_meta(out))?;
        frame.section(kind::IDS, |out| {
            strings::write(out, rows.iter().map(|row| row.id))
        })?;
        frame.section(kind::TEXTS, |out| {
            strings::write(out, rows.iter().map(|row| row.text))
        })?;
        frame.section(kind::METADATA, |out| metadata::write(out, rows))?;
        frame.section(kind::PAYLOADS, |out| {
            out.extend(rows.iter().map(|row| u8::from(row.payload.is_some())));
            let present: Vec<&str> = rows.iter().filter_map(|row| row.payload).collect();
            strings::write(out, present.iter().copied())
        })?;
        frame.section(kind::VECTORS, |out| {
            rows.iter().for_each(|row| write_vector(out, row.vector));
            Ok(())
        })?;
        frame.section(kind::TERMS, |out| terms::write(out, self.terms))?;
        frame.section(kind::TOMBSTONES, |out| {
            strings::write(out, tombstones.iter().copied())
        })?;
        frame.section(kind::ORDER, |out| {
            strings::write_u64s(out, rows.iter().map(|row| row.order));
            Ok(())
        })?;
        if let Some(versions) = self.row_versions {
            frame.section(kind::ROW_VERSIONS, |out| {
                strings::write_u64s(out, versions.iter().copied());
                Ok(())
            })?;
        }
        Ok(frame.finish())
    }

    fn write_meta(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend((self.rows.len() as u64).to_le_bytes());
        out.extend((self.meta.dimension as u32).to_le_bytes());
        out.extend(PRECISION_F32.to_le_bytes());
        out.extend(ANALYZER.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        let strings = [self.meta.model_id.as_str(), self.meta.model_version.as_str()];
        strings::write(out, strings.into_iter())
    }

    /// About how many bytes the sections take, so that the buffer grows at most once.
    fn size_hint(&self) -> usize {
        let row_bytes = |row: &Row<'_>| {
            let pairs = row.metadata.iter().flatten();
            let metadata: usize = pairs.map(|(key, value)| key.len() + value.len() + 8).sum();
            row.id.len() + row.text.len() + metadata + row.payload.map_or(0, |p| p.len() + 4) + 40
        };
        let rows: usize = self.rows.iter().map(row_bytes).sum();
        let tombstones: usize = self.tombstones.iter().map(|id| id.len() + 4).sum();
        let terms =
            self.terms.words().len() + self.terms.word_bytes().len() * 4 + self.terms.terms().len() * 5;
        rows + self.rows.len() * self.meta.dimension * 4 + tombstones + terms + 1024
    }

    fn check(&self, sorted_tombstones: &[&str]) -> Result<()> {
        let dimension = self.meta.dimension;
        if dimension > limits::MAX_DIMENSION || (dimension == 0 && !self.rows.is_empty()) {
            return Err(Error::invalid(format!(
                "a segment of dimension {dimension} with {} rows",
                self.rows.len()
            )));
        }
        let versions = self.row_versions.map_or(self.rows.len(), <[u64]>::len);
        if versions != self.rows.len() || self.terms.documents() != self.rows.len() {
            return Err(Error::invalid(format!(
                "{} rows with {versions} versions and the terms of {}",
                self.rows.len(),
                self.terms.documents()
            )));
        }
        let mut ids = HashSet::with_capacity(self.rows.len());
        for row in self.rows {
            if row.id.is_empty() {
                return Err(Error::invalid("a row without id"));
            }
            if !ids.insert(row.id) {
                return Err(Error::invalid(format!("id {:?} twice in a segment", row.id)));
            }
            if row.vector.len() != dimension {
                return Err(Error::invalid(format!(
                    "document {:?} has {} dimensions in a segment of {dimension}",
                    row.id,
                    row.vector.len()
                )));
            }
            if !ascend(row.metadata.iter().flatten().map(|(key, _)| *key)) {
                return Err(Error::invalid(format!(
                    "document {:?}: metadata keys do not ascend",
                    row.id
                )));
            }
        }
        if sorted_tombstones.first().is_some_and(|id| id.is_empty())
            || !ascend(sorted_tombstones.iter().copied())
        {
            return Err(Error::invalid("tombstones hold an empty id or one twice"));
        }
        match sorted_tombstones.iter().find(|id| ids.contains(*id)) {
            Some(id) => Err(Error::invalid(format!(
                "id {id:?} both stored and deleted in a segment"
            ))),
            None => Ok(()),
        }
    }
}

fn write_vector(out: &mut Vec<u8>, vector: &[f32]) {
    if cfg!(target_endian = "little") {
        out.extend_from_slice(bytemuck::cast_slice(vector));
    } else {
        vector.iter().for_each(|x| out.extend(x.to_le_bytes()));
    }
}
