//! Picking rows out of a number for each.

use fixedbitset::FixedBitSet;

use crate::lanes::LANES;
use crate::vector::reaching;

/// Rows that are handed over together, at least.
const TOGETHER: usize = 16;
/// Numbers that are compared before any of them is handed over.
const PIECE: usize = 16 * LANES;
/// Bits of a word of a set.
const WORD: usize = usize::BITS as usize;

/// Makes the numbers of rows that are not allowed negative infinity; the first number is that of `first_row`, a multiple of
/// [`LANES`]. Without branches, since what a filter lets pass cannot be foretold, and some rows at a time, which is one instruction for a
/// few of them.
pub(super) fn keep_allowed(allowed: &FixedBitSet, first_row: usize, most: &mut [f32]) {
    let words = allowed.as_slice();
    for (row, most) in (first_row..).step_by(LANES).zip(most.chunks_mut(LANES)) {
        let bits = words[row / WORD] >> (row % WORD);
        for (at, most) in most.iter_mut().enumerate() {
            let keep = (bits as u32 >> at & 1).wrapping_neg();
            *most = f32::from_bits(most.to_bits() & keep | f32::NEG_INFINITY.to_bits() & !keep);
        }
    }
}

/// Where the `count` greatest numbers are, in no order.
pub(super) fn greatest(numbers: &[f32], count: usize) -> Vec<u32> {
    let (mut best, mut cut) = (Vec::new(), f32::MIN);
    let thin_out = |best: &mut Vec<(f32, u32)>| {
        if best.len() > count {
            best.select_nth_unstable_by(count - 1, |a, b| b.0.total_cmp(&a.0));
            best.truncate(count);
        }
    };
    above(numbers, cut, |rows| {
        best.extend(rows.iter().map(|&row| (numbers[row as usize], row)));
        if best.len() >= count.saturating_mul(2) {
            thin_out(&mut best);
            cut = best[count - 1].0;
        }
        cut
    });
    thin_out(&mut best);
    best.into_iter().map(|(_, row)| row).collect()
}

/// Hands over where the numbers are that are not below the cut, some at a time; what is returned is the cut from then on.
pub(super) fn above(numbers: &[f32], mut cut: f32, mut take: impl FnMut(&[u32]) -> f32) {
    let (mut found, mut count) = ([0; TOGETHER + LANES], 0);
    for (piece, numbers) in numbers.chunks(PIECE).enumerate() {
        let mut sides = [0; PIECE / LANES];
        reaching(numbers, cut, &mut sides);
        for (side, mut bits) in sides.into_iter().enumerate().filter(|(_, bits)| *bits != 0) {
            while bits != 0 {
                let at = side * LANES + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                found[count] = (piece * PIECE + at) as u32;
                // The cut may have risen since. Without a branch, which nothing could foretell.
                count += usize::from(numbers[at] >= cut);
            }
            if count >= TOGETHER {
                cut = take(&found[..count]);
                count = 0;
            }
        }
    }
    take(&found[..count]);
}
