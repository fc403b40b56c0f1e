//! The portable kernels: the definition of every result, and the twin of the others in tests.

use crate::lanes::{self, Array, Lanes, ROUND};
use crate::rotate::rotate;

use super::{CODE_MAX, Kernels, Line, SignRows, SignTables};

/// Partial sums kept side by side: four AVX or eight NEON registers, enough to hide the latency of an addition.
const LANES: usize = 32;

pub(super) const KERNELS: Kernels = Kernels {
    name: "portable",
    dot,
    dots_i8,
    sign_bounds,
    rotate: rotate::<Array>,
    signs: signs::<Array>,
    largest,
    code: code::<Array>,
    reaching: reaching::<Array>,
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

/// Codes, by any vectors.
#[inline(always)]
pub(super) fn code<L: Lanes>(values: &[f32], scale: f32, inverse: f32, lines: &mut [Line]) -> [f32; 2] {
    let (largest, least) = (L::splat(CODE_MAX), L::splat(-CODE_MAX));
    let (shift, scale, inverse) = (L::splat(ROUND), L::splat(scale), L::splat(inverse));
    let mut sums = [L::splat(0.0); 2];
    let (sixteens, rest) = values.as_chunks();
    let codes = lines.iter_mut().flat_map(|line| line.0.as_chunks_mut().0);
    let mut last = [0.0; lanes::LANES];
    last[..rest.len()].copy_from_slice(rest);
    // What is behind the end has the code 0 and adds 0.
    let last = (!rest.is_empty()).then_some(&last);
    for (values, codes) in sixteens.iter().chain(last).zip(codes) {
        let values = L::load(values);
        let scaled = values.mul(inverse);
        // Adding the shift leaves no bits for a fraction, so it rounds to the nearest whole number; that number is then the lowest
        // byte.
        let shifted = scaled.least(largest).greatest(least).add(shift);
        *codes = shifted.lowest_bytes().map(|byte| byte as i8);
        // Neither rounds: 17 bits times 7 bits fit an f32, and so does the difference of two numbers that are no further apart than
        // the smaller one is large.
        let missed = values.sub(shifted.sub(shift).mul(scale)).mul(inverse);
        sums[0] = sums[0].add(scaled.mul(scaled));
        sums[1] = sums[1].add(missed.mul(missed));
    }
    sums.map(Lanes::total)
}

/// Signs and the sum of what is without them, by any vectors.
#[inline(always)]
pub(super) fn signs<L: Lanes>(row: &[f32], groups: &mut Vec<u8>) -> f32 {
    const GROUPS: usize = lanes::LANES / 4;
    groups.clear();
    groups.resize(row.len() / 4, 0);
    let (zero, mut sum) = (L::splat(0.0), L::splat(0.0));
    let (sixteens, groups) = (row.as_chunks().0, groups.as_chunks_mut::<GROUPS>().0);
    for (sixteen, groups) in sixteens.iter().zip(groups) {
        let x = L::load(sixteen);
        sum = sum.add(x.greatest(zero.sub(x)));
        let signs = x.positive();
        *groups = [signs & 15, signs >> 4 & 15, signs >> 8 & 15, signs >> 12].map(|four| four as u8);
    }
    sum.total()
}

/// What reaches a cut, by any vectors.
#[inline(always)]
pub(super) fn reaching<L: Lanes>(numbers: &[f32], cut: f32, out: &mut [u16]) {
    // Above the number before the cut; a difference of two numbers is above 0 where the first is greater, however little.
    let below = L::splat(cut.next_down());
    let (sixteens, last) = numbers.as_chunks();
    let (whole, rest) = out.split_at_mut(sixteens.len());
    for (numbers, out) in sixteens.iter().zip(whole) {
        *out = L::load(numbers).sub(below).positive();
    }
    if !last.is_empty() {
        rest[0] = L::load_last(last, f32::NEG_INFINITY).sub(below).positive();
    }
}

fn largest(values: &[f32]) -> f32 {
    largest_lanes(values)
}

/// The one source of the largest number, as with [`dot_lanes`].
#[inline(always)]
pub(super) fn largest_lanes(values: &[f32]) -> f32 {
    // Without the sign, the bits of floats are ordered as the floats are, with NaN and infinity last.
    let bits = values.iter().map(|value| value.abs().to_bits());
    bits.max().map_or(0.0, f32::from_bits)
}

/// The one source of what follows the sums, as with [`dot_lanes`].
#[inline(always)]
pub(super) fn bounds_of_sums(sums: &[u16; 32], query: &SignTables, rows: &SignRows<'_>, out: &mut [f32]) {
    let more = rows.deviation * query.error - query.least;
    for (out, (&sum, &factor)) in out.iter_mut().zip(sums.iter().zip(rows.factors)) {
        // As `to_f32`, but without a branch for NaN, which is one either way.
        let factor = f32::from_bits(u32::from(factor.to_bits()) << 16);
        let most = (f32::from(sum) * query.step + more) * factor;
        *out = if most < f32::INFINITY { most } else { f32::INFINITY };
    }
}

fn line_dot(a: &Line, b: &Line) -> i32 {
    a.0.iter()
        .zip(&b.0)
        .map(|(&x, &y)| i32::from(x) * i32::from(y))
        .sum()
}
