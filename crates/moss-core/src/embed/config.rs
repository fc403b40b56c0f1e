//! The shape of a BERT encoder, as published files and packed files state it.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::vector::Precision;

/// The keys of a published `config.json` that the encoder needs, under their published names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct BertConfig {
    pub(super) vocab_size: usize,
    pub(super) hidden_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) num_attention_heads: usize,
    pub(super) intermediate_size: usize,
    pub(super) max_position_embeddings: usize,
    pub(super) layer_norm_eps: f32,
    pub(super) hidden_act: String,
}

/// The config section of a packed file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PackedConfig {
    pub(super) weights: String,
    pub(super) source_sha256: String,
    pub(super) precision: Precision,
    #[serde(flatten)]
    pub(super) bert: BertConfig,
}

impl BertConfig {
    /// Says what cannot be run, if anything: every number is bounded before it sizes anything.
    pub(super) fn check(&self) -> Result<(), String> {
        // Far above the encoders in use (largest BERT: 24 layers, 4,096 wide inside), far below what overflows.
        for (name, value, limit) in [
            ("vocab_size", self.vocab_size, 1 << 20),
            ("hidden_size", self.hidden_size, limits::MAX_DIMENSION),
            ("num_hidden_layers", self.num_hidden_layers, 256),
            ("num_attention_heads", self.num_attention_heads, 256),
            ("intermediate_size", self.intermediate_size, 1 << 17),
            ("max_position_embeddings", self.max_position_embeddings, 1 << 17),
        ] {
            if value == 0 || value > limit {
                return Err(format!("{name} is {value}, it must be 1 to {limit}"));
            }
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(format!(
                "hidden_size {} is not a multiple of num_attention_heads {}",
                self.hidden_size, self.num_attention_heads
            ));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return Err(format!("layer_norm_eps is {}", self.layer_norm_eps));
        }
        if self.hidden_act != "gelu" {
            return Err(format!(
                "hidden_act {:?} is not supported, only gelu",
                self.hidden_act
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_cannot_run_are_refused() {
        let published = r#"{"vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
            "intermediate_size": 1536, "max_position_embeddings": 512, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}"#;
        let good: BertConfig = serde_json::from_str(published).unwrap();
        good.check().unwrap();
        let changes: [fn(&mut BertConfig); 6] = [
            |config| config.hidden_size = 0,
            |config| config.hidden_size = 385,
            |config| config.vocab_size = usize::MAX,
            |config| config.num_attention_heads = 0,
            |config| config.layer_norm_eps = f32::NAN,
            |config| config.hidden_act = "relu".into(),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut config = good.clone();
            change(&mut config);
            assert!(config.check().is_err(), "change {at}");
        }
    }
}
