//! NEON, which every 64-bit ARM has.

#![allow(unsafe_code, reason = "vector loads")]

use std::arch::aarch64::*;

use super::{Kernels, Line, all};

pub(super) fn supported() -> impl Iterator<Item = Kernels> {
    // The portable float kernel already compiles to NEON, since NEON is part of the target.
    [Kernels {
        name: "neon",
        dot: all::KERNELS.dot,
        dots_i8,
    }]
    .into_iter()
}

fn dots_i8(query: &[Line], rows: &[Line], out: &mut [i32]) {
    for (row, out) in rows.chunks_exact(query.len()).zip(out) {
        // SAFETY: NEON is part of every aarch64 target that Rust's standard library supports.
        *out = unsafe { row_dot(query, row) };
    }
}

#[target_feature(enable = "neon")]
fn row_dot(query: &[Line], row: &[Line]) -> i32 {
    let mut sums = [vdupq_n_s32(0); 4];
    for (q, r) in query.iter().zip(row) {
        let (q, r) = (load(q), load(r));
        for part in 0..4 {
            // Two products of at most 127 * 127 fit 16 bits.
            let pairs = vmull_s8(vget_low_s8(q[part]), vget_low_s8(r[part]));
            let pairs = vmlal_s8(pairs, vget_high_s8(q[part]), vget_high_s8(r[part]));
            sums[part] = vpadalq_s16(sums[part], pairs);
        }
    }
    vaddvq_s32(vaddq_s32(
        vaddq_s32(sums[0], sums[1]),
        vaddq_s32(sums[2], sums[3]),
    ))
}

#[target_feature(enable = "neon")]
fn load(line: &Line) -> [int8x16_t; 4] {
    let codes = line.0.as_ptr();
    // SAFETY: a line is four vectors of 16 bytes.
    unsafe {
        [
            vld1q_s8(codes),
            vld1q_s8(codes.add(16)),
            vld1q_s8(codes.add(32)),
            vld1q_s8(codes.add(48)),
        ]
    }
}
