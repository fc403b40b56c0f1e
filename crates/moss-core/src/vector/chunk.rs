//! Some rows side by side, column by column.

use super::block::bounds;
use super::precision::Precision;
use super::quantize::{Code, CodedRow, Probe};
use super::signs::Signs;
use super::simd::{self, Line};

/// Rows with their codes; columns apart, so that the bounds of a block are computed side by side.
#[derive(Debug, Clone, Default)]
pub(super) struct Chunk {
    /// The vectors as they were set; empty where only codes are held.
    values: Vec<f32>,
    pub(super) lines: Vec<Line>,
    pub(super) scales: Vec<f32>,
    pub(super) norms: Vec<f32>,
    pub(super) residuals: Vec<f32>,
    /// Of vectors that are long enough.
    pub(super) signs: Option<Signs>,
}

impl Chunk {
    /// The vector of a row as it was set; `None` where only its code is held.
    pub(super) fn values(&self, at: usize, dim: usize) -> Option<&[f32]> {
        self.values.get(at * dim..(at + 1) * dim)
    }

    /// Asks the memory for all that [`interval`](Chunk::interval) reads of a row.
    pub(super) fn prefetch(&self, at: usize) {
        let lines = self.lines.len() / self.scales.len();
        self.lines[at * lines..][..lines].iter().for_each(simd::prefetch);
        for column in [&self.scales, &self.norms, &self.residuals] {
            simd::prefetch(&column[at]);
        }
    }

    /// The least and the most that the dot product with a row can be.
    pub(super) fn interval(&self, probe: &Probe, at: usize) -> (f64, f64) {
        let lines = self.lines.len() / self.scales.len();
        let mut product = [0];
        probe.multiply(&self.lines[at * lines..][..lines], &mut product);
        let (about, error) = probe.estimate(product[0], self.scales[at], self.norms[at], self.residuals[at]);
        bounds(about, error)
    }

    /// Writes the vector that the code of a row stands for.
    pub(super) fn decode(&self, at: usize, dim: usize, out: &mut Vec<f32>) {
        let lines = self.lines.len() / self.scales.len();
        let codes = self.lines[at * lines..][..lines].iter().flat_map(|line| line.0);
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
        let rows = self.scales.len();
        let (values, norm, residual) = held(row, precision);
        let Code { lines, scale, .. } = &row.codes.code;
        if rows == self.scales.capacity() {
            let more = rows.max(first_rows).min(chunk_rows - rows);
            self.values.reserve_exact(more * values.len());
            self.lines.reserve_exact(more * lines.len());
            self.scales.reserve_exact(more);
            self.norms.reserve_exact(more);
            self.residuals.reserve_exact(more);
            if let Some(code) = &row.codes.signs {
                self.signs.get_or_insert_default().reserve(more, code);
            }
        }
        self.values.extend_from_slice(values);
        self.lines.extend_from_slice(lines);
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
        self.values[at * values.len()..][..values.len()].copy_from_slice(values);
        self.lines[at * lines.len()..][..lines.len()].copy_from_slice(lines);
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
        let columns = self.values.capacity()
            + self.scales.capacity()
            + self.norms.capacity()
            + self.residuals.capacity();
        let signs = self.signs.as_ref().map_or(0, Signs::bytes);
        4 * columns + size_of::<Line>() * self.lines.capacity() + signs
    }

    pub(super) fn move_within(&mut self, from: usize, to: usize) {
        let rows = self.scales.len();
        let (dim, lines) = (self.values.len() / rows, self.lines.len() / rows);
        self.values.copy_within(from * dim..(from + 1) * dim, to * dim);
        self.lines
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
        let rows = source.scales.len();
        let (dim, lines) = (source.values.len() / rows, source.lines.len() / rows);
        self.values[to * dim..][..dim].copy_from_slice(&source.values[from * dim..][..dim]);
        self.lines[to * lines..][..lines].copy_from_slice(&source.lines[from * lines..][..lines]);
        self.scales[to] = source.scales[from];
        self.norms[to] = source.norms[from];
        self.residuals[to] = source.residuals[from];
        if let (Some(signs), Some(source)) = (&mut self.signs, &source.signs) {
            signs.replace(to, &source.get(from));
        }
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        let held = self.scales.len();
        self.values.truncate(self.values.len() / held * rows);
        self.lines.truncate(self.lines.len() / held * rows);
        self.scales.truncate(rows);
        self.norms.truncate(rows);
        self.residuals.truncate(rows);
        if let Some(signs) = &mut self.signs {
            signs.truncate(rows);
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
