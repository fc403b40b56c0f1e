//! Quantizing the weights of a linear layer, when a model is packed.

use super::kernel::{GROUP, GROUP_LIMIT, TILE};
use crate::lanes::Array;
use crate::rotate::{block, rotate};

/// A linear layer as the kernels read it.
pub(in crate::embed) struct Quantized {
    /// `[outputs / TILE, inputs / 4, TILE, 4]`, both numbers padded with zeros
    pub(in crate::embed) codes: Vec<i8>,
    /// The step between codes of each output, padded.
    pub(in crate::embed) scales: Vec<f32>,
    /// The sum of each output's weights, padded: what an activation's lowest number is multiplied by.
    pub(in crate::embed) offsets: Vec<f32>,
    /// Padded.
    pub(in crate::embed) biases: Vec<f32>,
}

/// The length that stands for `outputs` in a packed layer.
pub(in crate::embed) fn padded_outputs(outputs: usize) -> usize {
    outputs.next_multiple_of(TILE)
}

/// The length that stands for `inputs` in a packed layer.
pub(in crate::embed) fn padded_inputs(inputs: usize) -> usize {
    inputs.next_multiple_of(GROUP)
}

/// Quantizes the rows `[outputs, inputs]` of a layer, for rotated activations if `rotated`.
pub(in crate::embed) fn quantize(mut weights: Vec<f32>, biases: &[f32], rotated: bool) -> Quantized {
    let outputs = biases.len();
    let inputs = weights.len() / outputs;
    let (height, width) = (padded_outputs(outputs), padded_inputs(inputs));
    let mut layer = Quantized {
        codes: vec![0; height * width],
        scales: vec![0.0; height],
        offsets: vec![0.0; height],
        biases: biases.to_vec(),
    };
    layer.biases.resize(height, 0.0);
    for (output, row) in weights.chunks_exact_mut(inputs).enumerate() {
        if rotated {
            rotate::<Array>(row);
            let share = 1.0 / block(inputs) as f32;
            row.iter_mut().for_each(|weight| *weight *= share);
        }
        let (scale, codes) = quantize_row(row);
        layer.scales[output] = scale;
        layer.offsets[output] = scale * codes.iter().map(|&code| i32::from(code)).sum::<i32>() as f32;
        let tile = &mut layer.codes[output / TILE * TILE * width..][..TILE * width];
        for (input, &code) in codes.iter().enumerate() {
            tile[(input / 4 * TILE + output % TILE) * 4 + input % 4] = code;
        }
    }
    layer
}

/// The smallest step with which no code and no group of codes is too large, and the codes.
fn quantize_row(row: &[f32]) -> (f32, Vec<i8>) {
    let top = row.iter().fold(0.0f32, |top, weight| top.max(weight.abs()));
    let mut scale = top / f32::from(i8::MAX);
    if scale == 0.0 || !scale.is_finite() {
        // Weights that are not numbers stay so, and the encoder says it of the vector.
        return (scale, vec![0; row.len()]);
    }
    loop {
        let codes: Vec<i8> = row.iter().map(|weight| (weight / scale).round() as i8).collect();
        let largest = largest_group(&codes);
        if largest <= GROUP_LIMIT {
            return (scale, codes);
        }
        // Rounding may leave it a little above the limit again.
        scale *= (largest as f32 / GROUP_LIMIT as f32).max(1.001);
    }
}

/// The largest sum of positive or of negative codes among the eight that AVX2 multiplies into one number of 16 bits: two
/// neighbours out of each four, four times.
fn largest_group(codes: &[i8]) -> i32 {
    let mut largest = 0;
    for group in codes.chunks(GROUP) {
        let mut sums = [[0; 2]; 2];
        for (at, &code) in group.iter().enumerate() {
            sums[at % 4 / 2][usize::from(code < 0)] += i32::from(code).abs();
        }
        largest = sums.into_iter().flatten().fold(largest, i32::max);
    }
    largest
}

/// The codes of a row of embeddings, and their step.
pub(in crate::embed) fn quantize_embedding(row: &[f32]) -> (f32, impl Iterator<Item = i8>) {
    let top = row.iter().fold(0.0f32, |top, x| top.max(x.abs()));
    let scale = top / f32::from(i8::MAX);
    let per_step = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    (scale, row.iter().map(move |x| (x * per_step).round() as i8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_for_their_weights_and_keep_to_the_limit() {
        let mut rng = fastrand::Rng::with_seed(7);
        for (outputs, inputs) in [(1, 1), (3, 24), (16, 16), (18, 40), (40, 384)] {
            let weights: Vec<f32> = (0..outputs * inputs).map(|_| rng.f32() * 2.0 - 1.0).collect();
            let biases: Vec<f32> = (0..outputs).map(|_| rng.f32()).collect();
            let layer = quantize(weights.clone(), &biases, false);
            let width = padded_inputs(inputs);
            assert_eq!(layer.codes.len(), padded_outputs(outputs) * width);
            for (output, row) in weights.chunks_exact(inputs).enumerate() {
                let code = |input: usize| {
                    layer.codes
                        [((output / TILE * width + input / 4 * 4) * TILE) + output % TILE * 4 + input % 4]
                };
                let codes: Vec<i8> = (0..width).map(code).collect();
                assert!(largest_group(&codes) <= GROUP_LIMIT);
                let scale = layer.scales[output];
                for (&weight, &code) in row.iter().zip(&codes) {
                    assert!((weight - f32::from(code) * scale).abs() <= scale * 0.5001);
                }
                let sum: f32 = codes.iter().map(|&code| f32::from(code) * scale).sum();
                assert!((layer.offsets[output] - sum).abs() < 1e-3);
                assert_eq!(layer.biases[output], biases[output]);
            }
        }
    }

    #[test]
    fn rows_of_nothing_and_of_no_numbers_end() {
        assert_eq!(quantize_row(&[0.0; 20]), (0.0, vec![0; 20]));
        assert!(quantize_row(&[1.0, f32::INFINITY]).0.is_infinite());
        // All of one sign: the hardest for the limit.
        let (scale, codes) = quantize_row(&[0.5; 16]);
        assert!(codes.iter().all(|&code| code == 32) && (scale - 0.5 / 32.0).abs() < 1e-3);
    }
}
