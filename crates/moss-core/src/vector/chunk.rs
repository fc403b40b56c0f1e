//! Some rows side by side, column by column.

use super::block::{BLOCK, bounds};
use super::precision::Precision;
use super::quantize::{Code, CodedRow, Probe, lines_per_row};
use super::rows::{HUGE_PAGE, Rows};
use super::signs::{ROWS, Signs};
use super::simd::{self, Line};

/// Rows with their codes; columns apart, so that the bounds of a block are computed side by side.
#[derive(Debug, Clone, Default)]
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
        let (values, lines) = row_size(dim, precision);
        Chunk {
            rows: Rows::with_room(rows * values, rows * lines),
            ..Chunk::default()
        }
    }

    /// So many rows as fill a huge page, in whole blocks of signs.
    pub(super) fn usual_rows(dim: usize, precision: Precision) -> usize {
        let (values, lines) = row_size(dim, precision);
        let rows = HUGE_PAGE / (values * size_of::<f32>() + lines * size_of::<Line>());
        (rows / ROWS * ROWS).max(BLOCK)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    /// The vector of a row as it was set; `None` where only its code is held.
    pub(super) fn values(&self, at: usize, dim: usize) -> Option<&[f32]> {
        self.rows.values().get(at * dim..(at + 1) * dim)
    }

    /// The codes of so many rows from one on.
    pub(super) fn codes(&self, at: usize, rows: usize) -> &[Line] {
        let all = self.rows.lines();
        let lines = all.len() / self.len();
        &all[at * lines..][..rows * lines]
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
            self.rows.reserve(more * values.len(), more * lines.len());
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
        self.rows.values_mut()[at * values.len()..][..values.len()].copy_from_slice(values);
        self.rows.lines_mut()[at * lines.len()..][..lines.len()].copy_from_slice(lines);
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
        let count = self.len();
        let (values, lines) = (
            self.rows.values_mut().len() / count,
            self.rows.lines().len() / count,
        );
        self.rows
            .values_mut()
            .copy_within(from * values..(from + 1) * values, to * values);
        self.rows
            .lines_mut()
            .copy_within(from * lines..(from + 1) * lines, to * lines);
        self.scales[to] = self.scales[from];
        self.norms[to] = self.norms[from];
        self.residuals[to] = self.residuals[from];
        if let Some(signs) = &mut self.signs {
            let code = signs.get(from);
            signs.replace(to, &code);
        }
    }

    pub(super) fn copy_from(&mut self, to: usize, source: &Chunk, from: usize) {
        let (values, lines) = (
            source.rows.values().len() / source.len(),
            source.rows.lines().len() / source.len(),
        );
        self.rows.values_mut()[to * values..][..values]
            .copy_from_slice(&source.rows.values()[from * values..][..values]);
        self.rows.lines_mut()[to * lines..][..lines].copy_from_slice(source.codes(from, 1));
        self.scales[to] = source.scales[from];
        self.norms[to] = source.norms[from];
        self.residuals[to] = source.residuals[from];
        if let (Some(signs), Some(source)) = (&mut self.signs, &source.signs) {
            signs.replace(to, &source.get(from));
        }
    }

    pub(super) fn truncate(&mut self, left: usize) {
        let count = self.len();
        self.rows.truncate(
            self.rows.values().len() / count * left,
            self.rows.lines().len() / count * left,
        );
        self.scales.truncate(left);
        self.norms.truncate(left);
        self.residuals.truncate(left);
        if let Some(signs) = &mut self.signs {
            signs.truncate(left);
        }
    }
}

/// Values and lines of codes that a row takes.
fn row_size(dim: usize, precision: Precision) -> (usize, usize) {
    let values = match precision {
        Precision::F32 => dim,
        Precision::Int8 => 0,
    };
    (values, lines_per_row(dim))
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
