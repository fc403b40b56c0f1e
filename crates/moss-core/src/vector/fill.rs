//! Many rows at once, coded by several threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::chunk::Chunk;
use super::{Codes, Precision, Vectors};
use crate::Result;

/// [`Vectors`] of rows that are all there, made chunk by chunk by whoever [`work`](Fill::work)s on them.
pub(crate) struct Fill<F> {
    empty: Vectors,
    count: usize,
    /// The vector of a row.
    vector_of: F,
    /// The first chunk that nobody has begun.
    next: AtomicUsize,
    filled: Mutex<Vec<(usize, Filled)>>,
}

/// A chunk, and the norms of its rows.
type Filled = Result<(Chunk, Vec<f32>)>;

impl<'v, F: Fn(usize) -> &'v [f32] + Sync> Fill<F> {
    /// `count` vectors of `dim` components, row after row.
    ///
    /// # Errors
    /// As [`Vectors::new`].
    pub(crate) fn new(dim: usize, precision: Precision, count: usize, vector_of: F) -> Result<Fill<F>> {
        Ok(Fill {
            empty: Vectors::with_precision(dim, precision)?,
            count,
            vector_of,
            next: AtomicUsize::new(0),
            filled: Mutex::default(),
        })
    }

    /// Codes one chunk after the other until all are begun.
    pub(crate) fn work(&self) {
        let chunk_rows = self.empty.chunk_rows();
        let mut codes = Codes::default();
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let first = at * chunk_rows;
            if first >= self.count {
                return;
            }
            let filled = self.chunk(first, chunk_rows.min(self.count - first), &mut codes);
            self.filled.lock().push((at, filled));
        }
    }

    fn chunk(&self, first: usize, rows: usize, codes: &mut Codes) -> Filled {
        let (dim, precision) = (self.empty.dim(), self.empty.precision());
        let (mut chunk, mut norms) = (Chunk::with_room(rows, dim, precision), Vec::with_capacity(rows));
        for row in first..first + rows {
            let coded = codes.set((self.vector_of)(row))?;
            self.empty.check_query(coded.values)?;
            norms.push(coded.norm());
            chunk.push(coded, precision, rows, rows);
        }
        Ok((chunk, norms))
    }

    /// What is left is done, and all is put together: the vectors, and their norms as [`norm`](super::QuantizedRow::norm) has them.
    ///
    /// # Errors
    /// `InvalidArgument` or `DimensionMismatch` for the first vector that no index takes.
    pub(crate) fn finish(self) -> Result<(Vectors, Vec<f32>)> {
        self.work();
        let mut filled = self.filled.into_inner();
        filled.sort_unstable_by_key(|&(at, _)| at);
        let (mut vectors, mut norms) = (self.empty, Vec::with_capacity(self.count));
        for (_, filled) in filled {
            let (chunk, more) = filled?;
            vectors.push_chunk(chunk);
            norms.extend(more);
        }
        Ok((vectors, norms))
    }
}

#[cfg(test)]
mod tests {
    use super::super::QuantizedRow;
    use super::*;

    #[test]
    fn is_as_if_row_by_row_whoever_works() {
        for (dim, count) in [(384, 0), (384, 1), (384, 2500), (3, 30_000)] {
            for precision in [Precision::F32, Precision::Int8] {
                let mut random = fastrand::Rng::with_seed(6);
                let rows: Vec<Vec<f32>> = (0..count)
                    .map(|_| (0..dim).map(|_| random.f32() - 0.5).collect())
                    .collect();
                let fill = Fill::new(dim, precision, count, |row| &rows[row]).unwrap();
                std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(|| fill.work()))));
                let (mut filled, norms) = fill.finish().unwrap();
                let mut expected = Vectors::with_precision(dim, precision).unwrap();
                for (row, vector) in (0u32..).zip(&rows) {
                    let vector = QuantizedRow::new(vector).unwrap();
                    assert_eq!(norms[row as usize], vector.norm());
                    expected.set(row, &vector).unwrap();
                }
                assert_eq!(format!("{filled:?}"), format!("{expected:?}"));
                // And goes on.
                let more = QuantizedRow::new(&vec![0.5; dim]).unwrap();
                filled.set(count as u32, &more).unwrap();
                expected.set(count as u32, &more).unwrap();
                assert_eq!(filled.get(count as u32), expected.get(count as u32));
            }
        }
    }

    #[test]
    fn names_the_first_vector_that_has_no_place() {
        let rows = [&[1.0, 2.0][..], &[1.0], &[f32::NAN, 1.0]];
        let fill = Fill::new(2, Precision::F32, 3, |row| rows[row]).unwrap();
        let error = fill.finish().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::DimensionMismatch);
    }
}
