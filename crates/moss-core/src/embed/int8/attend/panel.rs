//! Products of rows of pairs with panels of them, and how numbers become pairs.

use crate::lanes::{Array, LANES, Lanes, ROUND};

/// How many pairs so many numbers come to.
#[inline(always)]
pub(super) fn pairs(numbers: usize) -> usize {
    numbers / (2 * LANES) * LANES + (numbers % (2 * LANES)).min(LANES)
}

/// Where a vector of a right side lies, of `columns` vectors in each of `rows`.
#[inline(always)]
pub(super) fn place<const C: usize>(rows: usize, columns: usize, row: usize, column: usize) -> usize {
    let panel = column / C * C;
    panel * rows + row * C.min(columns - panel) + column - panel
}

/// `C` vectors of the products of `R` rows with a panel, summed up in registers.
#[inline(always)]
pub(super) fn product<L: Lanes, const R: usize, const C: usize>(
    left: &[&[f32]; R],
    panel: &[Array],
) -> [[L; C]; R] {
    let (steps, _) = panel.as_chunks::<C>();
    for left in left {
        assert!(left.len() == steps.len());
    }
    let mut sums = [[L::splat(0.0); C]; R];
    for (at, step) in steps.iter().enumerate() {
        let mut right = [L::splat(0.0); C];
        for side in 0..C {
            right[side] = L::load(&step[side]);
        }
        for row in 0..R {
            let left = L::splat(left[row][at]);
            for side in 0..C {
                sums[row][side] = sums[row][side].add_pairs(left, right[side]);
            }
        }
    }
    for sums in &mut sums {
        for sum in sums {
            *sum = sum.whole();
        }
    }
    sums
}

/// A vector of a row, zeros behind its end.
#[inline(always)]
fn load<L: Lanes>(row: &[f32], at: usize) -> L {
    let rest = row.get(at * LANES..).unwrap_or_default();
    match rest.first_chunk() {
        Some(whole) => L::load(whole),
        None => L::load_last(rest, 0.0),
    }
}

/// A vector of a row in steps, as [`ROUND`] leaves them.
#[inline(always)]
pub(super) fn rounded<L: Lanes>(row: &[f32], at: usize, per_step: f32) -> L {
    load::<L>(row, at).mul_add(L::splat(per_step), L::splat(ROUND))
}

/// A vector of the pairs of a row.
#[inline(always)]
pub(super) fn pair_within<L: Lanes>(row: &[f32], at: usize, per_step: f32) -> L {
    rounded::<L>(row, 2 * at, per_step).pair(rounded(row, 2 * at + 1, per_step))
}

/// Puts a vector in its place in a row, as far as that goes.
#[inline(always)]
pub(super) fn store<L: Lanes>(vector: L, row: &mut [f32], at: usize) {
    let rest = &mut row[at * LANES..];
    match rest.first_chunk_mut() {
        Some(whole) => vector.store(whole),
        None => vector.store_last(rest),
    }
}
