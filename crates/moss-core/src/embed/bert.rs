//! BERT, the encoder of all models so far.
//!
//! "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", Devlin et al. 2018,
//! arXiv:1810.04805; tensor names and the post-norm order follow the reference implementation in `transformers`.
//! Different here:
//! - one text at a time, so there is no batch dimension, no padding and no attention mask;
//! - query, key and value are one product;
//! - weights are views into the packed file, stored (inputs, outputs);
//! - there is a single segment, and no pooler.

use candle_core::{Device, Result as CandleResult, Tensor};

use super::layer::{Layer, Norm, layers};
use super::ops::{Gelu, Linear, Product, Softmax};
use super::packed::{Packed, View};
use crate::{Error, ErrorKind, Result};

/// A BERT encoder: token ids to one vector per token.
pub(super) struct Bert {
    embeddings: Embeddings,
    layers: Vec<Layer<Linear>>,
    heads: usize,
}

struct Embeddings {
    word: View<f32>,
    position: View<f32>,
    segment: View<f32>,
    norm: Norm,
}

impl Bert {
    /// The encoder of a packed file; copies nothing.
    pub(super) fn new(packed: &Packed) -> Result<Bert> {
        let config = &packed.config.bert;
        let h = config.hidden_size;
        let linear = |name: &str, inputs, outputs| {
            Ok(Linear {
                weight: packed.tensor(&format!("{name}.weight"), &[inputs, outputs])?,
                bias: packed.tensor(&format!("{name}.bias"), &[outputs])?,
            })
        };
        Ok(Bert {
            embeddings: Embeddings {
                word: packed.tensor("embeddings.word", &[config.vocab_size, h])?,
                position: packed.tensor("embeddings.position", &[config.max_position_embeddings, h])?,
                segment: packed.tensor("embeddings.type", &[h])?,
                norm: Norm::new(packed, "embeddings.norm")?,
            },
            layers: layers(packed, linear)?,
            heads: config.num_attention_heads,
        })
    }

    /// The last hidden state, row-major `[tokens, hidden]`. There is at least one id, and no more than positions.
    ///
    /// # Errors
    /// `ModelUnavailable` if the tokenizer gives an id that the weights do not have.
    pub(super) fn forward(&self, ids: &[u32]) -> Result<Vec<f32>> {
        let x = self.embeddings.forward(ids)?;
        self.encode(x, ids.len())
            .map_err(|error| Error::new(ErrorKind::Internal, format!("encoder: {error}")))
    }

    fn encode(&self, x: Vec<f32>, tokens: usize) -> CandleResult<Vec<f32>> {
        let mut x = Tensor::from_vec(x, (tokens, self.embeddings.segment.len()), &Device::Cpu)?;
        for layer in &self.layers {
            x = layer.forward(&x, self.heads)?;
        }
        x.flatten_all()?.to_vec1()
    }
}

impl Embeddings {
    /// `layer_norm(word + position + segment)`, row-major `[tokens, hidden]`.
    fn forward(&self, ids: &[u32]) -> Result<Vec<f32>> {
        let h = self.segment.len();
        let words = self.word.len() / h;
        let mut x = Vec::with_capacity(ids.len() * h);
        for (&id, position) in ids.iter().zip(self.position.chunks_exact(h)) {
            let id = id as usize;
            if id >= words {
                let message = format!("tokenizer gives id {id}, the weights have {words} words");
                return Err(Error::new(ErrorKind::ModelUnavailable, message));
            }
            let word = &self.word[id * h..(id + 1) * h];
            x.extend((0..h).map(|at| word[at] + self.segment[at] + position[at]));
        }
        self.norm.normalize(&mut x);
        Ok(x)
    }
}

impl Layer<Linear> {
    /// `[tokens, hidden] -> [tokens, hidden]`
    fn forward(&self, x: &Tensor, heads: usize) -> CandleResult<Tensor> {
        let attended = self.attend(x, heads)?.apply_op1_no_bwd(&self.attention)?;
        attended.inplace_op2(x, &self.attention_norm)?;
        let y = attended.apply_op1_no_bwd(&self.up)?;
        y.inplace_op1(&Gelu)?;
        let y = y.apply_op1_no_bwd(&self.down)?;
        y.inplace_op2(&attended, &self.norm)?;
        Ok(y)
    }

    /// `softmax(q k^T / sqrt(width)) v` for each head, side by side: `[tokens, hidden]`.
    fn attend(&self, x: &Tensor, heads: usize) -> CandleResult<Tensor> {
        let (tokens, hidden) = x.dims2()?;
        let width = hidden / heads;
        let qkv = x
            .apply_op1_no_bwd(&self.qkv)?
            .reshape((tokens, 3, heads, width))?;
        // [heads, tokens, width], views all three
        let part = |at| qkv.get_on_dim(1, at)?.transpose(0, 1);
        let scores = part(0)?.apply_op2_no_bwd(&part(1)?.t()?, &Product)?;
        let scale = 1.0 / (width as f32).sqrt();
        scores.inplace_op1(&Softmax { scale })?;
        let context = scores.apply_op2_no_bwd(&part(2)?, &Product)?;
        context.transpose(0, 1)?.reshape((tokens, hidden))
    }
}
