//! Vectors of 64-bit ARM.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "vector instructions, which all of these CPUs have; loads and stores are of whole arrays"
)]

use std::arch::aarch64::*;

use super::{Array, LANES, Lanes};

/// Four registers of 128 bits.
#[derive(Clone, Copy)]
pub(crate) struct Neon([float32x4_t; 4]);

impl Neon {
    #[inline(always)]
    fn each(self, other: Neon, run: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Neon {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Neon([run(a, e), run(b, f), run(c, g), run(d, h)])
    }
}

impl Lanes for Neon {
    const HELD: usize = 6;

    #[inline(always)]
    fn load(from: &Array) -> Neon {
        let from = from.as_ptr();
        unsafe {
            Neon([
                vld1q_f32(from),
                vld1q_f32(from.add(4)),
                vld1q_f32(from.add(8)),
                vld1q_f32(from.add(12)),
            ])
        }
    }

    #[inline(always)]
    fn store(self, to: &mut Array) {
        for (at, part) in self.0.into_iter().enumerate() {
            unsafe { vst1q_f32(to.as_mut_ptr().add(4 * at), part) };
        }
    }

    #[inline(always)]
    fn splat(x: f32) -> Neon {
        Neon([unsafe { vdupq_n_f32(x) }; 4])
    }

    each! { add: vaddq_f32, sub: vsubq_f32, mul: vmulq_f32 }

    #[inline(always)]
    fn mul_add(self, by: Neon, plus: Neon) -> Neon {
        let mut out = plus;
        for at in 0..4 {
            out.0[at] = unsafe { vfmaq_f32(plus.0[at], self.0[at], by.0[at]) };
        }
        out
    }

    #[inline(always)]
    fn least(self, other: Neon) -> Neon {
        self.each(other, |a, b| unsafe { vbslq_f32(vcltq_f32(a, b), a, b) })
    }

    #[inline(always)]
    fn greatest(self, other: Neon) -> Neon {
        self.each(other, |a, b| unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) })
    }

    #[inline(always)]
    fn deinterleave(self, other: Neon) -> (Neon, Neon) {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        unsafe {
            (
                Neon([
                    vuzp1q_f32(a, b),
                    vuzp1q_f32(c, d),
                    vuzp1q_f32(e, f),
                    vuzp1q_f32(g, h),
                ]),
                Neon([
                    vuzp2q_f32(a, b),
                    vuzp2q_f32(c, d),
                    vuzp2q_f32(e, f),
                    vuzp2q_f32(g, h),
                ]),
            )
        }
    }

    #[inline(always)]
    fn from_ints(from: &[i32; LANES]) -> Neon {
        Neon::load(unsafe { &*from.as_ptr().cast() }).whole()
    }

    #[inline(always)]
    fn whole(self) -> Neon {
        let mut out = self;
        for at in 0..4 {
            out.0[at] = unsafe { vcvtq_f32_s32(vreinterpretq_s32_f32(self.0[at])) };
        }
        out
    }

    #[inline(always)]
    fn pair(self, other: Neon) -> Neon {
        let mut out = self;
        for at in 0..4 {
            unsafe {
                let (lower, upper) = (
                    vreinterpretq_u32_f32(self.0[at]),
                    vreinterpretq_u32_f32(other.0[at]),
                );
                out.0[at] = vreinterpretq_f32_u32(vsliq_n_u32::<16>(lower, upper));
            }
        }
        out
    }

    #[inline(always)]
    fn add_pairs(self, left: Neon, right: Neon) -> Neon {
        let mut out = self;
        for at in [0, 2] {
            unsafe {
                // The lower halves of eight lanes, and the upper ones.
                let (a, b) = (
                    vreinterpretq_s16_f32(left.0[at]),
                    vreinterpretq_s16_f32(left.0[at + 1]),
                );
                let (left, left_upper) = (vuzp1q_s16(a, b), vuzp2q_s16(a, b));
                let (a, b) = (
                    vreinterpretq_s16_f32(right.0[at]),
                    vreinterpretq_s16_f32(right.0[at + 1]),
                );
                let (right, right_upper) = (vuzp1q_s16(a, b), vuzp2q_s16(a, b));
                let sum = vreinterpretq_s32_f32(self.0[at]);
                let sum = vmlal_s16(sum, vget_low_s16(left), vget_low_s16(right));
                let sum = vmlal_s16(sum, vget_low_s16(left_upper), vget_low_s16(right_upper));
                out.0[at] = vreinterpretq_f32_s32(sum);
                let sum = vreinterpretq_s32_f32(self.0[at + 1]);
                let sum = vmlal_high_s16(sum, left, right);
                let sum = vmlal_high_s16(sum, left_upper, right_upper);
                out.0[at + 1] = vreinterpretq_f32_s32(sum);
            }
        }
        out
    }

    #[inline(always)]
    fn positive(self) -> u16 {
        let mut bits = 0;
        for (at, part) in self.0.into_iter().enumerate() {
            unsafe {
                let places = vld1q_u32([1, 2, 4, 8].as_ptr());
                bits |= vaddvq_u32(vandq_u32(vcgtzq_f32(part), places)) << (4 * at);
            }
        }
        bits as u16
    }

    #[inline(always)]
    fn lowest_bytes(self) -> [u8; LANES] {
        let mut bytes = [0; LANES];
        unsafe {
            let [a, b, c, d] = self.0;
            let low = vcombine_u16(
                vmovn_u32(vreinterpretq_u32_f32(a)),
                vmovn_u32(vreinterpretq_u32_f32(b)),
            );
            let high = vcombine_u16(
                vmovn_u32(vreinterpretq_u32_f32(c)),
                vmovn_u32(vreinterpretq_u32_f32(d)),
            );
            let (low, high) = (vmovn_u16(low), vmovn_u16(high));
            vst1q_u8(bytes.as_mut_ptr(), vcombine_u8(low, high));
        }
        bytes
    }

    #[inline(always)]
    fn times_power(self, n: Neon) -> Neon {
        self.each(n, |x, n| unsafe {
            let shifted = vshlq_n_u32::<23>(vreinterpretq_u32_f32(n));
            vreinterpretq_f32_u32(vaddq_u32(shifted, vreinterpretq_u32_f32(x)))
        })
    }

    #[inline(always)]
    fn total(self) -> f32 {
        let [a, b, c, d] = self.0;
        unsafe {
            let sum = vaddq_f32(vaddq_f32(a, c), vaddq_f32(b, d));
            let sum = vadd_f32(vget_low_f32(sum), vget_high_f32(sum));
            vget_lane_f32::<0>(sum) + vget_lane_f32::<1>(sum)
        }
    }

    #[inline(always)]
    fn top(self) -> f32 {
        let [a, b, c, d] = self.0;
        let (low, high) = (Neon([a, b, a, b]), Neon([c, d, c, d]));
        let [a, b, ..] = high.greatest(low).0;
        let mut lanes = [0.0; 4];
        unsafe { vst1q_f32(lanes.as_mut_ptr(), vbslq_f32(vcgtq_f32(b, a), b, a)) };
        let greater = |a: f32, b: f32| if b > a { b } else { a };
        greater(greater(lanes[0], lanes[2]), greater(lanes[1], lanes[3]))
    }
}
