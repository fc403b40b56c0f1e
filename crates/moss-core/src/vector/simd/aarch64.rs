//! NEON, which every 64-bit ARM has.

#![allow(unsafe_code, reason = "vector loads")]

use std::arch::aarch64::*;

use crate::lanes::Neon;
use crate::rotate::rotate;

use super::{Kernels, Line, SignRows, SignTables, all};

pub(super) fn supported() -> impl Iterator<Item = Kernels> {
    // The portable float kernel already compiles to NEON, since NEON is part of the target.
    [Kernels {
        name: "neon",
        dot: all::KERNELS.dot,
        dots_i8,
        sign_bounds,
        rotate: rotate::<Neon>,
        signs: all::signs::<Neon>,
        largest: all::KERNELS.largest,
        code: all::code::<Neon>,
        reaching: all::reaching::<Neon>,
    }]
    .into_iter()
}

fn dots_i8(query: &[Line], rows: &[Line], out: &mut [i32]) {
    for (row, out) in rows.chunks_exact(query.len()).zip(out) {
        // SAFETY: NEON is part of every aarch64 target that Rust's standard library supports.
        *out = unsafe { row_dot(query, row) };
    }
}

fn sign_bounds(query: &SignTables, rows: &SignRows<'_>, out: &mut [f32]) {
    let mut sums = [0; 32];
    // SAFETY: as above.
    unsafe { table_sums(&query.tables, rows.codes, &mut sums) };
    all::bounds_of_sums(&sums, query, rows, out);
}

#[target_feature(enable = "neon")]
fn table_sums(tables: &[Line], codes: &[Line], out: &mut [u16; 32]) {
    let mut sums = [vdupq_n_u16(0); 4];
    let low = vdupq_n_u8(15);
    for (tables, codes) in tables.iter().zip(codes) {
        let (tables, codes) = (load(tables), load(codes));
        // Four numbers of at most 31 fit 8 bits.
        let (mut first, mut second) = (vdupq_n_u8(0), vdupq_n_u8(0));
        for part in 0..4 {
            let (table, codes) = (
                vreinterpretq_u8_s8(tables[part]),
                vreinterpretq_u8_s8(codes[part]),
            );
            first = vaddq_u8(first, vqtbl1q_u8(table, vandq_u8(codes, low)));
            second = vaddq_u8(second, vqtbl1q_u8(table, vshrq_n_u8::<4>(codes)));
        }
        sums[0] = vaddw_u8(sums[0], vget_low_u8(first));
        sums[1] = vaddw_high_u8(sums[1], first);
        sums[2] = vaddw_u8(sums[2], vget_low_u8(second));
        sums[3] = vaddw_high_u8(sums[3], second);
    }
    for (sums, out) in sums.into_iter().zip(out.chunks_exact_mut(8)) {
        // SAFETY: eight sums each.
        unsafe { vst1q_u16(out.as_mut_ptr(), sums) };
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
