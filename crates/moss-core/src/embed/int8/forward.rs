//! One pass through the encoder, in a kernel's code.
//!
//! Texts lie one after another without padding: all but attention works on rows of tokens and does not know where a
//! text ends. Every number of a row comes from that row and its text alone, by the same steps in the same order, so a
//! text has the same bits in every batch.

use super::attend::attend;
use super::buffer::Buffer;
use super::kernel::{Fetch, Kernel, MOST_ROWS, Sums, TILE, TOP, Task};
use super::weights::padded_inputs;
use super::{Embeddings, Int8, Linear};
use crate::embed::layer::{Layer, Norm};
use crate::embed::math::{add_and_normalize, normalize, rough_gelu};
use crate::lanes::{LANES, Lanes, ROUND};
use crate::rotate::rotate_into;

/// The numbers between the steps, kept from call to call so that a call allocates nothing once its thread has seen as
/// many tokens.
#[derive(Default)]
pub(super) struct Scratch {
    /// The hidden state, `[tokens, hidden]`; what a pass leaves behind.
    pub(super) x: Buffer<f32>,
    y: Buffer<f32>,
    /// `[tokens, 3 * hidden]` or `[tokens, intermediate]`
    wide: Buffer<f32>,
    codes: Codes,
    pub(super) attention: super::attend::Scratch,
}

/// Rows of activations in 7 bits: `lowest + step * code`.
#[derive(Default)]
struct Codes {
    /// `[tokens, inputs]`, `inputs` padded with zeros to a multiple of the kernels', `tokens` with anything to whole blocks.
    codes: Buffer<u8>,
    /// `(lowest, step)` for each row
    scales: Vec<(f32, f32)>,
    row: Buffer<f32>,
}

/// Texts to run, as token ids that the model has.
pub(super) struct Pass<'a> {
    pub(super) model: &'a Int8,
    pub(super) texts: &'a [Vec<u32>],
    pub(super) scratch: &'a mut Scratch,
}

impl Task for Pass<'_> {
    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) {
        let Scratch {
            x,
            y,
            wide,
            codes,
            attention,
        } = self.scratch;
        embed::<K::Lanes>(self.model, self.texts, x);
        for layer in &self.model.layers {
            let Layer {
                qkv,
                attention: output,
                attention_norm,
                up,
                down,
                norm,
            } = layer;
            codes.take::<K::Lanes>(x, qkv, true);
            kernel.run(Product::<false> {
                x: codes,
                layer: qkv,
                y: wide,
            });
            attend::<K::Lanes>(wide, self.texts, self.model.heads, y, attention);
            codes.take::<K::Lanes>(y, output, false);
            kernel.run(Product::<false> {
                x: codes,
                layer: output,
                y,
            });
            add_norm::<K::Lanes>(x, y, attention_norm);
            codes.take::<K::Lanes>(x, up, true);
            kernel.run(Product::<true> {
                x: codes,
                layer: up,
                y: wide,
            });
            codes.take::<K::Lanes>(wide, down, true);
            kernel.run(Product::<false> {
                x: codes,
                layer: down,
                y,
            });
            add_norm::<K::Lanes>(x, y, norm);
        }
    }
}

/// `layer_norm(word + position + segment)`
#[inline(always)]
fn embed<L: Lanes>(model: &Int8, texts: &[Vec<u32>], x: &mut Buffer<f32>) {
    let Embeddings {
        words,
        scales,
        positions,
        segment,
        norm,
    } = &model.embeddings;
    let (words, scales, positions, segment) = (&**words, &**scales, &**positions, &**segment);
    let (weight, bias) = (&*norm.weight, &*norm.bias);
    let hidden = segment.len();
    x.set_len(hidden * texts.iter().map(Vec::len).sum::<usize>());
    let mut rows = x.chunks_exact_mut(hidden);
    for text in texts {
        for ((&id, position), row) in text.iter().zip(positions.chunks_exact(hidden)).zip(&mut rows) {
            let id = id as usize;
            let (word, scale) = (&words[id * hidden..][..hidden], scales[id]);
            for (at, x) in row.iter_mut().enumerate() {
                *x = f32::from(word[at]) * scale + segment[at] + position[at];
            }
            normalize::<L>(row, weight, bias, norm.eps);
        }
    }
}

/// `x = layer_norm(x + y)`
#[inline(always)]
fn add_norm<L: Lanes>(x: &mut [f32], y: &[f32], norm: &Norm) {
    let (weight, bias) = (&*norm.weight, &*norm.bias);
    for (x, y) in x.chunks_exact_mut(weight.len()).zip(y.chunks_exact(weight.len())) {
        add_and_normalize::<L>(x, y, weight, bias, norm.eps);
    }
}

impl Codes {
    /// Quantizes the rows of `x`, which are what `layer` takes, rotated if its weights are.
    #[inline(always)]
    fn take<L: Lanes>(&mut self, x: &[f32], layer: &Linear, rotated: bool) {
        let inputs = layer.inputs;
        let padded = padded_inputs(inputs);
        // Kernels take whole blocks, whatever lies behind the last row.
        self.codes
            .set_len((x.len() / inputs).next_multiple_of(MOST_ROWS) * padded);
        self.scales.clear();
        self.row.set_len(inputs);
        for (x, codes) in x.chunks_exact(inputs).zip(self.codes.chunks_exact_mut(padded)) {
            let mut x = x;
            if rotated {
                rotate_into::<L>(x, &mut self.row);
                x = &self.row;
            }
            let (codes, padding) = codes.split_at_mut(inputs);
            padding.fill(0);
            self.scales.push(quantize::<L>(x, codes));
        }
    }
}

/// Codes of a row, and the lowest number of it and the step between codes.
#[inline(always)]
fn quantize<L: Lanes>(x: &[f32], codes: &mut [u8]) -> (f32, f32) {
    let (blocks, last) = x.as_chunks();
    let (mut low, mut high) = (
        L::load_last(last, f32::INFINITY),
        L::load_last(last, f32::NEG_INFINITY),
    );
    for block in blocks {
        let block = L::load(block);
        (low, high) = (block.least(low), block.greatest(high));
    }
    // The negative of the lowest is the highest.
    let (low, high) = (-L::splat(0.0).sub(low).top(), high.top());
    let range = high - low;
    let per_step = L::splat(if range > 0.0 { f32::from(TOP) / range } else { 0.0 });
    let (lowest, round) = (L::splat(low), L::splat(ROUND));
    let (whole, rest) = codes.as_chunks_mut();
    for (codes, block) in whole.iter_mut().zip(blocks) {
        *codes = L::load(block).sub(lowest).mul_add(per_step, round).lowest_bytes();
    }
    let steps = L::load_last(last, low).sub(lowest).mul_add(per_step, round);
    for (byte, code) in rest.iter_mut().zip(steps.lowest_bytes()) {
        *byte = code;
    }
    (low, range / f32::from(TOP))
}

/// `y = x W + b`, and GELU of it if `GELU`, row-major `[tokens, outputs]`.
struct Product<'a, const GELU: bool> {
    x: &'a Codes,
    layer: &'a Linear,
    y: &'a mut Buffer<f32>,
}

impl<const GELU: bool> Task for Product<'_, GELU> {
    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) {
        let Product { x, layer, y } = self;
        let inputs = padded_inputs(layer.inputs);
        let tokens = x.scales.len();
        y.set_len(tokens * layer.outputs);
        let codes = &*layer.codes;
        let (scales, _) = layer.scales.as_chunks::<TILE>();
        let (offsets, _) = layer.offsets.as_chunks::<TILE>();
        let (biases, _) = layer.biases.as_chunks::<TILE>();
        // As even as they can be: a block of one row costs nearly what one of four does.
        let blocks = tokens.div_ceil(K::ROWS);
        let mut sums = Sums([[0; TILE]; MOST_ROWS]);
        for (at, tile) in codes.chunks_exact(inputs * TILE).enumerate() {
            let outputs = Outputs {
                scales: &scales[at],
                offsets: &offsets[at],
                biases: &biases[at],
                first: at * TILE,
                of: layer.outputs,
            };
            let mut start = 0;
            for block in 0..blocks {
                let end = (block + 1) * tokens / blocks;
                let codes = &x.codes[start * inputs..];
                kernel.sums(end - start, codes, tile, Fetch::of_block(block), &mut sums);
                let y = &mut y[start * layer.outputs..end * layer.outputs];
                outputs.take::<K::Lanes, GELU>(&sums.0[..end - start], &x.scales[start..end], y);
                start = end;
            }
        }
    }
}

/// The outputs of one tile of weights.
struct Outputs<'a> {
    scales: &'a [f32; TILE],
    offsets: &'a [f32; TILE],
    biases: &'a [f32; TILE],
    /// Number of the first, out of `of`.
    first: usize,
    of: usize,
}

impl Outputs<'_> {
    /// `y` of a block of rows, from the sums of their codes and `x`, the lowest number and the step of each.
    #[inline(always)]
    fn take<L: Lanes, const GELU: bool>(&self, sums: &[[i32; TILE]], x: &[(f32, f32)], y: &mut [f32]) {
        let ((scales, _), (offsets, _), (biases, _)) = (
            self.scales.as_chunks(),
            self.offsets.as_chunks(),
            self.biases.as_chunks(),
        );
        for ((sums, &(low, step)), y) in sums.iter().zip(x).zip(y.chunks_exact_mut(self.of)) {
            for (side, sums) in sums.as_chunks().0.iter().enumerate() {
                let scale = L::splat(step).mul(L::load(&scales[side]));
                let bias = L::splat(low).mul_add(L::load(&offsets[side]), L::load(&biases[side]));
                let mut values = L::from_ints(sums).mul_add(scale, bias);
                if GELU {
                    values = rough_gelu(values);
                }
                // The last tile may be of more outputs than there are.
                let first = (self.first + side * LANES).min(self.of);
                let y = &mut y[first..];
                match y.first_chunk_mut() {
                    Some(y) => values.store(y),
                    None => values.store_last(y),
                }
            }
        }
    }
}
