//! Attention, in f32: few operations in short texts, and none of them with weights.

use super::buffer::Buffer;
use crate::embed::math::powers;
use crate::lanes::{Array, LANES, Lanes, transpose};

/// What products of one head of one text read, laid out for them, and what lies between them.
///
/// The right side of a product is in panels: of each row as many numbers as are multiplied at once, row after row, then the next
/// columns. Its columns are padded with zeros to whole vectors.
#[derive(Default)]
pub(super) struct Scratch {
    /// `[width, tokens]`
    keys: Buffer,
    /// `[tokens, width]`
    values: Buffer,
    /// `[rows, tokens]`, of as many rows as are multiplied at once: so they stay in the nearest cache.
    scores: Buffer,
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
}

/// `softmax(q k^T / sqrt(width)) v` for each head of each text, side by side: `[tokens, hidden]` from `[tokens, 3 * hidden]`.
#[inline(always)]
pub(super) fn attend<L: Lanes>(
    qkv: &[f32],
    texts: &[Vec<u32>],
    heads: usize,
    y: &mut Buffer,
    scratch: &mut Scratch,
) {
    let hidden = qkv.len() / texts.iter().map(Vec::len).sum::<usize>() / 3;
    let width = hidden / heads;
    y.set_len(qkv.len() / 3);
    let (mut qkv, mut y) = (qkv, &mut y[..]);
    for text in texts {
        let (text, further) = qkv.split_at(text.len() * 3 * hidden);
        let (context, rest) = y.split_at_mut(text.len() / (3 * hidden) * hidden);
        for first in (0..hidden).step_by(width) {
            let head = Head {
                qkv: text,
                hidden,
                first,
                width,
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

    /// Lays out keys and values in panels of `C` vectors.
    #[inline(always)]
    fn lay<L: Lanes, const C: usize>(&mut self, head: Head<'_>) {
        let (tokens, width) = (head.tokens(), head.width);
        let (columns, depth) = (tokens.div_ceil(LANES), width.div_ceil(LANES));
        self.keys.set_len(width * columns * LANES);
        self.values.set_len(tokens * depth * LANES);
        let keys = self.keys.as_chunks_mut().0;
        for column in 0..columns {
            for side in 0..depth {
                let mut square = [L::splat(0.0); LANES];
                for (token, key) in (column * LANES..tokens).zip(&mut square) {
                    *key = load(head.part(1, token), side);
                }
                transpose(&mut square);
                for (row, keys_of_row) in (side * LANES..width).zip(square) {
                    keys_of_row.store(&mut keys[place::<C>(width, columns, row, column)]);
                }
            }
        }
        let values = self.values.as_chunks_mut().0;
        for token in 0..tokens {
            for side in 0..depth {
                let value: L = load(head.part(2, token), side);
                value.store(&mut values[place::<C>(tokens, depth, token, side)]);
            }
        }
    }

    /// All of it for `R` rows from `start` on.
    #[inline(always)]
    fn rows<L: Lanes, const R: usize, const C: usize>(
        &mut self,
        head: Head<'_>,
        start: usize,
        y: &mut [f32],
    ) -> usize {
        let (tokens, width) = (head.tokens(), head.width);
        let columns = tokens.div_ceil(LANES);
        self.scores.set_len(R * columns * LANES);
        let mut queries = [&head.qkv[..0]; R];
        for (row, query) in queries.iter_mut().enumerate() {
            *query = head.part(0, start + row);
        }
        let scores = self.scores.as_chunks_mut().0;
        for (at, panel) in self.keys.as_chunks().0.chunks(width * C).enumerate() {
            if panel.len() == width * C {
                let sums = product::<L, R, C>(&queries, panel);
                for (row, sums) in sums.into_iter().enumerate() {
                    for (side, sum) in sums.into_iter().enumerate() {
                        sum.store(&mut scores[row * columns + at * C + side]);
                    }
                }
            } else {
                let sums = product::<L, R, 1>(&queries, panel);
                for (row, [sum]) in sums.into_iter().enumerate() {
                    sum.store(&mut scores[row * columns + at * C]);
                }
            }
        }
        let scale = 1.0 / (width as f32).sqrt();
        let mut shares = [0.0; R];
        for (scores, share) in self.scores.chunks_exact_mut(columns * LANES).zip(&mut shares) {
            // Whole vectors: what lies behind the row comes to nothing.
            scores[tokens..].fill(f32::NEG_INFINITY);
            *share = powers::<L>(scores, scale);
        }
        let mut powers = [&self.scores[..0]; R];
        for (row, powers) in powers.iter_mut().enumerate() {
            *powers = &self.scores[row * columns * LANES..][..tokens];
        }
        for (at, panel) in self.values.as_chunks().0.chunks(tokens * C).enumerate() {
            let y = &mut y[start * head.hidden + head.first..];
            if panel.len() == tokens * C {
                let sums = product::<L, R, C>(&powers, panel);
                for (row, sums) in sums.into_iter().enumerate() {
                    for (side, sum) in sums.into_iter().enumerate() {
                        let context = sum.mul(L::splat(shares[row]));
                        store(context, &mut y[row * head.hidden..][..width], at * C + side);
                    }
                }
            } else {
                let sums = product::<L, R, 1>(&powers, panel);
                for (row, [sum]) in sums.into_iter().enumerate() {
                    let context = sum.mul(L::splat(shares[row]));
                    store(context, &mut y[row * head.hidden..][..width], at * C);
                }
            }
        }
        R
    }
}

/// Where a vector of a right side lies, of `columns` vectors in each of `rows`.
#[inline(always)]
fn place<const C: usize>(rows: usize, columns: usize, row: usize, column: usize) -> usize {
    let panel = column / C * C;
    panel * rows + row * C.min(columns - panel) + column - panel
}

/// `C` vectors of the products of `R` rows with a panel, summed up in registers.
#[inline(always)]
fn product<L: Lanes, const R: usize, const C: usize>(left: &[&[f32]; R], panel: &[Array]) -> [[L; C]; R] {
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
                sums[row][side] = left.mul_add(right[side], sums[row][side]);
            }
        }
    }
    sums
}

/// A vector of a row, zeros behind its end.
#[inline(always)]
fn load<L: Lanes>(row: &[f32], at: usize) -> L {
    let rest = &row[at * LANES..];
    match rest.first_chunk() {
        Some(whole) => L::load(whole),
        None => L::load_last(rest, 0.0),
    }
}

/// Puts a vector in its place in a row, as far as that goes.
#[inline(always)]
fn store<L: Lanes>(vector: L, row: &mut [f32], at: usize) {
    let rest = &mut row[at * LANES..];
    match rest.first_chunk_mut() {
        Some(whole) => vector.store(whole),
        None => vector.store_last(rest),
    }
}
