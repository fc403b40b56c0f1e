//! The kernels of 64-bit ARM. Rust has no stable names for these instructions yet, so they are written as such.
#![allow(unsafe_code)] // what all this is about: instructions that not every CPU has

use std::arch::aarch64::*;
use std::arch::asm;
use std::arch::is_aarch64_feature_detected;

use super::kernel::{Fetch, GROUP, Kernel, Sums, TILE, Task, check, for_each_count, run};
use crate::lanes::Neon;

/// Bytes of the outputs that are computed at once, out of those of a tile: as many as registers hold for eight rows.
const PART: usize = 32;

/// `sdot`: four products added up at once, for four outputs.
#[derive(Clone, Copy)]
pub(super) struct Dotprod(());

/// `smmla`: eight products added up at once, for two rows and two outputs.
#[derive(Clone, Copy)]
pub(super) struct I8mm(());

impl Dotprod {
    /// The kernel, where the CPU has its instructions.
    pub(super) fn detect() -> Option<Dotprod> {
        is_aarch64_feature_detected!("dotprod").then_some(Dotprod(()))
    }
}

impl I8mm {
    /// The kernel, where the CPU has its instructions.
    pub(super) fn detect() -> Option<I8mm> {
        is_aarch64_feature_detected!("i8mm").then_some(I8mm(()))
    }
}

impl Kernel for Dotprod {
    type Lanes = Neon;

    run!("dotprod");

    #[inline(always)]
    fn sums(self, rows: usize, x: &[u8], tile: &[i8], _fetch: Fetch, sums: &mut Sums) {
        let inputs = check::<Self>(x, tile);
        // SAFETY: `detect` alone makes a kernel, and it found the feature. Reads stay within `R` rows of `inputs` codes
        // and `inputs` times `TILE` weights, which `check` compared with the slices; the stores fill rows of sums.
        unsafe {
            for_each_count!(rows, R => {
                for part in 0..4 * TILE / PART {
                    let mut totals = [[vdupq_n_s32(0); 2]; R];
                    for group in 0..inputs / GROUP {
                        let weights = tile.as_ptr().add(group * GROUP * TILE + part * PART);
                        let four = |at: usize| {
                            let weights = weights.add(at * 4 * TILE);
                            [vld1q_s8(weights), vld1q_s8(weights.add(16))]
                        };
                        let weights = [four(0), four(1), four(2), four(3)];
                        for row in 0..R {
                            let x = vld1q_s8(x.as_ptr().add(row * inputs + group * GROUP).cast());
                            for side in 0..2 {
                                let mut total = totals[row][side];
                                total = sdot::<0>(total, weights[0][side], x);
                                total = sdot::<1>(total, weights[1][side], x);
                                total = sdot::<2>(total, weights[2][side], x);
                                totals[row][side] = sdot::<3>(total, weights[3][side], x);
                            }
                        }
                    }
                    for row in 0..R {
                        let sums = sums.0[row].as_mut_ptr().add(part * PART / 4);
                        vst1q_s32(sums, totals[row][0]);
                        vst1q_s32(sums.add(4), totals[row][1]);
                    }
                }
            })
        }
    }
}

impl Kernel for I8mm {
    type Lanes = Neon;

    run!("i8mm");

    #[inline(always)]
    fn sums(self, rows: usize, x: &[u8], tile: &[i8], _fetch: Fetch, sums: &mut Sums) {
        let inputs = check::<Self>(x, tile);
        // SAFETY: as for `Dotprod`. The second row of a pair is the first where there is no further one.
        unsafe {
            for_each_count!(rows, R => {
                for part in 0..4 * TILE / PART {
                    // For each pair of rows, four pairs of outputs.
                    let mut totals = [[vdupq_n_s32(0); 4]; R];
                    for group in 0..inputs / GROUP {
                        for eight in 0..2 {
                            let weights = tile
                                .as_ptr()
                                .add((group * GROUP + eight * 8) * TILE + part * PART);
                            let load = |at: usize| vreinterpretq_s32_s8(vld1q_s8(weights.add(at)));
                            let (a, b) = (load(0), load(4 * TILE));
                            let (c, d) = (load(16), load(4 * TILE + 16));
                            let weights = [
                                vzip1q_s32(a, b),
                                vzip2q_s32(a, b),
                                vzip1q_s32(c, d),
                                vzip2q_s32(c, d),
                            ];
                            for row in (0..R).step_by(2) {
                                let codes = |row: usize| {
                                    vld1_s8(x.as_ptr().add(row * inputs + group * GROUP + eight * 8).cast())
                                };
                                let pair = vcombine_s8(codes(row), codes((row + 1).min(R - 1)));
                                for side in 0..4 {
                                    totals[row][side] =
                                        smmla(totals[row][side], pair, vreinterpretq_s8_s32(weights[side]));
                                }
                            }
                        }
                    }
                    for row in (0..R).step_by(2) {
                        for side in 0..4 {
                            let output = part * PART / 4 + side * 2;
                            vst1_s32(
                                sums.0[row].as_mut_ptr().add(output),
                                vget_low_s32(totals[row][side]),
                            );
                            let second = (row + 1).min(R - 1);
                            vst1_s32(
                                sums.0[second].as_mut_ptr().add(output),
                                vget_high_s32(totals[row][side]),
                            );
                        }
                    }
                }
            })
        }
    }
}

/// Adds to each of four sums the products of its four weights and the four codes of lane `LANE`.
#[inline]
#[target_feature(enable = "dotprod")]
fn sdot<const LANE: usize>(total: int32x4_t, weights: int8x16_t, x: int8x16_t) -> int32x4_t {
    let mut total = total;
    // SAFETY: the feature is enabled, and the instruction touches registers alone.
    unsafe {
        asm!(
            "sdot {total:v}.4s, {weights:v}.16b, {x:v}.4b[{lane}]",
            total = inout(vreg) total,
            weights = in(vreg) weights,
            x = in(vreg) x,
            lane = const LANE,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    total
}

/// Adds the products of two rows of eight codes and two of eight weights to their four sums.
#[inline]
#[target_feature(enable = "i8mm")]
fn smmla(total: int32x4_t, x: int8x16_t, weights: int8x16_t) -> int32x4_t {
    let mut total = total;
    // SAFETY: the feature is enabled, and the instruction touches registers alone.
    unsafe {
        asm!(
            "smmla {total:v}.4s, {x:v}.16b, {weights:v}.16b",
            total = inout(vreg) total,
            x = in(vreg) x,
            weights = in(vreg) weights,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    total
}
