//! The models that Moss knows: what each is made of and where its published files are.

use crate::{Error, ErrorKind, Result};

/// The model of a session or index that names none: `moss-minilm`, on iOS `moss-litelm`.
pub const DEFAULT_MODEL: &str = if cfg!(target_os = "ios") {
    "moss-litelm"
} else {
    MINILM.id
};

/// The model id of an index whose vectors come from the caller; it has no [`ModelSpec`] and no files.
pub const CUSTOM_MODEL: &str = "custom";

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The mean over all tokens, `[CLS]` and `[SEP]` included.
    Mean,
    /// The vector of the first token, `[CLS]`.
    Cls,
}

/// One model: an id, the weights behind it and how they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelSpec {
    /// What users write and an index is bound to for life. Another id is another model, whatever the weights.
    pub id: &'static str,
    /// Name of the weights: the packed file is `<weights>.moss`. Several ids may share one.
    pub weights: &'static str,
    /// Repository of the published files on the hub.
    pub repository: &'static str,
    /// How token vectors become one.
    pub pooling: Pooling,
    /// Put before every query, never before a document; empty for most models.
    pub query_prefix: &'static str,
    /// Tokens that the model reads, `[CLS]` and `[SEP]` included; the rest of a text is cut off.
    pub max_tokens: usize,
    /// Length of the vectors.
    pub dim: usize,
    /// SHA-256 of the published `model.safetensors`; `None` where the first download decides and the packed file
    /// records it.
    pub weights_sha256: Option<&'static str>,
    /// SHA-256 of the published `tokenizer.json`; `None` as above.
    pub tokenizer_sha256: Option<&'static str>,
}

const MINILM: ModelSpec = ModelSpec {
    id: "moss-minilm",
    weights: "moss-minilm",
    repository: "sentence-transformers/all-MiniLM-L6-v2",
    pooling: Pooling::Mean,
    query_prefix: "",
    max_tokens: 256,
    dim: 384,
    weights_sha256: Some("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
    tokenizer_sha256: Some("be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
};

/// Every model.
///
/// `moss-mediumlm` is BAAI/bge-small-en-v1.5. Its path is tested on a small generated checkpoint of the same
/// architecture; it has not been run with the published weights, so their hash is not pinned yet.
pub const MODELS: &[ModelSpec] = &[
    MINILM,
    ModelSpec {
        id: "moss-mediumlm",
        weights: "moss-mediumlm",
        repository: "BAAI/bge-small-en-v1.5",
        pooling: Pooling::Cls,
        query_prefix: "Represent this sentence for searching relevant passages: ",
        max_tokens: 512,
        dim: 384,
        weights_sha256: None,
        tokenizer_sha256: None,
    },
    ModelSpec {
        id: "moss-litelm",
        ..MINILM
    },
];

/// The model of that id.
///
/// # Errors
/// `UnknownModel`, which names the known ids. [`CUSTOM_MODEL`] is one of those, but has no spec: ask for it before.
///
/// ```
/// use moss_core::embed;
/// assert_eq!(embed::find("moss-minilm")?.dim, 384);
/// assert!(embed::find("gpt").unwrap_err().to_string().contains("moss-mediumlm"));
/// # Ok::<(), moss_core::Error>(())
/// ```
pub fn find(id: &str) -> Result<&'static ModelSpec> {
    MODELS.iter().find(|spec| spec.id == id).ok_or_else(|| {
        let known: Vec<&str> = MODELS.iter().map(|spec| spec.id).collect();
        Error::new(
            ErrorKind::UnknownModel,
            format!(
                "unknown model {id:?}, known are {} and {CUSTOM_MODEL}",
                known.join(", ")
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_unknown_ones_are_refused() {
        for spec in MODELS {
            assert_eq!(find(spec.id).unwrap(), spec);
        }
        for id in ["", "Moss-MiniLM", CUSTOM_MODEL] {
            assert_eq!(find(id).unwrap_err().kind(), ErrorKind::UnknownModel, "{id:?}");
        }
    }
}
