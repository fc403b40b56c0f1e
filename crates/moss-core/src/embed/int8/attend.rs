//! Attention, in f32: few operations in short texts, and none of them with weights.

use super::buffer::Buffer;
use crate::embed::math::{multiply, powers};
use crate::lanes::{LANES, Lanes};

/// One head of one text, laid out for products; rows are padded with zeros to a multiple of [`LANES`].
#[derive(Default)]
pub(super) struct Scratch {
    /// `[width, tokens]`
    keys: Buffer,
    /// `[tokens, width]`
    values: Buffer,
    /// `[tokens, tokens]`
    scores: Buffer,
    /// What the powers in a row of `scores` are to be multiplied by.
    shares: Vec<f32>,
    /// `[tokens, width]`
    context: Buffer,
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
        for head in 0..heads {
            scratch.head::<L>(text, hidden, head * width, width, context);
        }
        (qkv, y) = (further, rest);
    }
}

impl Scratch {
    #[inline(always)]
    fn head<L: Lanes>(&mut self, qkv: &[f32], hidden: usize, first: usize, width: usize, y: &mut [f32]) {
        let tokens = y.len() / hidden;
        let (columns, depth) = (tokens.next_multiple_of(LANES), width.next_multiple_of(LANES));
        self.keys.set_len(width * columns);
        self.values.set_len(tokens * depth);
        self.scores.set_len(tokens * columns);
        self.context.set_len(tokens * depth);
        for (token, qkv) in qkv.chunks_exact(3 * hidden).enumerate() {
            let key = &qkv[hidden + first..][..width];
            for (keys, &key) in self.keys.chunks_exact_mut(columns).zip(key) {
                keys[token] = key;
            }
            let (value, padding) = self.values[token * depth..(token + 1) * depth].split_at_mut(width);
            value.copy_from_slice(&qkv[2 * hidden + first..][..width]);
            padding.fill(0.0);
        }
        for keys in self.keys.chunks_exact_mut(columns) {
            keys[tokens..].fill(0.0);
        }
        let scores = Product {
            left: &qkv[first..],
            stride: 3 * hidden,
            inner: width,
            right: &self.keys,
            columns,
        };
        scores.write::<L>(&mut self.scores);
        let scale = 1.0 / (width as f32).sqrt();
        self.shares.clear();
        for scores in self.scores.chunks_exact_mut(columns) {
            // Whole vectors: what lies behind the row comes to nothing.
            scores[tokens..].fill(f32::NEG_INFINITY);
            self.shares.push(powers::<L>(scores, scale));
        }
        let context = Product {
            left: &self.scores,
            stride: columns,
            inner: tokens,
            right: &self.values,
            columns: depth,
        };
        context.write::<L>(&mut self.context);
        let rows = y
            .chunks_exact_mut(hidden)
            .zip(self.context.chunks_exact_mut(depth));
        for ((y, context), &share) in rows.zip(&self.shares) {
            // Here, where a row is shorter than one of scores.
            multiply::<L>(context, share);
            y[first..first + width].copy_from_slice(&context[..width]);
        }
    }
}

/// `left right`, `left` of `inner` columns in rows `stride` apart, `right` `[inner, columns]` with whole vectors in a row.
struct Product<'a> {
    left: &'a [f32],
    stride: usize,
    inner: usize,
    right: &'a [f32],
    columns: usize,
}

impl Product<'_> {
    /// All rows of it, `[rows, columns]`.
    #[inline(always)]
    fn write<L: Lanes>(&self, y: &mut [f32]) {
        let rows = y.len() / self.columns;
        let mut row = 0;
        while row < rows {
            row += match rows - row {
                1 => self.rows::<L, 1>(row, y),
                2 | 3 => self.rows::<L, 2>(row, y),
                8.. if L::HELD >= 16 => self.rows::<L, 8>(row, y),
                _ => self.rows::<L, 4>(row, y),
            };
        }
    }

    /// `R` rows from `start` on.
    #[inline(always)]
    fn rows<L: Lanes, const R: usize>(&self, start: usize, y: &mut [f32]) -> usize {
        let width = self.columns / LANES;
        let mut column = 0;
        if L::HELD >= 16 {
            while column + 2 <= width {
                self.block::<L, R, 2>(start, column, y);
                column += 2;
            }
        }
        while column < width {
            self.block::<L, R, 1>(start, column, y);
            column += 1;
        }
        R
    }

    /// `C` vectors of `R` rows, summed up in registers.
    #[inline(always)]
    fn block<L: Lanes, const R: usize, const C: usize>(&self, start: usize, column: usize, y: &mut [f32]) {
        let mut left = [&self.left[..0]; R];
        for (row, left) in left.iter_mut().enumerate() {
            *left = &self.left[(start + row) * self.stride..][..self.inner];
        }
        let width = self.columns / LANES;
        let (right, _) = self.right.as_chunks();
        let (y, _) = y[start * self.columns..].as_chunks_mut();
        let mut sums = [[L::splat(0.0); C]; R];
        for at in 0..self.inner {
            let mut vectors = [L::splat(0.0); C];
            for (side, vector) in vectors.iter_mut().enumerate() {
                *vector = L::load(&right[at * width + column + side]);
            }
            for row in 0..R {
                let left = L::splat(left[row][at]);
                for side in 0..C {
                    sums[row][side] = left.mul_add(vectors[side], sums[row][side]);
                }
            }
        }
        for row in 0..R {
            for side in 0..C {
                sums[row][side].store(&mut y[row * width + column + side]);
            }
        }
    }
}
