//! Vectors of x86.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "instructions that not every CPU has: whoever names a type has found them; loads and stores are of whole arrays"
)]

use std::arch::x86_64::*;

use super::{Array, LANES, Lanes};

/// Two registers of 256 bits. Only to be used where AVX2 was found, and `mul_add` where FMA was too.
#[derive(Clone, Copy)]
pub(crate) struct Avx2([__m256; 2]);

/// One register of 512 bits. Only to be used where AVX-512 F and BW were found, and `add_pairs` where VNNI was too.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

impl Avx2 {
    #[inline(always)]
    fn each(self, other: Avx2, f: impl Fn(__m256, __m256) -> __m256) -> Avx2 {
        Avx2([f(self.0[0], other.0[0]), f(self.0[1], other.0[1])])
    }
}

impl Lanes for Avx2 {
    const HELD: usize = 6;

    #[inline(always)]
    fn load(from: &Array) -> Avx2 {
        unsafe {
            Avx2([
                _mm256_loadu_ps(from.as_ptr()),
                _mm256_loadu_ps(from.as_ptr().add(8)),
            ])
        }
    }

    #[inline(always)]
    fn store(self, to: &mut Array) {
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), self.0[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), self.0[1]);
        }
    }

    #[inline(always)]
    fn splat(x: f32) -> Avx2 {
        unsafe { Avx2([_mm256_set1_ps(x); 2]) }
    }

    each! { add: _mm256_add_ps, sub: _mm256_sub_ps, mul: _mm256_mul_ps, least: _mm256_min_ps, greatest: _mm256_max_ps }

    #[inline(always)]
    fn mul_add(self, by: Avx2, plus: Avx2) -> Avx2 {
        unsafe {
            Avx2([
                _mm256_fmadd_ps(self.0[0], by.0[0], plus.0[0]),
                _mm256_fmadd_ps(self.0[1], by.0[1], plus.0[1]),
            ])
        }
    }

    #[inline(always)]
    fn deinterleave(self, other: Avx2) -> (Avx2, Avx2) {
        (
            Avx2([even(self.0), even(other.0)]),
            Avx2([odd(self.0), odd(other.0)]),
        )
    }

    #[inline(always)]
    fn from_ints(from: &[i32; LANES]) -> Avx2 {
        Avx2::load(unsafe { &*from.as_ptr().cast() }).whole()
    }

    #[inline(always)]
    fn whole(self) -> Avx2 {
        let [low, high] = self.0;
        unsafe {
            Avx2([
                _mm256_cvtepi32_ps(_mm256_castps_si256(low)),
                _mm256_cvtepi32_ps(_mm256_castps_si256(high)),
            ])
        }
    }

    #[inline(always)]
    fn pair(self, other: Avx2) -> Avx2 {
        let mut out = self;
        for at in 0..2 {
            unsafe {
                let upper = _mm256_slli_epi32::<16>(_mm256_castps_si256(other.0[at]));
                let both = _mm256_blend_epi16::<0b1010_1010>(_mm256_castps_si256(self.0[at]), upper);
                out.0[at] = _mm256_castsi256_ps(both);
            }
        }
        out
    }

    #[inline(always)]
    fn add_pairs(self, left: Avx2, right: Avx2) -> Avx2 {
        let mut out = self;
        for at in 0..2 {
            unsafe {
                let (left, right) = (_mm256_castps_si256(left.0[at]), _mm256_castps_si256(right.0[at]));
                let sum = _mm256_castps_si256(self.0[at]);
                out.0[at] = _mm256_castsi256_ps(_mm256_add_epi32(sum, _mm256_madd_epi16(left, right)));
            }
        }
        out
    }

    #[inline(always)]
    fn positive(self) -> u16 {
        let [low, high] = self.0.map(|x| unsafe {
            _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_setzero_ps())) as u16
        });
        high << 8 | low
    }

    #[inline(always)]
    fn lowest_bytes(self) -> [u8; LANES] {
        let mut bytes = [0; LANES];
        unsafe {
            let byte = _mm256_set1_epi32(0xff);
            let a = _mm256_and_si256(_mm256_castps_si256(self.0[0]), byte);
            let b = _mm256_and_si256(_mm256_castps_si256(self.0[1]), byte);
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(a, b));
            let (low, high) = (
                _mm256_castsi256_si128(words),
                _mm256_extracti128_si256::<1>(words),
            );
            _mm_storeu_si128(bytes.as_mut_ptr().cast(), _mm_packus_epi16(low, high));
        }
        bytes
    }

    #[inline(always)]
    fn times_power(self, n: Avx2) -> Avx2 {
        self.each(n, |x, n| unsafe {
            let shifted = _mm256_slli_epi32::<23>(_mm256_castps_si256(n));
            _mm256_castsi256_ps(_mm256_add_epi32(shifted, _mm256_castps_si256(x)))
        })
    }

    #[inline(always)]
    fn total(self) -> f32 {
        total(unsafe { _mm256_add_ps(self.0[0], self.0[1]) })
    }

    #[inline(always)]
    fn top(self) -> f32 {
        top(unsafe { _mm256_max_ps(self.0[1], self.0[0]) })
    }
}

/// The sum of eight lanes, in halves.
#[inline(always)]
fn total(x: __m256) -> f32 {
    unsafe {
        let x = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
        _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps::<1>(x, x)))
    }
}

/// The largest of eight lanes.
#[inline(always)]
fn top(x: __m256) -> f32 {
    unsafe {
        let x = _mm_max_ps(_mm256_extractf128_ps::<1>(x), _mm256_castps256_ps128(x));
        let x = _mm_max_ps(_mm_movehl_ps(x, x), x);
        _mm_cvtss_f32(_mm_max_ss(_mm_shuffle_ps::<1>(x, x), x))
    }
}

/// What is at even places: of each half of 128 bits, then the quarters in order.
#[inline(always)]
fn even([a, b]: [__m256; 2]) -> __m256 {
    unsafe {
        let halves = _mm256_castps_pd(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
        _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(halves))
    }
}

/// What is at odd places.
#[inline(always)]
fn odd([a, b]: [__m256; 2]) -> __m256 {
    unsafe {
        let halves = _mm256_castps_pd(_mm256_shuffle_ps::<0b11_01_11_01>(a, b));
        _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(halves))
    }
}

impl Avx512 {
    #[inline(always)]
    fn each(self, other: Avx512, f: impl Fn(__m512, __m512) -> __m512) -> Avx512 {
        Avx512(f(self.0, other.0))
    }

    /// The second half of the lanes.
    #[inline(always)]
    fn upper(self) -> __m256 {
        unsafe { _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(self.0))) }
    }
}

impl Lanes for Avx512 {
    const HELD: usize = 16;

    #[inline(always)]
    fn load(from: &Array) -> Avx512 {
        unsafe { Avx512(_mm512_loadu_ps(from.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, to: &mut Array) {
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn splat(x: f32) -> Avx512 {
        unsafe { Avx512(_mm512_set1_ps(x)) }
    }

    each! { add: _mm512_add_ps, sub: _mm512_sub_ps, mul: _mm512_mul_ps, least: _mm512_min_ps, greatest: _mm512_max_ps }

    #[inline(always)]
    fn mul_add(self, by: Avx512, plus: Avx512) -> Avx512 {
        unsafe { Avx512(_mm512_fmadd_ps(self.0, by.0, plus.0)) }
    }

    #[inline(always)]
    fn deinterleave(self, other: Avx512) -> (Avx512, Avx512) {
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_or_si512(even, _mm512_set1_epi32(1));
            (
                Avx512(_mm512_permutex2var_ps(self.0, even, other.0)),
                Avx512(_mm512_permutex2var_ps(self.0, odd, other.0)),
            )
        }
    }

    #[inline(always)]
    fn from_ints(from: &[i32; LANES]) -> Avx512 {
        Avx512::load(unsafe { &*from.as_ptr().cast() }).whole()
    }

    #[inline(always)]
    fn whole(self) -> Avx512 {
        unsafe { Avx512(_mm512_cvtepi32_ps(_mm512_castps_si512(self.0))) }
    }

    #[inline(always)]
    fn pair(self, other: Avx512) -> Avx512 {
        unsafe {
            let upper = _mm512_slli_epi32::<16>(_mm512_castps_si512(other.0));
            let both = _mm512_mask_blend_epi16(0xaaaa_aaaa, _mm512_castps_si512(self.0), upper);
            Avx512(_mm512_castsi512_ps(both))
        }
    }

    #[inline(always)]
    fn add_pairs(self, left: Avx512, right: Avx512) -> Avx512 {
        unsafe {
            let (left, right) = (_mm512_castps_si512(left.0), _mm512_castps_si512(right.0));
            let sum = _mm512_dpwssd_epi32(_mm512_castps_si512(self.0), left, right);
            Avx512(_mm512_castsi512_ps(sum))
        }
    }

    #[inline(always)]
    fn positive(self) -> u16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, _mm512_setzero_ps()) }
    }

    #[inline(always)]
    fn lowest_bytes(self) -> [u8; LANES] {
        let mut bytes = [0; LANES];
        unsafe {
            let lowest = _mm512_cvtepi32_epi8(_mm512_castps_si512(self.0));
            _mm_storeu_si128(bytes.as_mut_ptr().cast(), lowest);
        }
        bytes
    }

    #[inline(always)]
    fn times_power(self, n: Avx512) -> Avx512 {
        self.each(n, |x, n| unsafe {
            let shifted = _mm512_slli_epi32::<23>(_mm512_castps_si512(n));
            _mm512_castsi512_ps(_mm512_add_epi32(shifted, _mm512_castps_si512(x)))
        })
    }

    #[inline(always)]
    fn total(self) -> f32 {
        total(unsafe { _mm256_add_ps(_mm512_castps512_ps256(self.0), self.upper()) })
    }

    #[inline(always)]
    fn top(self) -> f32 {
        top(unsafe { _mm256_max_ps(self.upper(), _mm512_castps512_ps256(self.0)) })
    }
}
