//! What a layer of BERT is made of, whatever its weights are held as.

use super::packed::{Packed, View};
use crate::Result;

/// One layer, with linear parts of type `L`.
pub(super) struct Layer<L> {
    pub(super) qkv: L,
    pub(super) attention: L,
    pub(super) attention_norm: Norm,
    pub(super) up: L,
    pub(super) down: L,
    pub(super) norm: Norm,
}

/// `(x - mean) / sqrt(variance + eps) * weight + bias`
pub(super) struct Norm {
    pub(super) weight: View<f32>,
    pub(super) bias: View<f32>,
    pub(super) eps: f32,
}

impl Norm {
    /// The layer norm of that name.
    pub(super) fn new(packed: &Packed, name: &str) -> Result<Norm> {
        let width = packed.config.bert.hidden_size;
        Ok(Norm {
            weight: packed.tensor(&format!("{name}.weight"), &[width])?,
            bias: packed.tensor(&format!("{name}.bias"), &[width])?,
            eps: packed.config.bert.layer_norm_eps,
        })
    }
}

/// All layers of a packed file; `linear` opens the linear part of a name, with its numbers of inputs and outputs.
pub(super) fn layers<L>(
    packed: &Packed,
    linear: impl Fn(&str, usize, usize) -> Result<L>,
) -> Result<Vec<Layer<L>>> {
    let config = &packed.config.bert;
    let (h, f) = (config.hidden_size, config.intermediate_size);
    let layer = |at| {
        Ok(Layer {
            qkv: linear(&format!("layer.{at}.qkv"), h, 3 * h)?,
            attention: linear(&format!("layer.{at}.attention"), h, h)?,
            attention_norm: Norm::new(packed, &format!("layer.{at}.attention.norm"))?,
            up: linear(&format!("layer.{at}.up"), h, f)?,
            down: linear(&format!("layer.{at}.down"), f, h)?,
            norm: Norm::new(packed, &format!("layer.{at}.norm"))?,
        })
    };
    (0..config.num_hidden_layers).map(layer).collect()
}
