//! Sixteen numbers side by side, in whatever registers a CPU has for them.
//!
//! What is written for [`Lanes`] gives the same bits in all of them: each operation is one rounding of each lane, and nothing
//! is fused but what [`Lanes::mul_add`] asks for. The compiler does as well with arrays only where it sees through them, so vectors are
//! named here.

/// Operations that are one instruction on two registers.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
macro_rules! each {
    ($($name:ident: $instruction:ident),+) => {
        $(#[inline(always)]
        fn $name(self, other: Self) -> Self {
            self.each(other, |a, b| unsafe { $instruction(a, b) })
        })+
    };
}

#[cfg(target_arch = "aarch64")]
mod arm;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "aarch64")]
pub(crate) use arm::Neon;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

/// Lanes of one vector.
pub(crate) const LANES: usize = 16;

/// 1.5 * 2^23. Added to a number of less than 2^22 it leaves no bits for a fraction: the sum has the nearest integer in its lowest bits,
/// ties to even.
pub(crate) const ROUND: f32 = 12_582_912.0;

/// One number for each lane, as anyone can hold them.
pub(crate) type Array = [f32; LANES];

/// A vector of sixteen numbers.
///
/// The types of a CPU's registers may only be used in code that was compiled for it: all is inlined there. A closure that is called
/// from two places, or by way of the standard library, might not be, and each operation would then be a call.
pub(crate) trait Lanes: Copy {
    /// Vectors that registers hold at once, beside a few more.
    const HELD: usize;

    fn load(from: &Array) -> Self;
    fn store(self, to: &mut Array);
    fn splat(x: f32) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self * by + plus`, rounded once.
    fn mul_add(self, by: Self, plus: Self) -> Self;
    /// The smaller ones; those of `other` where one is not a number.
    fn least(self, other: Self) -> Self;
    /// The larger ones; those of `other` where one is not a number.
    fn greatest(self, other: Self) -> Self;
    /// What is at even places of the two, one after the other, and what is at odd ones.
    fn deinterleave(self, other: Self) -> (Self, Self);
    fn from_ints(from: &[i32; LANES]) -> Self;
    /// The numbers that the lanes' bits are as integers.
    fn whole(self) -> Self;
    /// Two integers of 16 bits in each lane: the lowest bits of the two, those of `other` in the upper half.
    fn pair(self, other: Self) -> Self;
    /// Adds to integers of 32 bits the products of the lower halves and of the upper ones of two that [`Lanes::pair`] made, wrapping.
    fn add_pairs(self, left: Self, right: Self) -> Self;
    /// Which lanes are above 0, as bits: the first lane is the lowest.
    fn positive(self) -> u16;
    /// The lowest byte of each lane's bits.
    fn lowest_bytes(self) -> [u8; LANES];
    /// `self * 2^n`, where `n` stands in the lowest bits of the other; only for what is then a normal number.
    fn times_power(self, n: Self) -> Self;
    /// The sum of all lanes: of the first half of them and the second, and so on.
    fn total(self) -> f32;
    /// The largest lane, of those that are numbers.
    fn top(self) -> f32;

    /// The last numbers of a row, too few for a vector, and `rest` in the other lanes.
    #[inline(always)]
    fn load_last(from: &[f32], rest: f32) -> Self {
        let mut array = [rest; LANES];
        for (lane, x) in array.iter_mut().zip(from) {
            *lane = *x;
        }
        Self::load(&array)
    }

    /// Writes as many lanes as there is room for.
    #[inline(always)]
    fn store_last(self, to: &mut [f32]) {
        let mut array = [0.0; LANES];
        self.store(&mut array);
        for (x, lane) in to.iter_mut().zip(array) {
            *x = lane;
        }
    }
}

/// Rows become columns: sixteen vectors, each of which takes what was in its lane of all of them.
///
/// A vector and its lane together are eight bits; each round moves the lowest of the lane to the vector's place of the round.
#[inline(always)]
pub(crate) fn transpose<L: Lanes>(vectors: &mut [L; LANES]) {
    let mut distance = 1;
    while distance < LANES {
        for at in 0..LANES {
            if at & distance == 0 {
                let pair = vectors[at].deinterleave(vectors[at + distance]);
                (vectors[at], vectors[at + distance]) = pair;
            }
        }
        distance *= 2;
    }
}

/// Runs anywhere; what the others are compared with.
impl Lanes for Array {
    const HELD: usize = 4;

    #[inline(always)]
    fn load(from: &Array) -> Array {
        *from
    }

    #[inline(always)]
    fn store(self, to: &mut Array) {
        *to = self;
    }

    #[inline(always)]
    fn splat(x: f32) -> Array {
        [x; LANES]
    }

    #[inline(always)]
    fn add(self, other: Array) -> Array {
        each(self, other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Array) -> Array {
        each(self, other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Array) -> Array {
        each(self, other, |a, b| a * b)
    }

    #[inline(always)]
    fn mul_add(self, by: Array, plus: Array) -> Array {
        let mut out = plus;
        for at in 0..LANES {
            out[at] = self[at].mul_add(by[at], plus[at]);
        }
        out
    }

    #[inline(always)]
    fn least(self, other: Array) -> Array {
        each(self, other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn greatest(self, other: Array) -> Array {
        each(self, other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn deinterleave(self, other: Array) -> (Array, Array) {
        let (mut even, mut odd) = ([0.0; LANES], [0.0; LANES]);
        for at in 0..LANES / 2 {
            (even[at], odd[at]) = (self[2 * at], self[2 * at + 1]);
            (even[at + LANES / 2], odd[at + LANES / 2]) = (other[2 * at], other[2 * at + 1]);
        }
        (even, odd)
    }

    #[inline(always)]
    fn from_ints(from: &[i32; LANES]) -> Array {
        from.map(|x| x as f32)
    }

    #[inline(always)]
    fn whole(self) -> Array {
        self.map(|x| x.to_bits().cast_signed() as f32)
    }

    #[inline(always)]
    fn pair(self, other: Array) -> Array {
        each(self, other, |a, b| {
            f32::from_bits(b.to_bits() << 16 | a.to_bits() & 0xffff)
        })
    }

    #[inline(always)]
    fn add_pairs(self, left: Array, right: Array) -> Array {
        let mut out = self;
        for at in 0..LANES {
            let (a, b) = (
                left[at].to_bits().cast_signed(),
                right[at].to_bits().cast_signed(),
            );
            let lower = i32::from(a as i16) * i32::from(b as i16);
            let sum = self[at].to_bits().cast_signed().wrapping_add(lower);
            out[at] = f32::from_bits(sum.wrapping_add((a >> 16) * (b >> 16)).cast_unsigned());
        }
        out
    }

    #[inline(always)]
    fn positive(self) -> u16 {
        let bit = |(at, x): (usize, &f32)| u16::from(*x > 0.0) << at;
        self.iter().enumerate().map(bit).sum()
    }

    #[inline(always)]
    fn lowest_bytes(self) -> [u8; LANES] {
        self.map(|x| x.to_bits() as u8)
    }

    #[inline(always)]
    fn times_power(self, n: Array) -> Array {
        each(self, n, |x, n| {
            f32::from_bits((n.to_bits() << 23).wrapping_add(x.to_bits()))
        })
    }

    #[inline(always)]
    fn total(self) -> f32 {
        halves(self, |a, b| a + b)
    }

    #[inline(always)]
    fn top(self) -> f32 {
        halves(self, |a, b| if b > a { b } else { a })
    }
}

#[inline(always)]
fn halves(mut lanes: Array, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for at in 0..width {
            lanes[at] = f(lanes[at], lanes[at + width]);
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn each(a: Array, b: Array, f: impl Fn(f32, f32) -> f32) -> Array {
    let mut out = [0.0; LANES];
    for at in 0..LANES {
        out[at] = f(a[at], b[at]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of every operation.
    fn bits<L: Lanes>(a: &Array, b: &Array, ints: &[i32; LANES], last: &[f32]) -> Vec<u32> {
        let (x, y) = (L::load(a), L::load(b));
        let (even, odd) = x.deinterleave(y);
        let vectors = [
            x.add(y),
            x.sub(y),
            x.mul(y),
            x.mul_add(y, x),
            x.least(y),
            x.greatest(y),
            even,
            odd,
            L::from_ints(ints),
            x.whole(),
            x.times_power(y),
            L::splat(a[3]),
            L::load_last(last, 7.0),
        ];
        let mut out = Vec::new();
        for vector in vectors {
            let mut array = [0.0; LANES];
            vector.store(&mut array);
            out.extend(array);
        }
        let mut some = [0.0; 5];
        x.store_last(&mut some);
        out.extend(some);
        out.extend([x.total(), x.top()]);
        // Bits that may be those of a number that is not one.
        let mut pairs = [[0.0; LANES]; 2];
        let pair = x.pair(y);
        pair.store(&mut pairs[0]);
        y.add_pairs(pair, y.pair(x)).store(&mut pairs[1]);
        // A NaN has many bits.
        let of = |x: f32| {
            if x.is_nan() {
                f32::NAN.to_bits()
            } else {
                x.to_bits()
            }
        };
        let bytes = x.lowest_bytes().map(u32::from);
        let bits = pairs.concat().into_iter().map(f32::to_bits);
        let bits = bits.chain([u32::from(x.positive())]);
        out.into_iter().map(of).chain(bytes).chain(bits).collect()
    }

    #[test]
    fn rows_become_columns() {
        let mut vectors: [Array; LANES] =
            std::array::from_fn(|row| std::array::from_fn(|at| (row * LANES + at) as f32));
        transpose(&mut vectors);
        for (row, vector) in vectors.iter().enumerate() {
            for (at, &x) in vector.iter().enumerate() {
                assert_eq!(x, (at * LANES + row) as f32);
            }
        }
    }

    #[test]
    fn all_vectors_are_as_arrays() {
        let mut random = fastrand::Rng::with_seed(9);
        for _ in 0..500 {
            let mut number = || match random.u8(..12) {
                0 => f32::NAN,
                1 => f32::NEG_INFINITY,
                2 => -0.0,
                3 => 12_582_912.0 + f32::from(random.i8(..)),
                _ => (random.f32() - 0.5) * 1e3,
            };
            let (a, b): (Array, Array) = (
                std::array::from_fn(|_| number()),
                std::array::from_fn(|_| number()),
            );
            let ints = std::array::from_fn(|_| random.i32(..));
            let last = &b[..random.usize(..LANES)];
            let wanted = bits::<Array>(&a, &b, &ints, last);
            #[cfg(target_arch = "x86_64")]
            {
                if is_x86_feature_detected!("avx2") {
                    assert_eq!(bits::<Avx2>(&a, &b, &ints, last), wanted);
                }
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
                {
                    assert_eq!(bits::<Avx512>(&a, &b, &ints, last), wanted);
                }
            }
            #[cfg(target_arch = "aarch64")]
            assert_eq!(bits::<Neon>(&a, &b, &ints, last), wanted);
        }
    }
}
