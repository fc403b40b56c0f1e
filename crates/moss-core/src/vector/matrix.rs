//! The rows themselves, in chunks that never move and are shared between copies.

use std::borrow::Cow;
use std::sync::Arc;

use super::block::{BLOCK, Block};
use super::chunk::Chunk;
use super::precision::Precision;
use super::quantize::{Probe, QuantizedRow};
use crate::limits::MAX_DIMENSION;
use crate::{Error, ErrorKind, Result};

/// The vectors of an index by row, each with the code that a scan reads.
///
/// Rows lie in chunks of about two megabytes: adding a row never moves older ones. A clone shares the chunks and
/// costs a reference count for each, and whoever writes to a shared chunk first copies that chunk alone; so a
/// clone is a snapshot that can be read while the original goes on.
///
/// 384 components take 1,982 bytes a row: 1,536 for the vector, 384 for the code, 12 for its scale and bounds, 50 for signs. In
/// [`Precision::Int8`] they take 446: the code is the vector.
///
/// ```
/// use moss_core::vector::{QuantizedRow, Vectors};
/// let mut vectors = Vectors::new(2)?;
/// vectors.set(0, &QuantizedRow::new(&[0.6, 0.8])?)?;
/// let snapshot = vectors.clone();
/// vectors.set(0, &QuantizedRow::new(&[1.0, 0.0])?)?;
/// assert_eq!(*vectors.get(0), [1.0, 0.0]);
/// assert_eq!(*snapshot.get(0), [0.6, 0.8]);
/// # Ok::<(), moss_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Vectors {
    dim: usize,
    precision: Precision,
    /// Rows of each chunk but the last.
    chunk_rows: usize,
    len: usize,
    chunks: Vec<Arc<Chunk>>,
}

impl Vectors {
    /// No rows yet, of `dim` components each, to be held as they are set.
    ///
    /// # Errors
    /// `InvalidArgument` unless `dim` is 1 to [`MAX_DIMENSION`].
    pub fn new(dim: usize) -> Result<Vectors> {
        Vectors::with_precision(dim, Precision::F32)
    }

    /// As [`new`](Vectors::new), to be held in this precision.
    ///
    /// # Errors
    /// As [`new`](Vectors::new).
    pub fn with_precision(dim: usize, precision: Precision) -> Result<Vectors> {
        if dim == 0 || dim > MAX_DIMENSION {
            return Err(Error::invalid(format!(
                "dimension must be 1 to {MAX_DIMENSION}, got {dim}"
            )));
        }
        Ok(Vectors {
            dim,
            precision,
            chunk_rows: Chunk::usual_rows(dim, precision),
            len: 0,
            chunks: Vec::new(),
        })
    }

    /// Components of each row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Rows, dead ones included: the next new row has this number.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn precision(&self) -> Precision {
        self.precision
    }

    /// Rows of each chunk but the last.
    pub(super) fn chunk_rows(&self) -> usize {
        self.chunk_rows
    }

    /// Adds the next chunk, all before it being whole.
    pub(super) fn push_chunk(&mut self, chunk: Chunk) {
        debug_assert_eq!(self.len, self.chunks.len() * self.chunk_rows);
        self.len += chunk.len();
        self.chunks.push(Arc::new(chunk));
    }

    /// The vector of a row: as it was set, or as near as a code comes to it, see [`Precision`].
    ///
    /// # Panics
    /// If `row` is not below [`len`](Vectors::len).
    pub fn get(&self, row: u32) -> Cow<'_, [f32]> {
        let (chunk, at) = self.place(row as usize);
        let chunk = &self.chunks[chunk];
        chunk.values(at).map_or_else(
            || {
                let mut decoded = Vec::with_capacity(self.dim);
                chunk.decode(at, self.dim, &mut decoded);
                Cow::Owned(decoded)
            },
            Cow::Borrowed,
        )
    }

    /// As [`get`](Vectors::get), by way of `buffer` where the row is held as a code.
    pub(crate) fn read<'a>(&'a self, row: u32, buffer: &'a mut Vec<f32>) -> &'a [f32] {
        let (chunk, at) = self.place(row as usize);
        let chunk = &self.chunks[chunk];
        match chunk.values(at) {
            Some(values) => values,
            None => {
                chunk.decode(at, self.dim, buffer);
                buffer
            }
        }
    }

    /// Puts a vector in `row`: in place of the old one, or as a new last row if `row` is [`len`](Vectors::len).
    ///
    /// Copies one row; besides that, a chunk is copied whole if a clone still shares it, or while the first
    /// chunk of all grows.
    ///
    /// # Errors
    /// `DimensionMismatch` if the vector has another length. `Internal` if rows would be left out.
    pub fn set(&mut self, row: u32, vector: &QuantizedRow) -> Result<()> {
        let (row, vector) = (row as usize, vector.coded());
        self.check_query(vector.values)?;
        if row > self.len {
            return Err(Error::new(
                ErrorKind::Internal,
                format!("row {row} set after only {} rows", self.len),
            ));
        }
        let (chunk, at) = self.place(row);
        if chunk == self.chunks.len() {
            let empty = Chunk::with_room(0, self.dim, self.precision);
            self.chunks.push(Arc::new(empty));
        }
        let chunk_rows = self.chunk_rows();
        // Only the first chunk starts small: an index that has filled one will want the next.
        let first_rows = if chunk == 0 { 8 } else { chunk_rows };
        let target = Arc::make_mut(&mut self.chunks[chunk]);
        if row == self.len {
            target.push(vector, self.precision, first_rows, chunk_rows);
            self.len += 1;
        } else {
            target.replace(at, vector, self.precision);
        }
        Ok(())
    }

    /// Moves every row to a lower number, keeping their order: row `r` becomes `new_row[r]`, and rows with
    /// `u32::MAX` are dropped.
    ///
    /// Works in place, one row copied for each row that moves.
    ///
    /// # Errors
    /// `Internal`, with nothing changed, unless `new_row` has an entry for each row and the kept ones are
    /// numbered 0, 1, 2 and so on.
    pub fn remap(&mut self, new_row: &[u32]) -> Result<()> {
        let kept = new_row.iter().filter(|&&to| to != u32::MAX);
        if new_row.len() != self.len || !kept.clone().copied().eq(0..kept.count() as u32) {
            return Err(Error::new(
                ErrorKind::Internal,
                "rows were renumbered out of order",
            ));
        }
        let mut len = 0;
        for (from, &to) in new_row.iter().enumerate() {
            if to == u32::MAX {
                continue;
            }
            len = to as usize + 1;
            if from != to as usize {
                self.move_row(from, to as usize);
            }
        }
        self.len = len;
        self.chunks.truncate(len.div_ceil(self.chunk_rows));
        let last_rows = len % self.chunk_rows;
        if last_rows > 0
            && let Some(last) = self.chunks.last_mut()
        {
            Arc::make_mut(last).truncate(last_rows);
        }
        Ok(())
    }

    fn move_row(&mut self, from: usize, to: usize) {
        let ((from_chunk, from_at), (to_chunk, to_at)) = (self.place(from), self.place(to));
        if from_chunk == to_chunk {
            Arc::make_mut(&mut self.chunks[to_chunk]).move_within(from_at, to_at);
        } else {
            let (head, tail) = self.chunks.split_at_mut(from_chunk);
            Arc::make_mut(&mut head[to_chunk]).copy_from(to_at, &tail[0], from_at);
        }
    }

    fn place(&self, row: usize) -> (usize, usize) {
        (row / self.chunk_rows, row % self.chunk_rows)
    }

    /// The rows in blocks of [`BLOCK`] (the last one of each chunk may be shorter), in order.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        self.chunks.iter().enumerate().flat_map(move |(index, chunk)| {
            (0..chunk.len()).step_by(BLOCK).map(move |at| Block {
                first_row: index * self.chunk_rows + at,
                len: BLOCK.min(chunk.len() - at),
                at,
                chunk,
            })
        })
    }

    /// Asks the memory for the code of a row that [`interval`](Vectors::interval) reads soon.
    pub(crate) fn prefetch(&self, row: u32) {
        let (chunk, at) = self.place(row as usize);
        self.chunks[chunk].prefetch(at);
    }

    /// The least and the most that the dot product with a row can be.
    pub(crate) fn interval(&self, probe: &Probe, row: u32) -> (f64, f64) {
        let (chunk, at) = self.place(row as usize);
        self.chunks[chunk].interval(probe, at)
    }

    /// Checks the length of a query, or of a vector to hold.
    ///
    /// # Errors
    /// `DimensionMismatch`.
    pub(crate) fn check_query(&self, query: &[f32]) -> Result<()> {
        if query.len() == self.dim {
            Ok(())
        } else {
            Err(dimension_mismatch(query.len(), self.dim))
        }
    }
}

fn dimension_mismatch(got: usize, dim: usize) -> Error {
    Error::new(
        ErrorKind::DimensionMismatch,
        format!("embedding has {got} components, the index has {dim}"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::block::Intervals;
    use super::super::quantize::Probe;
    use super::*;

    /// `value` in front of components that a code cannot hit.
    fn row(dim: usize, value: f32) -> QuantizedRow {
        let rest = (1..dim).map(|i| value.sin() * (i as f32).sin());
        QuantizedRow::new(&std::iter::once(value).chain(rest).collect::<Vec<_>>()).unwrap()
    }

    fn firsts(vectors: &Vectors) -> Vec<f32> {
        (0..vectors.len() as u32).map(|r| vectors.get(r)[0]).collect()
    }

    #[test]
    fn rows_are_kept_over_many_chunks() {
        for dim in [1, 3, 64, 65, 4096] {
            let mut vectors = Vectors::new(dim).unwrap();
            let count = vectors.chunk_rows() as u32 * 5 / 2;
            for r in 0..count {
                vectors.set(r, &row(dim, r as f32)).unwrap();
            }
            vectors.set(count / 2, &row(dim, -7.0)).unwrap();
            let mut expected: Vec<f32> = (0..count).map(|r| r as f32).collect();
            expected[count as usize / 2] = -7.0;
            assert_eq!(firsts(&vectors), expected);
            assert_eq!(vectors.blocks().map(|b| b.len).sum::<usize>(), count as usize);
        }
    }

    #[test]
    fn a_clone_is_a_snapshot() {
        let mut vectors = Vectors::new(5).unwrap();
        for r in 0..10 {
            vectors.set(r, &row(5, r as f32)).unwrap();
        }
        let snapshot = vectors.clone();
        vectors.set(3, &row(5, 99.0)).unwrap();
        vectors.set(10, &row(5, 10.0)).unwrap();
        assert_eq!(firsts(&snapshot), (0..10).map(|r| r as f32).collect::<Vec<_>>());
        assert_eq!(firsts(&vectors)[3], 99.0);
        assert_eq!(vectors.len(), 11);
    }

    #[test]
    fn remap_drops_and_keeps_order() {
        let mut vectors = Vectors::new(300).unwrap();
        for r in 0..3000 {
            vectors.set(r, &row(300, r as f32)).unwrap();
        }
        let snapshot = vectors.clone();
        let (mut next, mut map) = (0, Vec::new());
        for r in 0..3000u32 {
            let kept = r % 3 != 1 && !(1000..2000).contains(&r);
            map.push(if kept { next } else { u32::MAX });
            next += u32::from(kept);
        }
        vectors.remap(&map).unwrap();
        let expected: Vec<f32> = (0..3000)
            .filter(|&r| map[r] != u32::MAX)
            .map(|r| r as f32)
            .collect();
        assert_eq!(firsts(&vectors), expected);
        assert_eq!(snapshot.len(), 3000);
        assert_eq!(snapshot.get(2999)[0], 2999.0);
        // Codes moved with their rows.
        let query = vec![1.0; 300];
        let probe = Probe::new(&query).unwrap();
        let mut intervals = Intervals::new();
        for block in vectors.blocks() {
            block.multiply(&probe, &mut intervals);
            for i in 0..block.len {
                let dot = super::super::dot(&query, &vectors.get((block.first_row + i) as u32));
                let (low, high) = intervals.bounds(i);
                assert!(low <= dot && dot <= high);
            }
        }
        let rows = vectors.len();
        vectors.set(rows as u32, &row(300, 5.0)).unwrap();
        vectors.remap(&vec![u32::MAX; rows + 1]).unwrap();
        assert!(vectors.is_empty());
        vectors.set(0, &row(300, 1.0)).unwrap();
    }

    /// Rows held as codes are, through every change, what rows are that were rounded first.
    #[test]
    fn codes_are_rows_that_were_rounded_first() {
        for dim in [1, 3, 64, 65, 700] {
            let mut codes = Vectors::with_precision(dim, Precision::Int8).unwrap();
            let mut rows = Vectors::new(dim).unwrap();
            let set = |codes: &mut Vectors, rows: &mut Vectors, at: u32, value: f32| {
                codes.set(at, &row(dim, value)).unwrap();
                let rounded = QuantizedRow::new(&codes.get(at)).unwrap();
                rows.set(at, &rounded).unwrap();
                // Rounded vectors that come back are the same again.
                codes.set(at, &rounded).unwrap();
            };
            for at in 0..1500 {
                set(&mut codes, &mut rows, at, at as f32 - 700.0);
            }
            let bytes = |vectors: &Vectors| vectors.chunks.iter().map(|chunk| chunk.bytes()).sum::<usize>();
            assert!(dim < 64 || bytes(&codes) * 100 < bytes(&rows) * 40);
            let snapshot = codes.clone();
            let old = codes.get(3).into_owned();
            set(&mut codes, &mut rows, 3, 0.7);
            assert_eq!((&*snapshot.get(3), &*codes.get(3)), (&*old, &*rows.get(3)));
            let map: Vec<u32> = (0..1500)
                .map(|at| if at % 3 == 0 { at / 3 } else { u32::MAX })
                .collect();
            codes.remap(&map).unwrap();
            rows.remap(&map).unwrap();
            set(&mut codes, &mut rows, 500, 9.0);
            let query = row(dim, 0.3);
            let probe = Probe::new(query.values()).unwrap();
            let mut intervals = Intervals::new();
            for block in codes.blocks() {
                block.multiply(&probe, &mut intervals);
                for i in 0..block.len {
                    let at = (block.first_row + i) as u32;
                    assert_eq!(codes.get(at), rows.get(at));
                    let (low, high) = intervals.bounds(i);
                    let dot = super::super::dot(query.values(), &rows.get(at));
                    assert!(low <= dot && dot <= high, "{low} <= {dot} <= {high}");
                }
            }
            assert_eq!(codes.len(), 501);
        }
    }

    #[test]
    fn refuses_gaps_and_wrong_lengths() {
        let mut vectors = Vectors::new(2).unwrap();
        assert_eq!(
            vectors.set(1, &row(2, 0.0)).unwrap_err().kind(),
            ErrorKind::Internal
        );
        assert_eq!(
            vectors.set(0, &row(3, 0.0)).unwrap_err().kind(),
            ErrorKind::DimensionMismatch
        );
        vectors.set(0, &row(2, 0.0)).unwrap();
        vectors.set(1, &row(2, 0.0)).unwrap();
        for bad in [&[0][..], &[1, 0], &[1, u32::MAX], &[0, 0], &[0, 1, 2]] {
            assert_eq!(vectors.remap(bad).unwrap_err().kind(), ErrorKind::Internal);
        }
        assert!(Vectors::new(0).is_err() && Vectors::new(MAX_DIMENSION + 1).is_err());
    }
}
