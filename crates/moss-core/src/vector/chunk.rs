//! Some rows side by side, column by column.

use super::block::{BLOCK, bounds};
use super::precision::Precision;
use super::quantize::{Code, CodedRow, Probe};
use super::rows::{HUGE_PAGE, RowSize, Rows};
use super::signs::{ROWS, Signs};
use super::simd::{self, Line};

/// Rows with their codes; columns apart, so that the bounds of a block are computed side by side.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    /// The vectors as they were set, but where only codes are held, and the codes.
    rows: Rows,
    pub(super) scales: Vec<f32>,
    pub(super) norms: Vec<f32>,
    pub(super) residuals: Vec<f32>,
    /// Of vectors that are long enough.
    pub(super) signs: Option<Signs>,
}

impl Chunk {
    /// No rows yet, of `dim` components, and memory for so many.
    pub(super) fn with_room(rows: usize, dim: usize, precision: Precision) -> Chunk {
        Chunk {
            rows: Rows::with_room(RowSize::new(dim, precision), rows),
            scales: Vec::new(),
            norms: Vec::new(),
            residuals: Vec::new(),
            signs: None,
        }
    }

    /// So many rows as fill a huge page, in whole blocks of signs.
    pub(super) fn usual_rows(dim: usize, precision: Precision) -> usize {
        let rows = HUGE_PAGE / RowSize::new(dim, precision).bytes();
        (rows / ROWS * ROWS).max(BLOCK)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    /// The vector of a row as it was set; `None` where only its code is held.
    pub(super) fn values(&self, at: usize) -> Option<&[f32]> {
        Some(self.rows.values(at)).filter(|values| !values.is_empty())
    }

    /// The codes of so many rows from one on.
    pub(super) fn codes(&self, at: usize, rows: usize) -> &[Line] {
        self.rows.lines(at, rows)
    }

    /// Asks the memory for all that [`interval`](Chunk::interval) reads of a row.
    pub(super) fn prefetch(&self, at: usize) {
        self.codes(at, 1).iter().for_each(simd::prefetch);
        for column in [&self.scales, &self.norms, &self.residuals] {
            simd::prefetch(&column[at]);
        }
    }

    /// The least and the most that the dot product with a row can be.
    pub(super) fn interval(&self, probe: &Probe, at: usize) -> (f64, f64) {
        let mut product = [0];
        probe.multiply(self.codes(at, 1), &mut product);
        let (about, error) = probe.estimate(product[0], self.scales[at], self.norms[at], self.residuals[at]);
        bounds(about, error)
    }

    /// Writes the vector that the code of a row stands for.
    pub(super) fn decode(&self, at: usize, dim: usize, out: &mut Vec<f32>) {
        let codes = self.codes(at, 1).iter().flat_map(|line| line.0);
        let scale = self.scales[at];
        out.clear();
        out.extend(codes.take(dim).map(|code| f32::from(code) * scale));
    }

    pub(super) fn push(
        &mut self,
        row: CodedRow<'_>,
        precision: Precision,
        first_rows: usize,
        chunk_rows: usize,
    ) {
        let count = self.len();
        let (values, norm, residual) = held(row, precision);
        let Code { lines, scale, .. } = &row.codes.code;
        if count == self.scales.capacity() {
            let more = count.max(first_rows).min(chunk_rows - count);
            self.rows.reserve(more);
            self.scales.reserve_exact(more);
            self.norms.reserve_exact(more);
            self.residuals.reserve_exact(more);
            if let Some(code) = &row.codes.signs {
                self.signs.get_or_insert_default().reserve(more, code);
            }
        }
        self.rows.push(values, lines);
        self.scales.push(*scale);
        self.norms.push(norm);
        self.residuals.push(residual);
        if let (Some(held), Some(code)) = (&mut self.signs, &row.codes.signs) {
            held.push(code);
        }
    }

    pub(super) fn replace(&mut self, at: usize, row: CodedRow<'_>, precision: Precision) {
        let (values, norm, residual) = held(row, precision);
        let Code { lines, scale, .. } = &row.codes.code;
        self.rows.set(at, values, lines);
        self.scales[at] = *scale;
        self.norms[at] = norm;
        self.residuals[at] = residual;
        if let (Some(held), Some(code)) = (&mut self.signs, &row.codes.signs) {
            held.replace(at, code);
        }
    }

    /// Bytes taken from the allocator.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let columns = self.scales.capacity() + self.norms.capacity() + self.residuals.capacity();
        let signs = self.signs.as_ref().map_or(0, Signs::bytes);
        self.rows.bytes() + 4 * columns + signs
    }

    pub(super) fn move_within(&mut self, from: usize, to: usize) {
        self.rows.move_within(from, to);
        self.scales[to] = self.scales[from];
        self.norms[to] = self.norms[from];
        self.residuals[to] = self.residuals[from];
        if let Some(signs) = &mut self.signs {
            let code = signs.get(from);
            signs.replace(to, &code);
        }
    }

    pub(super) fn copy_from(&mut self, to: usize, source: &Chunk, from: usize) {
        self.rows
            .set(to, source.rows.values(from), source.rows.lines(from, 1));
        self.scales[to] = source.scales[from];
        self.norms[to] = source.norms[from];
        self.residuals[to] = source.residuals[from];
        if let (Some(signs), Some(source)) = (&mut self.signs, &source.signs) {
            signs.replace(to, &source.get(from));
        }
    }

    pub(super) fn truncate(&mut self, left: usize) {
        self.rows.truncate(left);
        self.scales.truncate(left);
        self.norms.truncate(left);
        self.residuals.truncate(left);
        if let Some(signs) = &mut self.signs {
            signs.truncate(left);
        }
    }
}

/// What a chunk holds of a row beside its code: the components, if any, the norm and the residual. A row that is its code
/// has no residual.
fn held<'a>(row: CodedRow<'a>, precision: Precision) -> (&'a [f32], f32, f32) {
    let code = &row.codes.code;
    match precision {
        Precision::F32 => (row.values, code.norm, code.residual),
        Precision::Int8 => (&[], code.coded_norm(), 0.0),
    }
}
