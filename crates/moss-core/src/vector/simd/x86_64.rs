//! AVX2 and AVX-512 VNNI.

#![allow(
    unsafe_code,
    reason = "vector instructions, each reached only after its detection"
)]

use std::arch::x86_64::*;

use crate::lanes::{Avx2, Avx512};
use crate::rotate::rotate;

use super::{Kernels, Line, SignRows, SignTables, all};

/// Rows multiplied together: the query is loaded once for all of them, and their sums do not wait for each other.
const GROUP: usize = 4;

/// How far ahead rows are asked for: the CPU itself stops looking ahead at the end of each page of 4 KiB.
const PREFETCH_LINES: usize = 64;

pub(super) fn supported() -> impl Iterator<Item = Kernels> {
    let avx2 = is_x86_feature_detected!("avx2");
    let vnni = avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni");
    let vnni = vnni.then_some(Kernels {
        name: "avx512-vnni",
        dot: dot_avx2,
        dots_i8: dots_i8_vnni,
        sign_bounds: sign_bounds_vnni,
        rotate: rotate_vnni,
        signs: signs_vnni,
        largest: largest_avx2,
        code: code_vnni,
        reaching: reaching_vnni,
    });
    let avx2 = avx2.then_some(Kernels {
        name: "avx2",
        dot: dot_avx2,
        dots_i8: dots_i8_avx2,
        sign_bounds: sign_bounds_avx2,
        rotate: rotate_avx2,
        signs: signs_avx2,
        largest: largest_avx2,
        code: code_avx2,
        reaching: reaching_avx2,
    });
    vnni.into_iter().chain(avx2)
}

/// Functions for [`supported`] to hand out, from code that is compiled for these features.
macro_rules! compiled {
    ($features:tt: $(fn $name:ident($($argument:ident: $type:ty),*) $(-> $out:ty)? $body:block)+) => {
        $(fn $name($($argument: $type),*) $(-> $out)? {
            #[target_feature(enable = $features)]
            fn run($($argument: $type),*) $(-> $out)? $body
            // SAFETY: `supported` hands this function out only where all features were detected.
            unsafe { run($($argument),*) }
        })+
    };
}

compiled! { "avx2":
    fn dot_avx2(a: &[f32], b: &[f32]) -> f32 {
        all::dot_lanes(a, b)
    }
    fn dots_i8_avx2(query: &[Line], rows: &[Line], out: &mut [i32]) {
        avx2(query, rows, out)
    }
    fn sign_bounds_avx2(query: &SignTables, rows: &SignRows<'_>, out: &mut [f32]) {
        let mut sums = [0; 32];
        table_sums_256(&query.tables, rows.codes, &mut sums);
        all::bounds_of_sums(&sums, query, rows, out)
    }
    fn rotate_avx2(row: &mut [f32]) {
        rotate::<Avx2>(row)
    }
    fn signs_avx2(row: &[f32], groups: &mut Vec<u8>) -> f32 {
        all::signs::<Avx2>(row, groups)
    }
    fn largest_avx2(values: &[f32]) -> f32 {
        all::largest_lanes(values)
    }
    fn code_avx2(values: &[f32], scale: f32, inverse: f32, lines: &mut [Line]) -> [f32; 2] {
        all::code::<Avx2>(values, scale, inverse, lines)
    }
    fn reaching_avx2(numbers: &[f32], cut: f32, out: &mut [u16]) {
        all::reaching::<Avx2>(numbers, cut, out)
    }
}

compiled! { "avx2,avx512f,avx512bw,avx512vl,avx512vnni":
    fn dots_i8_vnni(query: &[Line], rows: &[Line], out: &mut [i32]) {
        vnni(query, rows, out)
    }
    fn sign_bounds_vnni(query: &SignTables, rows: &SignRows<'_>, out: &mut [f32]) {
        let mut sums = [0; 32];
        table_sums_512(&query.tables, rows.codes, &mut sums);
        all::bounds_of_sums(&sums, query, rows, out)
    }
    fn rotate_vnni(row: &mut [f32]) {
        rotate::<Avx512>(row)
    }
    fn signs_vnni(row: &[f32], groups: &mut Vec<u8>) -> f32 {
        all::signs::<Avx512>(row, groups)
    }
    fn code_vnni(values: &[f32], scale: f32, inverse: f32, lines: &mut [Line]) -> [f32; 2] {
        all::code::<Avx512>(values, scale, inverse, lines)
    }
    fn reaching_vnni(numbers: &[f32], cut: f32, out: &mut [u16]) {
        all::reaching::<Avx512>(numbers, cut, out)
    }
}

#[inline(always)]
pub(super) fn prefetch<T>(data: *const T) {
    // SAFETY: SSE is part of every x86-64 target, and a prefetch reads nothing, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(data.cast()) };
}

/// Asks for what a scan comes to later; at the end of the rows that is nothing of theirs.
#[inline(always)]
fn prefetch_ahead(line: &Line) {
    prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
}

/// Lines whose numbers, of at most 31 each, fit a byte together: of each a byte gets one or two.
const ADDED: usize = 4;

#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw")]
fn table_sums_512(tables: &[Line], codes: &[Line], out: &mut [u16; 32]) {
    let low = _mm512_set1_epi8(15);
    let mut sums = [[_mm512_setzero_si512(); 2]; 2];
    for (tables, codes) in tables
        .as_chunks::<ADDED>()
        .0
        .iter()
        .zip(codes.as_chunks::<ADDED>().0)
    {
        let mut bytes = [_mm512_setzero_si512(); 2];
        for at in 0..ADDED {
            prefetch_ahead(&codes[at]);
            let (table, codes) = (load512(&tables[at]), load512(&codes[at]));
            let halves = [codes, _mm512_srli_epi16::<4>(codes)];
            for (bytes, half) in bytes.iter_mut().zip(halves) {
                let numbers = _mm512_shuffle_epi8(table, _mm512_and_si512(half, low));
                *bytes = _mm512_add_epi8(*bytes, numbers);
            }
        }
        for (sums, bytes) in sums.iter_mut().zip(bytes) {
            sums[0] = _mm512_add_epi16(sums[0], bytes);
            sums[1] = _mm512_add_epi16(sums[1], _mm512_srli_epi16::<8>(bytes));
        }
    }
    for (sums, out) in sums.into_iter().zip(out.as_chunks_mut().0) {
        let [both, odd] = sums
            .map(|sum| _mm256_add_epi16(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64::<1>(sum)));
        store_sums(both, odd, out);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn table_sums_256(tables: &[Line], codes: &[Line], out: &mut [u16; 32]) {
    let low = _mm256_set1_epi8(15);
    let mut sums = [[_mm256_setzero_si256(); 2]; 2];
    for (tables, codes) in tables
        .as_chunks::<ADDED>()
        .0
        .iter()
        .zip(codes.as_chunks::<ADDED>().0)
    {
        let mut bytes = [_mm256_setzero_si256(); 2];
        for at in 0..ADDED {
            for (table, codes) in load256(&tables[at]).into_iter().zip(load256(&codes[at])) {
                let halves = [codes, _mm256_srli_epi16::<4>(codes)];
                for (bytes, half) in bytes.iter_mut().zip(halves) {
                    let numbers = _mm256_shuffle_epi8(table, _mm256_and_si256(half, low));
                    *bytes = _mm256_add_epi8(*bytes, numbers);
                }
            }
        }
        for (sums, bytes) in sums.iter_mut().zip(bytes) {
            sums[0] = _mm256_add_epi16(sums[0], bytes);
            sums[1] = _mm256_add_epi16(sums[1], _mm256_srli_epi16::<8>(bytes));
        }
    }
    for ([both, odd], out) in sums.into_iter().zip(out.as_chunks_mut().0) {
        store_sums(both, odd, out);
    }
}

/// Adds up what two groups of lanes have of 16 rows. In `both` a row with an even number has its sum, and 256 times that of the
/// next row; in `odd` that next row alone.
#[target_feature(enable = "avx2")]
fn store_sums(both: __m256i, odd: __m256i, out: &mut [u16; 16]) {
    let even = _mm256_sub_epi16(both, _mm256_slli_epi16::<8>(odd));
    let [even, odd] =
        [even, odd].map(|sum| _mm_add_epi16(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum)));
    let (first, second) = out.split_at_mut(8);
    // SAFETY: eight sums each.
    unsafe {
        _mm_storeu_si128(first.as_mut_ptr().cast(), _mm_unpacklo_epi16(even, odd));
        _mm_storeu_si128(second.as_mut_ptr().cast(), _mm_unpackhi_epi16(even, odd));
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn vnni(query: &[Line], rows: &[Line], out: &mut [i32]) {
    // The instruction multiplies unsigned by signed bytes. With the row raised by 128 (a flipped sign bit) the
    // result is too large by 128 times the sum of the query's codes.
    let flip = _mm512_set1_epi8(i8::MIN);
    let excess = query.iter().fold(_mm512_setzero_si512(), |sum, q| {
        _mm512_dpbusd_epi32(sum, flip, load512(q))
    });
    let excess = _mm512_reduce_add_epi32(excess);
    let step =
        |sum, q: &Line, r: &Line| _mm512_dpbusd_epi32(sum, _mm512_xor_si512(load512(r), flip), load512(q));

    let (groups, rest) = out.as_chunks_mut::<GROUP>();
    let (group_rows, rest_rows) = rows.split_at(groups.len() * GROUP * query.len());
    for (group, out) in group_rows.chunks_exact(GROUP * query.len()).zip(groups) {
        let (front, back) = group.split_at(2 * query.len());
        let (row0, row1) = front.split_at(query.len());
        let (row2, row3) = back.split_at(query.len());
        group.iter().for_each(prefetch_ahead);
        let mut sums = [_mm512_setzero_si512(); GROUP];
        for ((((q, r0), r1), r2), r3) in query.iter().zip(row0).zip(row1).zip(row2).zip(row3) {
            sums[0] = step(sums[0], q, r0);
            sums[1] = step(sums[1], q, r1);
            sums[2] = step(sums[2], q, r2);
            sums[3] = step(sums[3], q, r3);
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = _mm512_reduce_add_epi32(sum) - excess;
        }
    }
    for (row, out) in rest_rows.chunks_exact(query.len()).zip(rest) {
        let mut sum = _mm512_setzero_si512();
        for (q, r) in query.iter().zip(row) {
            sum = step(sum, q, r);
        }
        *out = _mm512_reduce_add_epi32(sum) - excess;
    }
}

#[target_feature(enable = "avx2")]
fn avx2(query: &[Line], rows: &[Line], out: &mut [i32]) {
    let ones = _mm256_set1_epi16(1);
    // |q| * (r with the sign of q) is q * r. Two products of at most 127 * 127 fit the instruction's 16 bits.
    let step = |sum, q, r| {
        let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(q), _mm256_sign_epi8(r, q));
        _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones))
    };
    for (row, out) in rows.chunks_exact(query.len()).zip(out) {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (q, r) in query.iter().zip(row) {
            let (q, r) = (load256(q), load256(r));
            sums[0] = step(sums[0], q[0], r[0]);
            sums[1] = step(sums[1], q[1], r[1]);
        }
        let sum = _mm256_add_epi32(sums[0], sums[1]);
        let sum = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
        let sum = _mm_add_epi32(sum, _mm_shuffle_epi32::<0b01_00_11_10>(sum));
        let sum = _mm_add_epi32(sum, _mm_shuffle_epi32::<0b10_11_00_01>(sum));
        *out = _mm_cvtsi128_si32(sum);
    }
}

#[target_feature(enable = "avx512f")]
fn load512(line: &Line) -> __m512i {
    // SAFETY: a line is 64 bytes at an address that is a multiple of 64.
    unsafe { _mm512_load_si512(line.0.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn load256(line: &Line) -> [__m256i; 2] {
    let halves: *const __m256i = line.0.as_ptr().cast();
    // SAFETY: a line is two vectors of 32 bytes at an address that is a multiple of 64.
    unsafe { [_mm256_load_si256(halves), _mm256_load_si256(halves.add(1))] }
}
