//! The kernels of x86.
#![allow(unsafe_code)] // what all this is about: instructions that not every CPU has

use std::arch::x86_64::*;

use super::kernel::{Fetch, GROUP, Kernel, Sums, TILE, Task, check, for_each_count, run};
use crate::lanes;

/// `vpmaddubsw`: pairs of products in 16 bits, of which four are added up before they go to 32.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

/// `vpdpbusd` on 256 bits.
#[derive(Clone, Copy)]
pub(super) struct AvxVnni(());

/// `vpdpbusd` on 512 bits.
#[derive(Clone, Copy)]
pub(super) struct Avx512Vnni(());

/// A kernel that adds up the products of `at_once` vectors of weights with each row, `fours` codes of four bytes at a time: as many
/// as there are registers for beside the sums.
macro_rules! kernel {
    (
        $kernel:ident, $features:tt, [$($feature:tt),+],
        vector: $vector:ty,
        zero: $zero:ident,
        load: $load:ident,
        store: $store:ident,
        splat: $splat:ident,
        add_products: $add_products:ident,
        fours: $fours:literal,
        at_once: $at_once:literal,
        lanes: $lanes:ty,
    ) => {
        impl $kernel {
            /// The kernel, where the CPU has its instructions.
            pub(super) fn detect() -> Option<$kernel> {
                ($(is_x86_feature_detected!($feature))&&+).then_some($kernel(()))
            }
        }

        impl Kernel for $kernel {
            type Lanes = $lanes;

            #[inline(always)]
            fn sums(self, rows: usize, x: &[u8], tile: &[i8], fetch: Fetch, sums: &mut Sums) {
                let inputs = check::<Self>(x, tile);
                // SAFETY: `detect` alone makes a kernel, and it found the features. Reads stay within `R` rows of
                // `inputs` codes and `inputs` times `TILE` weights, which `check` compared with the slices; the
                // stores fill rows of `TILE` sums.
                unsafe {
                    for_each_count!(rows, R => {
                        const AT_ONCE: usize = $at_once;
                        const FOURS: usize = $fours;
                        let bytes = size_of::<$vector>();
                        // A tile has four bytes of each output: three vectors of 512 bits, or six of 256.
                        for part in 0..4 * TILE / bytes / AT_ONCE {
                            let mut totals = [[$zero(); R]; AT_ONCE];
                            for group in 0..inputs / GROUP {
                                if part == 0 {
                                    prefetch::<1>(tile, group, fetch);
                                }
                                for start in (0..GROUP).step_by(4 * FOURS) {
                                    let start = group * GROUP + start;
                                    let mut weights = [[$zero(); FOURS]; AT_ONCE];
                                    for side in 0..AT_ONCE {
                                        let first = start * TILE + (part * AT_ONCE + side) * bytes;
                                        for four in 0..FOURS {
                                            let at = first + four * 4 * TILE;
                                            weights[side][four] = $load(tile.as_ptr().add(at).cast());
                                        }
                                    }
                                    for row in 0..R {
                                        let codes = x.as_ptr().add(row * inputs + start).cast::<i32>();
                                        let mut x = [$zero(); FOURS];
                                        for four in 0..FOURS {
                                            x[four] = $splat(codes.add(four).read_unaligned());
                                        }
                                        for side in 0..AT_ONCE {
                                            totals[side][row] = $add_products(totals[side][row], x, weights[side]);
                                        }
                                    }
                                }
                            }
                            for row in 0..R {
                                for side in 0..AT_ONCE {
                                    let sums = sums.0[row].as_mut_ptr().byte_add((part * AT_ONCE + side) * bytes);
                                    $store(sums.cast(), totals[side][row]);
                                }
                            }
                        }
                    })
                }
            }

            run!($features);
        }
    };
}

kernel! {
    Avx2, "avx2,fma", ["avx2", "fma"],
    vector: __m256i,
    zero: _mm256_setzero_si256,
    load: _mm256_loadu_si256,
    store: _mm256_storeu_si256,
    splat: _mm256_set1_epi32,
    add_products: add_in_16_bits,
    fours: 4,
    at_once: 1,
    lanes: lanes::Avx2,
}

kernel! {
    AvxVnni, "avx2,fma,avxvnni", ["avx2", "fma", "avxvnni"],
    vector: __m256i,
    zero: _mm256_setzero_si256,
    load: _mm256_loadu_si256,
    store: _mm256_storeu_si256,
    splat: _mm256_set1_epi32,
    add_products: dot_256,
    fours: 4,
    at_once: 1,
    lanes: lanes::Avx2,
}

kernel! {
    Avx512Vnni, "avx512f,avx512bw,avx512vl,avx512vnni", ["avx512f", "avx512bw", "avx512vl", "avx512vnni"],
    vector: __m512i,
    zero: _mm512_setzero_si512,
    load: _mm512_loadu_si512,
    store: _mm512_storeu_si512,
    splat: _mm512_set1_epi32,
    add_products: dot_512,
    fours: 1,
    at_once: 3,
    lanes: lanes::Avx512,
}

/// How far ahead weights of a tile are asked for: a page, since the CPU itself looks ahead within a page alone.
const AHEAD: usize = 4096;

/// Asks for what belongs to a group. What is near goes to the nearest cache, the next tile to the one behind it: with each block of
/// rows `MANY` other lines of the cache in each group.
#[inline(always)]
pub(super) fn prefetch<const MANY: usize>(tile: &[i8], group: usize, fetch: Fetch) {
    const LINE: usize = 64;
    const LINES: usize = GROUP * TILE / LINE;
    const { assert!(LINES.is_multiple_of(MANY)) }
    let line = |at: usize| tile.as_ptr().wrapping_add((group * LINES + at) * LINE);
    // SAFETY: SSE is part of every x86-64 target, and a prefetch reads nothing, whatever the address.
    unsafe {
        match fetch {
            Fetch::Near => {
                for at in 0..LINES {
                    _mm_prefetch::<_MM_HINT_T0>(line(at).wrapping_add(AHEAD).cast());
                }
            }
            Fetch::Next(block) if block * MANY < LINES => {
                for at in 0..MANY {
                    _mm_prefetch::<_MM_HINT_T1>(line(block * MANY + at).wrapping_add(tile.len()).cast());
                }
            }
            Fetch::Next(_) => {}
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_in_16_bits(total: __m256i, x: [__m256i; 4], weights: [__m256i; 4]) -> __m256i {
    let left = _mm256_add_epi16(
        _mm256_maddubs_epi16(x[0], weights[0]),
        _mm256_maddubs_epi16(x[1], weights[1]),
    );
    let right = _mm256_add_epi16(
        _mm256_maddubs_epi16(x[2], weights[2]),
        _mm256_maddubs_epi16(x[3], weights[3]),
    );
    let pairs = _mm256_madd_epi16(_mm256_add_epi16(left, right), _mm256_set1_epi16(1));
    _mm256_add_epi32(total, pairs)
}

#[inline]
#[target_feature(enable = "avx2,avxvnni")]
fn dot_256(total: __m256i, x: [__m256i; 4], weights: [__m256i; 4]) -> __m256i {
    let total = _mm256_dpbusd_avx_epi32(total, x[0], weights[0]);
    let total = _mm256_dpbusd_avx_epi32(total, x[1], weights[1]);
    let total = _mm256_dpbusd_avx_epi32(total, x[2], weights[2]);
    _mm256_dpbusd_avx_epi32(total, x[3], weights[3])
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn dot_512(total: __m512i, [x]: [__m512i; 1], [weights]: [__m512i; 1]) -> __m512i {
    _mm512_dpbusd_epi32(total, x, weights)
}
