//! Attention: products of integers of 16 bits, between them softmax in f32.
//!
//! Queries, keys and values are rounded to steps of their text's own, and powers to shares of the greatest, as fine as sums of 32 bits
//! allow: that is next to nothing beside the 7 bits of what goes in and out, and half as many multiplications as in f32.

mod panel;
#[cfg(test)]
mod tests;

use self::panel::{pair_within, pairs, place, product, rounded, store};
use super::buffer::Buffer;
use crate::embed::math::exp2;
use crate::lanes::{Array, LANES, Lanes, ROUND, transpose};

/// What the largest value is rounded to. The rest of the bits of a sum is for powers, which differ more.
const TOP_VALUE: usize = 1023;

/// The integers 1 and 1, as [`Lanes::pair`] makes them.
const ONES: f32 = f32::from_bits(0x0001_0001);

/// What products of one head of one text read, laid out for them, and what lies between them.
///
/// What is multiplied and added up lies in pairs: numbers of a token with those `LANES` further on, so that whole vectors are paired, and
/// tokens with the next. The right side of a product is in panels: of each row of pairs as many as are multiplied at once, row after
/// row, then the next columns. Its columns are padded with zeros to whole vectors.
#[derive(Default)]
pub(super) struct Scratch {
    /// `[tokens, width / 2]`
    queries: Buffer<f32>,
    /// `[width / 2, tokens]`
    keys: Buffer<f32>,
    /// `[tokens / 2, width]`
    values: Buffer<f32>,
    /// `[rows, tokens]`, of as many rows as are multiplied at once: so they stay in the nearest cache.
    scores: Buffer<f32>,
    /// `[rows, tokens / 2]`
    powers: Buffer<f32>,
}

/// One head of one text.
#[derive(Clone, Copy)]
struct Head<'a> {
    /// `[tokens, 3 * hidden]`
    qkv: &'a [f32],
    hidden: usize,
    /// Where its numbers begin, of `width`.
    first: usize,
    width: usize,
    rounding: &'a Rounding,
}

/// How a text's numbers become integers, and sums of their products numbers again: found once for all its heads.
struct Rounding {
    /// How many steps between the integers of queries, keys and values 1 is.
    per: [f32; 3],
    /// A score, as a power of 2, for each 1 in a sum of products of a query and a key.
    score: f32,
    /// The step between the integers of values.
    value: f32,
    /// The integer of the greatest power.
    most: f32,
    /// What makes nothing of the lanes behind the last token.
    behind: Array,
}

impl Rounding {
    #[inline(always)]
    fn new<L: Lanes>(qkv: &[f32], hidden: usize, width: usize) -> Rounding {
        let mut squares = [L::splat(0.0); 3];
        for rows in qkv.chunks_exact(3 * hidden) {
            for (squares, row) in squares.iter_mut().zip(rows.chunks_exact(hidden)) {
                let (blocks, last) = row.as_chunks();
                for block in blocks {
                    let x = L::load(block);
                    *squares = x.mul(x).greatest(*squares);
                }
                if !last.is_empty() {
                    let x = L::load_last(last, 0.0);
                    *squares = x.mul(x).greatest(*squares);
                }
            }
        }
        // Scores are sums of `width` products, and what a head gives of as many as there are tokens.
        let top = (i32::MAX as usize / width).isqrt().min(i16::MAX as usize);
        let tokens = qkv.len() / (3 * hidden);
        let most = (i32::MAX as usize / TOP_VALUE / tokens).min(i16::MAX as usize);
        let (mut steps, mut per) = ([0.0; 3], [0.0; 3]);
        for (at, top) in [top, top, TOP_VALUE].into_iter().enumerate() {
            steps[at] = squares[at].top().sqrt() / top as f32;
            per[at] = if steps[at] > 0.0 { 1.0 / steps[at] } else { 0.0 };
        }
        let [query, key, value] = steps;
        let mut behind = [0.0; LANES];
        behind[(tokens - 1) % LANES + 1..].fill(f32::NEG_INFINITY);
        Rounding {
            per,
            score: query * key / (width as f32).sqrt() * std::f32::consts::LOG2_E,
            value,
            most: most as f32,
            behind,
        }
    }

    /// Powers of scores beside the one of `top`, in pairs of tokens; returns their sum.
    #[inline(always)]
    fn powers<L: Lanes>(&self, scores: &[Array], top: f32, powers: &mut [f32]) -> f32 {
        let (scale, less) = (L::splat(self.score), L::splat(-self.score * top));
        let (most, round) = (L::splat(self.most), L::splat(ROUND));
        let mut sums = L::splat(0.0);
        for (scores, powers) in scores.chunks(2).zip(powers.as_chunks_mut().0) {
            let mut both = [round; 2];
            for (power, scores) in both.iter_mut().zip(scores) {
                *power = exp2(L::load(scores).mul_add(scale, less)).mul_add(most, round);
            }
            let (even, odd) = both[0].deinterleave(both[1]);
            let pair = even.pair(odd);
            sums = sums.add_pairs(pair, L::splat(ONES));
            pair.store(powers);
        }
        sums.whole().total()
    }
}

/// `softmax(q k^T / sqrt(width)) v` for each head of each text, side by side: `[tokens, hidden]` from `[tokens, 3 * hidden]`.
#[inline(always)]
pub(super) fn attend<L: Lanes>(
    qkv: &[f32],
    texts: &[Vec<u32>],
    heads: usize,
    y: &mut Buffer<f32>,
    scratch: &mut Scratch,
) {
    let hidden = qkv.len() / texts.iter().map(Vec::len).sum::<usize>() / 3;
    let width = hidden / heads;
    y.set_len(qkv.len() / 3);
    let (mut qkv, mut y) = (qkv, &mut y[..]);
    for text in texts {
        let (text, further) = qkv.split_at(text.len() * 3 * hidden);
        let (context, rest) = y.split_at_mut(text.len() / (3 * hidden) * hidden);
        let rounding = Rounding::new::<L>(text, hidden, width);
        for first in (0..hidden).step_by(width) {
            let head = Head {
                qkv: text,
                hidden,
                first,
                width,
                rounding: &rounding,
            };
            scratch.head::<L>(head, context);
        }
        (qkv, y) = (further, rest);
    }
}

impl Head<'_> {
    fn tokens(&self) -> usize {
        self.qkv.len() / (3 * self.hidden)
    }

    /// The query, the key or the value of a token.
    #[inline(always)]
    fn part(&self, which: usize, token: usize) -> &[f32] {
        &self.qkv[(3 * token + which) * self.hidden + self.first..][..self.width]
    }
}

impl Scratch {
    #[inline(always)]
    fn head<L: Lanes>(&mut self, head: Head<'_>, y: &mut [f32]) {
        if L::HELD >= 16 {
            self.lay::<L, 2>(head);
        } else {
            self.lay::<L, 1>(head);
        }
        let tokens = head.tokens();
        let mut row = 0;
        while row < tokens {
            row += match (tokens - row, L::HELD) {
                (8.., 16..) => self.rows::<L, 8, 2>(head, row, y),
                (4.., 16..) => self.rows::<L, 4, 2>(head, row, y),
                (2.., 16..) => self.rows::<L, 2, 2>(head, row, y),
                (_, 16..) => self.rows::<L, 1, 2>(head, row, y),
                (6.., 6..) => self.rows::<L, 6, 1>(head, row, y),
                (4.., _) => self.rows::<L, 4, 1>(head, row, y),
                (2.., _) => self.rows::<L, 2, 1>(head, row, y),
                _ => self.rows::<L, 1, 1>(head, row, y),
            };
        }
    }

    /// Rounds queries, keys and values, and lays out the latter two in panels of `C` vectors.
    #[inline(always)]
    fn lay<L: Lanes, const C: usize>(&mut self, head: Head<'_>) {
        let (tokens, width) = (head.tokens(), head.width);
        let (columns, sides) = (tokens.div_ceil(LANES), width.div_ceil(LANES));
        let [per_query, per_key, per_value] = head.rounding.per;
        let vectors = sides.div_ceil(2);
        self.queries.set_len(tokens * vectors * LANES);
        let mut queries = self.queries.as_chunks_mut().0.iter_mut();
        for token in 0..tokens {
            for (at, query) in queries.by_ref().take(vectors).enumerate() {
                pair_within::<L>(head.part(0, token), at, per_query).store(query);
            }
        }

        let rows = pairs(width);
        self.keys.set_len(rows * columns * LANES);
        let keys = self.keys.as_chunks_mut().0;
        for column in 0..columns {
            for at in 0..vectors {
                let mut square = [L::splat(0.0); LANES];
                for (token, key) in (column * LANES..tokens).zip(&mut square) {
                    *key = pair_within(head.part(1, token), at, per_key);
                }
                transpose(&mut square);
                for (row, keys_of_row) in (at * LANES..rows).zip(square) {
                    keys_of_row.store(&mut keys[place::<C>(rows, columns, row, column)]);
                }
            }
        }

        let rows = tokens.div_ceil(2);
        self.values.set_len(rows * sides * LANES);
        let values = self.values.as_chunks_mut().0;
        for row in 0..rows {
            for side in 0..sides {
                let value: L = rounded(head.part(2, 2 * row), side, per_value);
                let mut further = L::splat(0.0);
                if 2 * row + 1 < tokens {
                    further = rounded(head.part(2, 2 * row + 1), side, per_value);
                }
                let pair = value.pair(further);
                pair.store(&mut values[place::<C>(rows, sides, row, side)]);
            }
        }
    }

    /// All of it for `R` rows from `start` on; returns how many these are.
    #[inline(always)]
    fn rows<L: Lanes, const R: usize, const C: usize>(
        &mut self,
        head: Head<'_>,
        start: usize,
        y: &mut [f32],
    ) -> usize {
        let tops = self.score::<L, R, C>(head, start);
        let shares = self.raise::<L, R>(head, tops);
        self.sum_values::<L, R, C>(head, shares, &mut y[start * head.hidden + head.first..]);
        R
    }

    /// Scores of `R` rows; returns the greatest of each, lane by lane.
    #[inline(always)]
    fn score<L: Lanes, const R: usize, const C: usize>(&mut self, head: Head<'_>, start: usize) -> [L; R] {
        let (tokens, depth) = (head.tokens(), pairs(head.width));
        let columns = tokens.div_ceil(LANES);
        let apart = self.queries.len() / tokens;
        let mut queries = [&self.queries[..0]; R];
        for (row, query) in queries.iter_mut().enumerate() {
            *query = &self.queries[(start + row) * apart..][..depth];
        }
        let behind = L::load(&head.rounding.behind);
        self.scores.set_len(R * columns * LANES);
        let scores = self.scores.as_chunks_mut().0;
        let mut tops = [L::splat(f32::NEG_INFINITY); R];
        for (at, panel) in self.keys.as_chunks().0.chunks(depth * C).enumerate() {
            if panel.len() == depth * C {
                let sums = product::<L, R, C>(&queries, panel);
                for (row, sums) in sums.into_iter().enumerate() {
                    for (side, mut sum) in sums.into_iter().enumerate() {
                        let column = at * C + side;
                        if column + 1 == columns {
                            sum = sum.add(behind);
                        }
                        tops[row] = sum.greatest(tops[row]);
                        sum.store(&mut scores[row * columns + column]);
                    }
                }
            } else {
                let sums = product::<L, R, 1>(&queries, panel);
                for (row, [sum]) in sums.into_iter().enumerate() {
                    let sum = sum.add(behind);
                    tops[row] = sum.greatest(tops[row]);
                    sum.store(&mut scores[row * columns + at * C]);
                }
            }
        }
        tops
    }

    /// Scores become powers; returns what sums of their products with values are to be multiplied by.
    #[inline(always)]
    fn raise<L: Lanes, const R: usize>(&mut self, head: Head<'_>, tops: [L; R]) -> [f32; R] {
        let columns = head.tokens().div_ceil(LANES);
        let apart = columns.div_ceil(2) * LANES;
        self.powers.set_len(R * apart);
        let scores = self.scores.as_chunks().0;
        let mut shares = [0.0; R];
        for (row, share) in shares.iter_mut().enumerate() {
            let scores = &scores[row * columns..][..columns];
            let powers = &mut self.powers[row * apart..][..apart];
            *share = head.rounding.value / head.rounding.powers::<L>(scores, tops[row].top(), powers);
        }
        shares
    }

    /// The values of all tokens, each by its power: to `y`, in which rows are `hidden` apart.
    #[inline(always)]
    fn sum_values<L: Lanes, const R: usize, const C: usize>(
        &self,
        head: Head<'_>,
        shares: [f32; R],
        y: &mut [f32],
    ) {
        let depth = head.tokens().div_ceil(2);
        let apart = self.powers.len() / R;
        let mut powers = [&self.powers[..0]; R];
        for (row, powers) in powers.iter_mut().enumerate() {
            *powers = &self.powers[row * apart..][..depth];
        }
        for (at, panel) in self.values.as_chunks().0.chunks(depth * C).enumerate() {
            if panel.len() == depth * C {
                let sums = product::<L, R, C>(&powers, panel);
                for (row, sums) in sums.into_iter().enumerate() {
                    for (side, sum) in sums.into_iter().enumerate() {
                        let context = sum.mul(L::splat(shares[row]));
                        store(context, &mut y[row * head.hidden..][..head.width], at * C + side);
                    }
                }
            } else {
                let sums = product::<L, R, 1>(&powers, panel);
                for (row, [sum]) in sums.into_iter().enumerate() {
                    let context = sum.mul(L::splat(shares[row]));
                    store(context, &mut y[row * head.hidden..][..head.width], at * C);
                }
            }
        }
    }
}
