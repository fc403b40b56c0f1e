//! One model in memory, ready to embed.

use std::fmt;
use std::path::Path;

use super::bert::Bert;
use super::packed::Packed;
use super::tokenizer::Tokenizer;
use super::{Embedder, ModelSpec, pack, pool, pooling, unavailable};
use crate::{Error, ErrorKind, Result};

/// A model of the registry, opened from its files.
///
/// A query runs on the calling thread. A batch runs on a pool of this process, made on first use with
/// `MOSS_NUM_THREADS` threads, else as many as the CPUs that affinity and cgroup quota leave; a child of `fork` makes
/// its own. Texts are never padded and never mixed, so a vector is the same bits in any batch on any number of threads.
///
/// Weights stay in the mapped file: opening costs one pass over it to check it, and processes share its memory.
pub struct Encoder {
    spec: ModelSpec,
    tokenizer: Tokenizer,
    bert: Bert,
}

impl Encoder {
    /// Opens a packed file, or a directory with the [`PUBLISHED_FILES`](super::PUBLISHED_FILES), which is packed in
    /// memory first: slower by a second, and not shared with other processes.
    ///
    /// # Errors
    /// `ModelUnavailable` naming the file that is absent, damaged, of another model or not the pinned one.
    pub fn open(path: &Path, spec: &ModelSpec) -> Result<Encoder> {
        let packed = if path.is_dir() {
            Packed::from_bytes(path, &pack(path, spec)?)?
        } else {
            Packed::open(path)?
        };
        check_fits(path, &packed, spec)?;
        let tokenizer = Tokenizer::from_json(packed.tokenizer_json(), spec.max_tokens)
            .map_err(|reason| unavailable(path, format!("tokenizer: {reason}")))?;
        Ok(Encoder {
            spec: *spec,
            tokenizer,
            bert: Bert::new(&packed)?,
        })
    }

    /// The model that this encoder runs.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Embeds a short text once, so that the first question does not pay for pages and code not yet touched.
    ///
    /// # Errors
    /// As [`Embedder::embed_query`].
    pub fn warm(&self) -> Result<()> {
        self.embed_query("warm").map(drop)
    }

    fn embed(&self, text: &str) -> Result<Vec<f32>> {
        let ids = self.tokenizer.ids(text)?;
        let named = |reason: &str| {
            Error::new(
                ErrorKind::ModelUnavailable,
                format!("model {}: {reason}", self.spec.id),
            )
        };
        if ids.is_empty() {
            return Err(named("its tokenizer adds no special tokens"));
        }
        let tokens = self.bert.forward(&ids)?;
        pooling::pool(&tokens, self.spec.dim, self.spec.pooling)
            .ok_or_else(|| named("its weights give a vector that is not finite"))
    }
}

impl Embedder for Encoder {
    fn dim(&self) -> usize {
        self.spec.dim
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        match self.spec.query_prefix {
            "" => self.embed(text),
            prefix => self.embed(&format!("{prefix}{text}")),
        }
    }

    fn embed_documents(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        pool::map(texts, |text| self.embed(text))
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("model", &self.spec.id)
            .finish_non_exhaustive()
    }
}

fn check_fits(path: &Path, packed: &Packed, spec: &ModelSpec) -> Result<()> {
    let config = &packed.config;
    let refuse = |reason: String| Err(unavailable(path, reason));
    if config.weights != spec.weights {
        return refuse(format!(
            "holds {:?}, {} needs {:?}",
            config.weights, spec.id, spec.weights
        ));
    }
    if let Some(pinned) = spec
        .weights_sha256
        .filter(|pinned| *pinned != config.source_sha256)
    {
        let found = &config.source_sha256;
        return refuse(format!(
            "was made from weights of SHA-256 {found}, {pinned} is expected"
        ));
    }
    if config.bert.hidden_size != spec.dim || config.bert.max_position_embeddings < spec.max_tokens {
        return refuse(format!("is not of the size of {}", spec.id));
    }
    Ok(())
}

#[cfg(test)]
pub(super) const TINY: ModelSpec = ModelSpec {
    id: "moss-mediumlm",
    weights: "tiny-bge",
    repository: "",
    pooling: super::Pooling::Cls,
    query_prefix: "",
    max_tokens: 512,
    dim: 24,
    weights_sha256: None,
    tokenizer_sha256: None,
};

/// The packed published model, which `scripts/model` makes.
#[cfg(test)]
pub(super) fn minilm() -> std::path::PathBuf {
    let directory = std::env::var_os("MOSS_MODEL_DIR").expect(".cargo/config.toml sets MOSS_MODEL_DIR");
    let path = Path::new(&directory).join("moss-minilm.moss");
    assert!(path.exists(), "{} is absent: run scripts/model", path.display());
    path
}
