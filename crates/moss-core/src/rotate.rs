//! A rotation that spreads what is particular to few numbers of a row over its neighbours, so that few bits are enough for each.
//!
//! Products are the same of rotated rows, times the length of a block: `(H x).(H y) = block * x.y`. `H` is the Walsh-Hadamard
//! transform of each block of the row, without its factor and with its outputs in an order that vectors of numbers
//! make easy: all of it is additions.

use crate::lanes::{Array, LANES, Lanes};

/// Vectors of numbers that stay in registers.
const HELD: usize = 8;

/// The longest block. All of a row of 384 is three blocks, of 1,536 three too.
const LONGEST: usize = 512;

/// The length of the blocks of a row of `width`: its largest factor that is a power of two, within bounds.
pub(crate) const fn block(width: usize) -> usize {
    let factor = 1 << width.trailing_zeros();
    if factor < LONGEST { factor } else { LONGEST }
}

/// Transforms every block of a row, in place.
#[inline(always)]
pub(crate) fn rotate<L: Lanes>(row: &mut [f32]) {
    let block = block(row.len());
    if block < 2 * LANES {
        return short(row, block);
    }
    for block in row.chunks_exact_mut(block) {
        let (vectors, _) = block.as_chunks_mut();
        steps::<L>(vectors, vectors.len() / 2);
    }
}

/// Makes `to` what `from` is rotated: the first step reads the one and writes the other.
#[inline(always)]
pub(crate) fn rotate_into<L: Lanes>(from: &[f32], to: &mut [f32]) {
    let block = block(from.len());
    if block <= HELD * LANES {
        to.copy_from_slice(from);
        return rotate::<L>(to);
    }
    for (from, to) in from.chunks_exact(block).zip(to.chunks_exact_mut(block)) {
        let ((from, _), (to, _)) = (from.as_chunks(), to.as_chunks_mut());
        let stride = to.len() / 2;
        let ((left, right), (sums, differences)) = (from.split_at(stride), to.split_at_mut(stride));
        for at in 0..stride {
            let (sum, difference) = butterfly(L::load(&left[at]), L::load(&right[at]));
            sum.store(&mut sums[at]);
            difference.store(&mut differences[at]);
        }
        steps::<L>(to, stride / 2);
    }
}

/// The transform of a block, from the step between vectors so far apart on.
#[inline(always)]
fn steps<L: Lanes>(vectors: &mut [Array], mut stride: usize) {
    while stride >= HELD {
        for pair in vectors.chunks_exact_mut(2 * stride) {
            let (left, right) = pair.split_at_mut(stride);
            for (left, right) in left.iter_mut().zip(right) {
                let (sum, difference) = butterfly(L::load(left), L::load(right));
                sum.store(left);
                difference.store(right);
            }
        }
        stride /= 2;
    }
    match stride {
        1 => held::<L, 2>(vectors),
        2 => held::<L, 4>(vectors),
        _ => held::<L, HELD>(vectors),
    }
}

/// The transform of each `N` vectors.
#[inline(always)]
fn held<L: Lanes, const N: usize>(vectors: &mut [Array]) {
    for vectors in vectors.as_chunks_mut::<N>().0 {
        within::<L, N>(vectors);
    }
}

/// All of the transform of `N` vectors: first between them, then within.
#[inline(always)]
fn within<L: Lanes, const N: usize>(vectors: &mut [Array; N]) {
    let mut held = [L::splat(0.0); N];
    for at in 0..N {
        held[at] = L::load(&vectors[at]);
    }
    let mut stride = N / 2;
    while stride > 0 {
        for at in 0..N {
            if at & stride == 0 {
                (held[at], held[at + stride]) = butterfly(held[at], held[at + stride]);
            }
        }
        stride /= 2;
    }
    // Between neighbours in two vectors. What was at an even place moves to half of it, so that each further step is between
    // what were neighbours but one.
    let mut width = LANES;
    while width > 1 {
        for at in (0..N).step_by(2) {
            let (even, odd) = held[at].deinterleave(held[at + 1]);
            (held[at], held[at + 1]) = butterfly(even, odd);
        }
        width /= 2;
    }
    for at in 0..N {
        held[at].store(&mut vectors[at]);
    }
}

/// Sums and differences.
#[inline(always)]
fn butterfly<L: Lanes>(left: L, right: L) -> (L, L) {
    (left.add(right), left.sub(right))
}

/// The transform of blocks too short for vectors.
fn short(row: &mut [f32], block: usize) {
    let mut stride = block / 2;
    while stride > 0 {
        for pair in row.chunks_exact_mut(2 * stride) {
            for at in 0..stride {
                (pair[at], pair[at + stride]) = (pair[at] + pair[at + stride], pair[at] - pair[at + stride]);
            }
        }
        stride /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_kept_and_one_number_goes_everywhere() {
        for width in [1, 2, 3, 8, 12, 24, 32, 40, 64, 192, 384, 1536, 1024] {
            let row = |factor: usize| -> Vec<f32> {
                (0..width)
                    .map(|at| ((at * factor + 11) % 101) as f32 - 50.0)
                    .collect()
            };
            let product = |x: &[f32], y: &[f32]| -> f64 {
                x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
            };
            let (mut x, mut y) = (row(37), row(53));
            let (xx, xy) = (product(&x, &x), product(&x, &y));
            let mut into = vec![7.0; width];
            rotate_into::<Array>(&x, &mut into);
            rotate::<Array>(&mut x);
            rotate::<Array>(&mut y);
            assert_eq!(into, x, "{width}");
            // Whole numbers: exact.
            assert_eq!(product(&x, &x), xx * block(width) as f64, "{width}");
            assert_eq!(product(&x, &y), xy * block(width) as f64, "{width}");
            let mut one = vec![0.0; width];
            one[width / 2] = 1.0;
            rotate::<Array>(&mut one);
            let reached = one.iter().filter(|x| x.abs() == 1.0).count();
            assert_eq!(
                (reached, product(&one, &one)),
                (block(width), block(width) as f64),
                "{width}"
            );
        }
        assert_eq!(
            [block(24), block(384), block(1536), block(1024)],
            [8, 128, 512, 512]
        );
    }
}
