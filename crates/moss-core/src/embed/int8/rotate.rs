//! The rotation that spreads an outlier of a row over its neighbours, so that 127 steps are enough for the row.
//!
//! A row `x` becomes `H x` and the weights `W H^-1`, which changes nothing about `W x`: "QuaRot: Outlier-Free 4-Bit
//! Inference in Rotated LLMs", Ashkboos et al. 2024, arXiv:2404.00456. `H` is the Walsh-Hadamard transform of each
//! block of the row, without its factor: all of it is additions, and `H H x` is the block's length times `x`.

/// Numbers that a CPU works on side by side; strides below are exchanged within them.
const SIDE: usize = 8;

/// The longest block. All of a row of 384 is three blocks, of 1,536 three too.
const LONGEST: usize = 512;

/// The length of the blocks of a row of `width`: its largest factor that is a power of two, within bounds.
pub(super) const fn block(width: usize) -> usize {
    let factor = 1 << width.trailing_zeros();
    if factor < LONGEST { factor } else { LONGEST }
}

/// Transforms every block of a row, in place.
#[inline(always)]
pub(super) fn rotate(row: &mut [f32]) {
    let block = block(row.len());
    let mut stride = block / 2;
    // Two steps at a time, so that numbers are read and written half as often.
    while stride >= 2 * SIDE {
        for part in row.chunks_exact_mut(2 * stride) {
            let (left, right) = part.split_at_mut(stride);
            let (a, b) = left.split_at_mut(stride / 2);
            let (c, d) = right.split_at_mut(stride / 2);
            let [a, b, c, d] = [a, b, c, d].map(|part| part.as_chunks_mut::<SIDE>().0.iter_mut());
            for (((a, b), c), d) in a.zip(b).zip(c).zip(d) {
                let (ac, bd) = (butterfly(*a, *c), butterfly(*b, *d));
                let (left, right) = (butterfly(ac.0, bd.0), butterfly(ac.1, bd.1));
                (*a, *b, *c, *d) = (left.0, left.1, right.0, right.1);
            }
        }
        stride /= 4;
    }
    while stride >= SIDE {
        for pair in row.chunks_exact_mut(2 * stride) {
            let (left, right) = pair.split_at_mut(stride);
            let (left, right) = (left.as_chunks_mut::<SIDE>().0, right.as_chunks_mut::<SIDE>().0);
            for (left, right) in left.iter_mut().zip(right) {
                (*left, *right) = butterfly(*left, *right);
            }
        }
        stride /= 2;
    }
    if block >= SIDE {
        for side in row.as_chunks_mut::<SIDE>().0 {
            *side = exchange::<1>(exchange::<2>(exchange::<4>(*side)));
        }
        return;
    }
    while stride > 0 {
        for pair in row.chunks_exact_mut(2 * stride) {
            for at in 0..stride {
                (pair[at], pair[at + stride]) = (pair[at] + pair[at + stride], pair[at] - pair[at + stride]);
            }
        }
        stride /= 2;
    }
}

/// Sums and differences.
#[inline(always)]
fn butterfly(left: [f32; SIDE], right: [f32; SIDE]) -> ([f32; SIDE], [f32; SIDE]) {
    let (mut sum, mut difference) = ([0.0; SIDE], [0.0; SIDE]);
    for at in 0..SIDE {
        sum[at] = left[at] + right[at];
        difference[at] = left[at] - right[at];
    }
    (sum, difference)
}

/// One step of the transform within eight numbers.
#[inline(always)]
fn exchange<const STRIDE: usize>(x: [f32; SIDE]) -> [f32; SIDE] {
    let mut y = [0.0; SIDE];
    for at in 0..SIDE {
        let sign = if at & STRIDE == 0 { 1.0 } else { -1.0 };
        y[at] = x[at ^ STRIDE] + sign * x[at];
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_is_the_row_times_the_block() {
        for width in [1, 2, 3, 8, 12, 24, 40, 384, 1536, 1024] {
            let row: Vec<f32> = (0..width)
                .map(|at| ((at * 37 + 11) % 101) as f32 - 50.0)
                .collect();
            let mut rotated = row.clone();
            rotate(&mut rotated);
            let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>();
            let grown = length(&rotated) / length(&row) / block(width) as f32;
            assert!((grown - 1.0).abs() < 1e-5, "{width}");
            rotate(&mut rotated);
            let wanted: Vec<f32> = row.iter().map(|x| x * block(width) as f32).collect();
            assert_eq!(rotated, wanted, "{width}");
        }
        assert_eq!(
            [block(24), block(384), block(1536), block(1024)],
            [8, 128, 512, 512]
        );
    }
}
