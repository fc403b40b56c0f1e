//! The portable kernels: the definition of every result, and the twin of the others in tests.

use super::{Kernels, Line};

/// Partial sums kept side by side: four AVX or eight NEON registers, enough to hide the latency of an addition.
const LANES: usize = 32;

pub(super) const KERNELS: Kernels = Kernels {
    name: "portable",
    dot,
    dots_i8,
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

fn line_dot(a: &Line, b: &Line) -> i32 {
    a.0.iter()
        .zip(&b.0)
        .map(|(&x, &y)| i32::from(x) * i32::from(y))
        .sum()
}
