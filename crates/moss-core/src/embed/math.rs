//! What a layer of BERT does to single numbers, and sums over rows.
//!
//! Without branches: the bits are the same on every CPU. All are inlined, so that they are compiled
//! for the CPU of their caller.

use crate::lanes::{Lanes, ROUND};

/// `x / 2 * (1 + erf(x / sqrt 2))`, the exact GELU.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    x * (0.5 + 0.5 * erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// GELU to 2e-4 absolute, for what is rounded to 7 bits next: without a division. The odd polynomial for `erf` was fitted to the
/// least greatest error of the product, and ends where `erf` is 1.
#[inline(always)]
pub(super) fn rough_gelu<L: Lanes>(x: L) -> L {
    const END: f32 = 3.9;
    let near = x.greatest(L::splat(-END)).least(L::splat(END));
    let x2 = near.mul(near);
    let mut p = L::splat(2.643_106e-8);
    for c in [
        -1.778_047_4e-6,
        5.137_647e-5,
        -8.457_786e-4,
        8.919_761e-3,
        -6.488_351_5e-2,
        0.398_099_18,
    ] {
        p = p.mul_add(x2, L::splat(c));
    }
    x.mul(near.mul_add(p, L::splat(0.5)))
}

/// The error function to 5e-7 absolute: the rational approximation of Eigen and XLA.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let mut p = -2.726_142_3e-10;
    for c in [
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ] {
        p = p * x2 + c;
    }
    let mut q = -1.456_607_2e-5;
    for c in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = q * x2 + c;
    }
    x * p / q
}

/// `2^x` for `x <= 0` to 3e-6 relative; below -116 `2^-116`, which divided by a sum is still a normal number: others cost a hundred
/// times as much. The polynomial was fitted to the least greatest relative error between -0.5 and 0.5.
#[inline(always)]
pub(super) fn exp2<L: Lanes>(x: L) -> L {
    let x = x.greatest(L::splat(-116.0));
    // To the nearest integer, which then stands in the lowest bits.
    let shifted = x.add(L::splat(ROUND));
    let r = x.sub(shifted.sub(L::splat(ROUND)));
    let mut p = L::splat(9.570_102e-3);
    for c in [5.591_786_3e-2, 0.240_247_44, 0.693_121_8, 0.999_999_3] {
        p = p.mul_add(r, L::splat(c));
    }
    p.times_power(shifted)
}

/// The sum of a row: a running sum in each lane, then the lanes in halves.
#[inline(always)]
fn sum<L: Lanes>(row: &[f32]) -> f32 {
    let (blocks, last) = row.as_chunks();
    let mut sums = L::splat(0.0);
    for block in blocks {
        sums = sums.add(L::load(block));
    }
    sums.add(L::load_last(last, 0.0)).total()
}

/// The sum of the squares of a row's distances from `mean`, as [`sum`].
#[inline(always)]
fn squares<L: Lanes>(row: &[f32], mean: f32) -> f32 {
    let (blocks, last) = row.as_chunks();
    let (mut sums, means) = (L::splat(0.0), L::splat(mean));
    for block in blocks {
        let distance = L::load(block).sub(means);
        sums = distance.mul_add(distance, sums);
    }
    let distance = L::load_last(last, mean).sub(means);
    distance.mul_add(distance, sums).total()
}

/// Adds another row to a row; the sum of what is then in it, as [`sum`].
#[inline(always)]
fn add<L: Lanes>(row: &mut [f32], other: &[f32]) -> f32 {
    let ((blocks, last), (others, last_other)) = (row.as_chunks_mut(), other.as_chunks());
    let mut sums = L::splat(0.0);
    for (block, other) in blocks.iter_mut().zip(others) {
        let both = L::load(block).add(L::load(other));
        sums = sums.add(both);
        both.store(block);
    }
    let both = L::load_last(last, 0.0).add(L::load_last(last_other, 0.0));
    both.store_last(last);
    sums.add(both).total()
}

/// `(x - mean) / sqrt(variance + eps) * weight + bias`, in place.
#[inline(always)]
pub(super) fn normalize<L: Lanes>(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    normalize_of_sum::<L>(row, sum::<L>(row), weight, bias, eps);
}

/// [`normalize`] of the sum of two rows, in place of the first.
#[inline(always)]
pub(super) fn add_and_normalize<L: Lanes>(
    row: &mut [f32],
    other: &[f32],
    weight: &[f32],
    bias: &[f32],
    eps: f32,
) {
    let sum = add::<L>(row, other);
    normalize_of_sum::<L>(row, sum, weight, bias, eps);
}

#[inline(always)]
fn normalize_of_sum<L: Lanes>(row: &mut [f32], sum: f32, weight: &[f32], bias: &[f32], eps: f32) {
    let share = 1.0 / row.len() as f32;
    let mean = sum * share;
    let variance = squares::<L>(row, mean) * share;
    let (mean, scale) = (L::splat(mean), L::splat(1.0 / (variance + eps).sqrt()));
    let ((weights, last_weight), (biases, last_bias)) = (weight.as_chunks(), bias.as_chunks());
    let (blocks, last) = row.as_chunks_mut();
    for ((block, weight), bias) in blocks.iter_mut().zip(weights).zip(biases) {
        let normal = L::load(block).sub(mean).mul(scale);
        normal.mul_add(L::load(weight), L::load(bias)).store(block);
    }
    let normal = L::load_last(last, 0.0).sub(mean).mul(scale);
    let scaled = normal.mul_add(L::load_last(last_weight, 0.0), L::load_last(last_bias, 0.0));
    scaled.store_last(last);
}

/// `softmax(scale * x)`, in place.
#[inline(always)]
pub(super) fn softmax<L: Lanes>(x: &mut [f32], scale: f32) {
    let (blocks, last) = x.as_chunks_mut();
    let mut tops = L::load_last(last, f32::NEG_INFINITY);
    for block in &*blocks {
        tops = L::load(block).greatest(tops);
    }
    // e^(scale * (x - top)) as a power of two.
    let scale = scale * std::f32::consts::LOG2_E;
    let (scale, less) = (L::splat(scale), L::splat(-scale * tops.top()));
    let mut sums = L::splat(0.0);
    for block in blocks {
        let power = exp2(L::load(block).mul_add(scale, less));
        sums = sums.add(power);
        power.store(block);
    }
    if !last.is_empty() {
        // The lanes behind the row come to 2^-116 each, which is nothing beside the one of the top.
        let power = exp2(L::load_last(last, f32::NEG_INFINITY).mul_add(scale, less));
        sums = sums.add(power);
        power.store_last(last);
    }
    multiply::<L>(x, 1.0 / sums.total());
}

/// `factor * x`, in place.
#[inline(always)]
fn multiply<L: Lanes>(x: &mut [f32], factor: f32) {
    let factor = L::splat(factor);
    let (blocks, last) = x.as_chunks_mut();
    for block in blocks {
        L::load(block).mul(factor).store(block);
    }
    L::load_last(last, 0.0).mul(factor).store_last(last);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Array, LANES};

    #[test]
    fn functions_are_what_they_are_called() {
        for step in -13_000..=0i16 {
            let x = f32::from(step) / 100.0;
            let wanted = f64::from(x.max(-116.0)).exp2();
            let [power, ..] = exp2([x; LANES]);
            assert!((f64::from(power) / wanted - 1.0).abs() < 3e-6, "2^{x}");
        }
        // erf(0.5), erf(1), erf(2): Abramowitz and Stegun, table 7.1.
        for (x, wanted) in [
            (0.0, 0.0),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (2.0, 0.995_322_3),
            (9.0, 1.0),
        ] {
            assert!(
                (erf(x) - wanted).abs() < 5e-7 && (erf(-x) + wanted).abs() < 5e-7,
                "erf({x})"
            );
        }
        assert!(gelu(0.0) == 0.0 && (gelu(40.0) - 40.0).abs() < 1e-4);
        assert!(gelu(-40.0).abs() < 1e-4);
        for step in -8_000..8_000i16 {
            let x = f32::from(step) / 1000.0;
            let [rough, ..] = rough_gelu([x; LANES]);
            assert!((rough - gelu(x)).abs() < 2.5e-4, "rough_gelu({x})");
        }
    }

    #[test]
    fn sums_take_every_element() {
        let row: Vec<f32> = (0..37u8).map(f32::from).collect();
        assert_eq!(
            (sum::<Array>(&row), squares::<Array>(&row, 18.0)),
            (666.0, 4218.0)
        );
    }

    #[test]
    fn two_rows_are_normalized_as_their_sum() {
        let row =
            |factor: usize| -> Vec<f32> { (0..37).map(|at| ((at * factor) % 19) as f32 - 9.5).collect() };
        let (mut x, y, weight, bias) = (row(7), row(11), row(5), row(3));
        let mut sum: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
        normalize::<Array>(&mut sum, &weight, &bias, 1e-12);
        add_and_normalize::<Array>(&mut x, &y, &weight, &bias, 1e-12);
        assert_eq!(x, sum);
    }
}
