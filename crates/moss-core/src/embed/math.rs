//! What a layer of BERT does to single numbers, and sums over rows.
//!
//! Without branches and without fused multiply-add: the compiler runs these on whole vectors of whatever width the CPU
//! has, and the bits are the same on every CPU. All are inlined, so that they are compiled for the CPU of their caller.

/// `x / 2 * (1 + erf(x / sqrt 2))`, the exact GELU.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    x * (0.5 + 0.5 * erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function to 5e-7 absolute: the rational approximation of Eigen and XLA.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = least(greatest(x, -4.0), 4.0);
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

/// `e^x` for `x <= 0` to 2e-7 relative; below -87, where floats end, `e^-87`. The polynomial of Cephes' `expf`.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let x = greatest(x, -87.0);
    // To the nearest integer, which then stands in the lowest bits.
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let mut p = 1.987_569_2e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = p * r + c;
    }
    let power = (shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits());
    (p * (r * r) + r + 1.0) * f32::from_bits(power)
}

/// Added to a number of less than 2^22 it leaves the nearest integer in the lowest bits of the sum, ties to even.
pub(super) const ROUND: f32 = 12_582_912.0;

/// The larger one; `b` if `a` is not a number.
#[inline(always)]
pub(super) fn greatest(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The smaller one; `b` if `a` is not a number.
#[inline(always)]
pub(super) fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// How many running sums a row has: always the same, so that sums are the same bits on vectors of any width.
const LANES: usize = 16;

/// The sum of lanes, pair by pair.
#[inline(always)]
fn total(lanes: [f32; LANES]) -> f32 {
    let mut lanes = lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for at in 0..width {
            lanes[at] += lanes[at + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// The sum of `f` over a row: running sums, always added up in the same order.
#[inline(always)]
fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let (blocks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += f(x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += f(x);
    }
    total(lanes)
}

/// `(x - mean) / sqrt(variance + eps) * weight + bias`, in place.
#[inline(always)]
pub(super) fn normalize(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let share = 1.0 / row.len() as f32;
    let mean = sum(row, |x| x) * share;
    let variance = sum(row, |x| (x - mean) * (x - mean)) * share;
    let scale = 1.0 / (variance + eps).sqrt();
    for ((x, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
        *x = (*x - mean) * scale * weight + bias;
    }
}

/// `softmax(scale * x)`, in place.
#[inline(always)]
pub(super) fn softmax(x: &mut [f32], scale: f32) {
    let mut tops = [f32::NEG_INFINITY; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for (top, &x) in tops.iter_mut().zip(block) {
            *top = greatest(x, *top);
        }
    }
    let top = tops
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |top, &x| greatest(x, top));
    for x in x.iter_mut() {
        *x = exp((*x - top) * scale);
    }
    let share = 1.0 / sum(x, |x| x);
    for x in x.iter_mut() {
        *x *= share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_what_they_are_called() {
        for step in -10_000..=0i16 {
            let x = f32::from(step) / 100.0;
            let wanted = f64::from(x.max(-87.0)).exp();
            assert!((f64::from(exp(x)) / wanted - 1.0).abs() < 3e-7, "exp({x})");
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
    }

    #[test]
    fn sums_take_every_element() {
        let row: Vec<f32> = (0..37u8).map(f32::from).collect();
        assert_eq!(sum(&row, |x| x * 2.0), 1332.0);
    }
}
