//! The portable kernels: the definition of every result, and the twin of the others in tests.

use crate::lanes::Array;
use crate::rotate::rotate;

use super::{CODE_MAX, Kernels, LINE, Line, SignRows, SignTables};

/// Partial sums kept side by side: four AVX or eight NEON registers, enough to hide the latency of an addition.
const LANES: usize = 32;

pub(super) const KERNELS: Kernels = Kernels {
    name: "portable",
    dot,
    dots_i8,
    sign_bounds,
    rotate: rotate::<Array>,
    code,
};

fn dot(a: &[f32], b: &[f32]) -> f32 {
    dot_lanes(a, b)
}

/// The one source of the float kernel: other instruction sets compile this body again with wider registers,
/// which cannot change a bit, since Rust neither reorders nor fuses float operations.
#[inline(always)]
pub(super) fn dot_lanes(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    for ((lane, x), y) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += x * y;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

fn dots_i8(query: &[Line], rows: &[Line], out: &mut [i32]) {
    for (row, out) in rows.chunks_exact(query.len()).zip(out) {
        *out = query.iter().zip(row).map(|(q, r)| line_dot(q, r)).sum();
    }
}

fn sign_bounds(query: &SignTables, rows: &SignRows<'_>, out: &mut [f32]) {
    let mut sums = [0; 32];
    let (first, second) = sums.split_at_mut(16);
    for (tables, codes) in query.tables.iter().zip(rows.codes) {
        for (table, codes) in tables.0.chunks_exact(16).zip(codes.0.chunks_exact(16)) {
            for ((first, second), &codes) in first.iter_mut().zip(&mut *second).zip(codes) {
                *first += table[usize::from(codes as u8 & 15)] as u16;
                *second += table[usize::from(codes as u8 >> 4)] as u16;
            }
        }
    }
    bounds_of_sums(&sums, query, rows, out);
}

/// 1.5 * 2^23: next to it, f32 holds whole numbers only.
const ROUNDING_SHIFT: f32 = 12_582_912.0;
/// Partial sums of squares kept side by side.
const SUMS: usize = 8;

fn code(values: &[f32], scale: f32, inverse: f32, lines: &mut [Line]) -> [f64; 2] {
    code_lanes(values, scale, inverse, lines)
}

/// The one source of codes, as with [`dot_lanes`].
#[inline(always)]
pub(super) fn code_lanes(values: &[f32], scale: f32, inverse: f32, lines: &mut [Line]) -> [f64; 2] {
    let (mut square, mut residual_square) = ([0f64; SUMS], [0f64; SUMS]);
    for (line, values) in lines.iter_mut().zip(values.chunks(LINE)) {
        for (codes, values) in line.0.chunks_mut(SUMS).zip(values.chunks(SUMS)) {
            for (i, (code, &value)) in codes.iter_mut().zip(values).enumerate() {
                // Adding the shift leaves no bits for a fraction, so it rounds to the nearest whole number;
                // that number is then the lowest byte. Unlike `f32::round` and a checked conversion, it
                // is one instruction for many values on every target.
                let shifted = (value * inverse).clamp(-CODE_MAX, CODE_MAX) + ROUNDING_SHIFT;
                *code = shifted.to_bits() as i8;
                let value = f64::from(value);
                // Exact but for the subtraction: 24 bits times 7 bits fit an f64.
                let residual = value - f64::from(scale) * f64::from(shifted - ROUNDING_SHIFT);
                square[i] += value * value;
                residual_square[i] += residual * residual;
            }
        }
    }
    [square, residual_square].map(|squares| squares.iter().sum())
}

/// The one source of what follows the sums, as with [`dot_lanes`].
#[inline(always)]
pub(super) fn bounds_of_sums(sums: &[u16; 32], query: &SignTables, rows: &SignRows<'_>, out: &mut [f32]) {
    let terms = sums.iter().zip(rows.factors).zip(rows.errors);
    for (out, ((&sum, factor), error)) in out.iter_mut().zip(terms) {
        let most = (f32::from(sum) * query.step - query.least) * factor + error * query.error;
        *out = if most < f32::INFINITY { most } else { f32::INFINITY };
    }
}

fn line_dot(a: &Line, b: &Line) -> i32 {
    a.0.iter()
        .zip(&b.0)
        .map(|(&x, &y)| i32::from(x) * i32::from(y))
        .sum()
}
