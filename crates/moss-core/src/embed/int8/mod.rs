//! The encoder that answers: BERT with weights of one byte and activations of seven bits.
//!
//! | | |
//! | --- | --- |
//! | weights | one byte, a scale for each output ("LLM.int8()", Dettmers et al. 2022, arXiv:2208.07339, calls it vector-wise) |
//! | activations | 0 to 127 between the lowest and the highest number of a token's row, found anew for each |
//! | before them | [`rotate`]: a row's few large numbers are spread over it |
//! | products | [`kernel`]: exact sums of integers, by whatever the CPU has for them |
//! | attention | 11 to 16 bits, [`attend`]: exact sums of integers too |
//! | GELU, layer norm, softmax | f32, in one order on every CPU |
//!
//! So a text has one vector, to the bit: on every CPU, in every batch, on any number of threads. `docs/model-format.md`
//! says how the weights lie in the file; they are used where they are mapped.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
#[cfg(target_arch = "aarch64")]
mod arm;
mod attend;
mod buffer;
mod forward;
mod kernel;
mod weights;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::cell::RefCell;

pub(super) use weights::{padded_inputs, padded_outputs, quantize, quantize_embedding};

use self::kernel::AnyKernel;
use super::layer::{Layer, Norm, layers};
use super::packed::{Packed, View};
use crate::{Error, ErrorKind, Result};

type Floats = View<f32>;

/// A BERT encoder: token ids to one vector per token.
pub(super) struct Int8 {
    embeddings: Embeddings,
    layers: Vec<Layer<Linear>>,
    heads: usize,
    hidden: usize,
    kernel: AnyKernel,
}

struct Embeddings {
    /// `[words, hidden]`
    words: View<i8>,
    /// The step of each word's codes.
    scales: Floats,
    positions: Floats,
    segment: Floats,
    norm: Norm,
}

/// See [`weights::Quantized`].
struct Linear {
    codes: View<i8>,
    scales: Floats,
    offsets: Floats,
    biases: Floats,
    inputs: usize,
    outputs: usize,
}

thread_local! {
    static SCRATCH: RefCell<forward::Scratch> = RefCell::default();
}

impl Int8 {
    /// The encoder of a packed file; copies nothing.
    ///
    /// # Errors
    /// `ModelUnavailable` if the file lacks a tensor; `InvalidArgument` if `MOSS_KERNEL` names no kernel of this CPU.
    pub(super) fn new(packed: &Packed) -> Result<Int8> {
        let config = &packed.config.bert;
        let h = config.hidden_size;
        let linear = |name: &str, inputs, outputs| {
            let (width, height) = (padded_inputs(inputs), padded_outputs(outputs));
            let floats = |part: &str| packed.tensor(&format!("{name}.{part}"), &[height]);
            Ok(Linear {
                codes: packed.tensor(&format!("{name}.codes"), &[height, width])?,
                scales: floats("scales")?,
                offsets: floats("offsets")?,
                biases: floats("biases")?,
                inputs,
                outputs,
            })
        };
        Ok(Int8 {
            embeddings: Embeddings {
                words: packed.tensor("embeddings.word.codes", &[config.vocab_size, h])?,
                scales: packed.tensor("embeddings.word.scales", &[config.vocab_size])?,
                positions: packed.tensor("embeddings.position", &[config.max_position_embeddings, h])?,
                segment: packed.tensor("embeddings.type", &[h])?,
                norm: Norm::new(packed, "embeddings.norm")?,
            },
            layers: layers(packed, linear)?,
            heads: config.num_attention_heads,
            hidden: h,
            kernel: AnyKernel::from_env()?,
        })
    }

    /// Gives `take` the last hidden state of each text in turn, row-major `[tokens, hidden]`.
    ///
    /// Every text has at least one id, and no more than positions. Allocates nothing once the calling thread has run as
    /// many tokens.
    ///
    /// # Errors
    /// `ModelUnavailable` if the tokenizer gives an id that the weights do not have.
    pub(super) fn forward<T>(&self, texts: &[Vec<u32>], mut take: impl FnMut(&[f32]) -> T) -> Result<Vec<T>> {
        let words = self.embeddings.scales.len();
        if let Some(id) = texts.iter().flatten().find(|&&id| id as usize >= words) {
            let message = format!("tokenizer gives id {id}, the weights have {words} words");
            return Err(Error::new(ErrorKind::ModelUnavailable, message));
        }
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        SCRATCH.with_borrow_mut(|scratch| {
            self.kernel.run(forward::Pass {
                model: self,
                texts,
                scratch,
            });
            let mut rows = &scratch.x[..];
            let mut out = Vec::with_capacity(texts.len());
            for text in texts {
                let (text, rest) = rows.split_at(text.len() * self.hidden);
                out.push(take(text));
                rows = rest;
            }
            Ok(out)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::encoder::minilm;

    /// Texts as ids, of every number of rows that a kernel treats by itself.
    fn texts() -> Vec<Vec<u32>> {
        let mut rng = fastrand::Rng::with_seed(11);
        let mut text = |length| (0..length).map(|_| rng.u32(999..30_000)).collect();
        (1..=18).chain([64, 255, 256]).map(&mut text).collect()
    }

    fn states(model: &Int8, texts: &[Vec<u32>]) -> Vec<Vec<u32>> {
        model
            .forward(texts, |state| state.iter().map(|x| x.to_bits()).collect())
            .unwrap()
    }

    #[test]
    fn every_kernel_and_every_batch_gives_the_same_bits() {
        let mut model = Int8::new(&Packed::open(&minilm()).unwrap()).unwrap();
        let texts = texts();
        let together = states(&model, &texts);
        for (text, state) in texts.iter().zip(&together) {
            assert_eq!(&states(&model, std::slice::from_ref(text))[0], state);
        }
        let kernels = AnyKernel::of_this_cpu();
        assert!(!kernels.is_empty());
        for (name, kernel) in kernels {
            model.kernel = kernel;
            assert!(states(&model, &texts) == together, "{name}");
        }
    }

    #[test]
    fn unknown_words_are_an_error() {
        let model = Int8::new(&Packed::open(&minilm()).unwrap()).unwrap();
        let error = model.forward(&[vec![101, 30_522]], |_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ModelUnavailable);
        assert!(model.forward(&[], |_| ()).unwrap().is_empty());
    }
}
