//! The bytes of one segment to rows.

use std::borrow::Cow;
use std::collections::HashSet;

use super::cursor::{Cursor, product};
use super::frame::{Checksums, Frame};
use super::metadata::{MetadataColumn, ascend};
use super::strings::Strings;
use super::{PRECISION_F32, Row, SegmentMeta, corrupt, kind, terms};
use crate::lexical::{KeywordIndex, TermTable};
use crate::text::{ANALYZER, analyze};
use crate::{Result, limits};

/// A segment whose every byte was checked; rows borrow from the bytes.
#[derive(Debug, Clone)]
pub struct Segment<'a> {
    id: [u8; 16],
    meta: SegmentMeta,
    analyzer: u32,
    ids: Strings<'a>,
    texts: Strings<'a>,
    metadata: MetadataColumn<'a>,
    payloads: PayloadColumn<'a>,
    vectors: Cow<'a, [f32]>,
    terms: TermTable<'a>,
    tombstones: Strings<'a>,
    order: Cow<'a, [u64]>,
    row_versions: Option<Cow<'a, [u64]>>,
}

impl<'a> Segment<'a> {
    /// Reads a segment; `object` is its name for messages.
    ///
    /// Columns of numbers are used in place where `bytes` are aligned to them (4, and 8 for the order), else copied. O(size):
    /// checksums of everything, and a look at every string.
    ///
    /// # Errors
    /// `CacheCorrupt` naming the object and the part for any byte that is not as docs/snapshot-format.md says.
    pub fn decode(bytes: &'a [u8], object: &str) -> Result<Segment<'a>> {
        Segment::read(bytes, Checksums::Compared)
            .map_err(|error| error.within(format_args!("segment {object:?}")))
    }

    /// As [`decode`](Segment::decode), for bytes that were compared as a whole with a checksum from elsewhere: its own checksums of
    /// their parts are passed over.
    ///
    /// # Errors
    /// As [`decode`](Segment::decode), but for those.
    pub fn decode_compared(bytes: &'a [u8], object: &str) -> Result<Segment<'a>> {
        Segment::read(bytes, Checksums::PassedOver)
            .map_err(|error| error.within(format_args!("segment {object:?}")))
    }

    fn read(bytes: &'a [u8], checksums: Checksums) -> Result<Segment<'a>> {
        let frame = Frame::read(bytes, checksums)?;
        if let Some(unknown) = frame
            .kinds()
            .find(|kind| !(kind::META..=kind::ROW_VERSIONS).contains(kind))
        {
            return Err(corrupt(format!("unknown section {unknown}")));
        }
        let section = |kind, name| {
            frame
                .section(kind)
                .ok_or_else(|| corrupt(format!("no {name} section")))
        };
        let (rows, meta, analyzer) = read_meta(section(kind::META, "meta")?).map_err(|e| e.within("meta"))?;
        let strings = |kind, name| {
            section(kind, name).and_then(|bytes| read_strings(bytes).map_err(|e| e.within(name)))
        };
        let ids = strings(kind::IDS, "ids")?
            .expect(rows)
            .map_err(|e| e.within("ids"))?;
        let texts = strings(kind::TEXTS, "texts")?
            .expect(rows)
            .map_err(|e| e.within("texts"))?;
        let tombstones = strings(kind::TOMBSTONES, "tombstones")?;
        check_ids(&ids, &tombstones)?;
        let metadata = MetadataColumn::read(section(kind::METADATA, "metadata")?, rows)
            .map_err(|e| e.within("metadata"))?;
        let payloads = PayloadColumn::read(section(kind::PAYLOADS, "payloads")?, rows)
            .map_err(|e| e.within("payloads"))?;
        let vectors = read_vectors(section(kind::VECTORS, "vectors")?, rows, meta.dimension)
            .map_err(|e| e.within("vectors"))?;
        let terms = terms::read(section(kind::TERMS, "terms")?, rows).map_err(|e| e.within("terms"))?;
        let order = read_u64s(section(kind::ORDER, "order")?, rows).map_err(|e| e.within("stored order"))?;
        let row_versions = frame
            .section(kind::ROW_VERSIONS)
            .map(|section| read_u64s(section, rows).map_err(|e| e.within("row versions")))
            .transpose()?;
        Ok(Segment {
            id: frame.id,
            meta,
            analyzer,
            ids,
            texts,
            metadata,
            payloads,
            vectors,
            terms,
            tombstones,
            order,
            row_versions,
        })
    }

    /// The bytes of the segment's UUID.
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    /// What all rows have in common.
    pub fn meta(&self) -> &SegmentMeta {
        &self.meta
    }

    /// How many documents it holds.
    pub fn row_count(&self) -> usize {
        self.ids.len()
    }

    /// One document.
    ///
    /// # Panics
    /// If `row` is not below [`row_count`](Segment::row_count).
    pub fn row(&self, row: usize) -> Row<'_> {
        Row {
            id: self.ids.get(row),
            text: self.texts.get(row),
            metadata: self.metadata.get(row),
            payload: self.payloads.get(row),
            vector: self.vector(row),
            order: self.order(row),
        }
    }

    pub(crate) fn vector(&self, row: usize) -> &[f32] {
        &self.vectors[row * self.meta.dimension..(row + 1) * self.meta.dimension]
    }

    pub(crate) fn order(&self, row: usize) -> u64 {
        self.order[row]
    }

    /// The ids of the rows, in their order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = &'a str> + ExactSizeIterator + '_ {
        self.ids.iter()
    }

    /// All vectors, row after row: `[row_count, dimension]`.
    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// The words of the rows by today's rules: as stored if their [`ANALYZER`] made them, else made again from the texts,
    /// which costs as much as adding the documents did.
    pub fn terms(&self) -> Cow<'_, TermTable<'a>> {
        if self.analyzer == ANALYZER {
            return Cow::Borrowed(&self.terms);
        }
        let mut index = KeywordIndex::default();
        let rows: Vec<u32> = (0..self.row_count() as u32).collect();
        for (row, text) in rows.iter().zip(self.texts.iter()) {
            index.insert(*row, &analyze(text));
        }
        Cow::Owned(index.term_table(&rows))
    }

    /// The ids that it deletes from earlier segments, ascending.
    pub fn tombstones(&self) -> impl ExactSizeIterator<Item = &'a str> + '_ {
        self.tombstones.iter()
    }

    /// The index version that last wrote the row: what the segment says, and at least `since`, which its manifest says.
    ///
    /// # Panics
    /// If `row` is not below [`row_count`](Segment::row_count).
    pub fn row_version(&self, row: usize, since: u64) -> u64 {
        self.row_versions
            .as_ref()
            .map_or(since, |versions| versions[row].max(since))
    }
}

fn read_meta(section: &[u8]) -> Result<(usize, SegmentMeta, u32)> {
    let mut cursor = Cursor::new(section);
    let rows = cursor.size()?;
    let (dimension, precision, analyzer, zero) = (
        cursor.u32()? as usize,
        cursor.u32()?,
        cursor.u32()?,
        cursor.u32()?,
    );
    if precision != PRECISION_F32 {
        return Err(corrupt(format!("unknown vector precision {precision}")));
    }
    if zero != 0 {
        return Err(corrupt(format!("{zero} where 0 is expected")));
    }
    if dimension > limits::MAX_DIMENSION || (dimension == 0 && rows > 0) {
        return Err(corrupt(format!("dimension {dimension} with {rows} rows")));
    }
    let strings = Strings::read(&mut cursor)?.expect(2)?;
    cursor.end()?;
    let meta = SegmentMeta {
        model_id: strings.get(0).to_owned(),
        model_version: strings.get(1).to_owned(),
        dimension,
    };
    Ok((rows, meta, analyzer))
}

fn read_strings(section: &[u8]) -> Result<Strings<'_>> {
    let mut cursor = Cursor::new(section);
    let strings = Strings::read(&mut cursor)?;
    cursor.end()?;
    Ok(strings)
}

fn read_u64s(section: &[u8], rows: usize) -> Result<Cow<'_, [u64]>> {
    let mut cursor = Cursor::new(section);
    let numbers = cursor.u64s(rows)?;
    cursor.end()?;
    Ok(numbers)
}

fn check_ids(ids: &Strings<'_>, tombstones: &Strings<'_>) -> Result<()> {
    let mut seen = HashSet::with_capacity(ids.len());
    for id in ids.iter() {
        if id.is_empty() {
            return Err(corrupt(format!("ids: row {} has none", seen.len())));
        }
        if !seen.insert(id) {
            return Err(corrupt(format!("ids: {id:?} stands twice")));
        }
    }
    if !ascend(tombstones.iter()) {
        return Err(corrupt("tombstones: ids do not ascend"));
    }
    for id in tombstones.iter() {
        if id.is_empty() || seen.contains(id) {
            return Err(corrupt(format!("tombstones: {id:?} is empty or a row")));
        }
    }
    Ok(())
}

fn read_vectors(section: &[u8], rows: usize, dimension: usize) -> Result<Cow<'_, [f32]>> {
    let expected = product(product(rows, dimension)?, 4)?;
    if section.len() != expected {
        return Err(corrupt(format!("{} bytes, {expected} expected", section.len())));
    }
    Cursor::new(section).f32s(rows * dimension)
}

/// Per row a string or none.
#[derive(Debug, Clone)]
struct PayloadColumn<'a> {
    /// Per row the place of its string.
    places: Vec<Option<usize>>,
    strings: Strings<'a>,
}

impl<'a> PayloadColumn<'a> {
    fn read(section: &'a [u8], rows: usize) -> Result<PayloadColumn<'a>> {
        let mut cursor = Cursor::new(section);
        let marks = cursor.take(rows)?;
        let strings = Strings::read(&mut cursor)?;
        cursor.end()?;
        let mut places = Vec::with_capacity(rows);
        let mut present = 0;
        for &mark in marks {
            match mark {
                0 => places.push(None),
                1 => {
                    places.push(Some(present));
                    present += 1;
                }
                other => return Err(corrupt(format!("row {} is marked {other}", places.len()))),
            }
        }
        let strings = strings.expect(present)?;
        Ok(PayloadColumn { places, strings })
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        self.places[row].map(|place| self.strings.get(place))
    }
}
