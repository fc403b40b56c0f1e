//! One model in memory, ready to embed.

use std::fmt;
use std::path::Path;

use super::bert::Bert;
use super::int8::Int8;
use super::packed::Packed;
use super::tokenizer::Tokenizer;
use super::{Embedder, ModelSpec, pack, pool, pooling, unavailable};
use crate::vector::Precision;
use crate::{Error, ErrorKind, Result};

/// A model of the registry, opened from its files.
///
/// A query runs on the calling thread. A batch runs on a pool of this process, made on first use with
/// `MOSS_NUM_THREADS` threads, else as many as the CPUs that affinity and cgroup quota leave; a child of `fork` makes
/// its own. Texts are never padded and never mixed, so a vector is the same bits in any batch on any number of threads.
///
/// Weights are of one byte where the file was packed so, and vectors then the same bits on every CPU; see `docs/model-format.md`.
/// `MOSS_KERNEL` names the code that multiplies them, for comparisons: `amx`, `avx512-vnni`, `avx-vnni`, `avx2`, `i8mm`, `dotprod` or
/// `portable`, the fastest of the CPU by default.
///
/// Weights stay in the mapped file: opening costs one pass over it to check it, and processes share its memory.
pub struct Encoder {
    spec: ModelSpec,
    tokenizer: Tokenizer,
    network: Network,
}

/// Token ids to one vector per token.
enum Network {
    /// Weights as they were published: what the other is measured against.
    Reference(Bert),
    Int8(Int8),
}

impl Encoder {
    /// Opens a packed file, or a directory with the [`PUBLISHED_FILES`](super::PUBLISHED_FILES), which is packed in
    /// memory first: slower by a second, and not shared with other processes.
    ///
    /// # Errors
    /// `ModelUnavailable` naming the file that is absent, damaged, of another model or not the pinned one;
    /// `InvalidArgument` if `MOSS_KERNEL` names no kernel of this CPU.
    pub fn open(path: &Path, spec: &ModelSpec) -> Result<Encoder> {
        let packed = if path.is_dir() {
            Packed::from_bytes(path, &pack(path, spec, Precision::Int8)?)?
        } else {
            Packed::open(path)?
        };
        check_fits(path, &packed, spec)?;
        let tokenizer = Tokenizer::from_json(packed.tokenizer_json(), spec.max_tokens)
            .map_err(|reason| unavailable(path, format!("tokenizer: {reason}")))?;
        Ok(Encoder {
            spec: *spec,
            tokenizer,
            network: match packed.config.precision {
                Precision::F32 => Network::Reference(Bert::new(&packed)?),
                Precision::Int8 => Network::Int8(Int8::new(&packed)?),
            },
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

    /// The ids of the tokens that the model reads of a text, those that frame it included.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        self.tokenizer.ids(text)
    }

    /// The vectors of texts, on the calling thread.
    fn embed(&self, texts: &[impl AsRef<str>]) -> Result<Vec<Vec<f32>>> {
        let ids = |text: &_| self.tokens(AsRef::<str>::as_ref(text));
        let texts: Vec<Vec<u32>> = texts.iter().map(ids).collect();
        let pool = |state: &[f32]| pooling::pool(state, self.spec.dim, self.spec.pooling);
        let vectors = match &self.network {
            Network::Int8(int8) => int8.forward(&texts, pool)?,
            Network::Reference(bert) => {
                let vector = |text: &Vec<u32>| bert.forward(text).map(|state| pool(&state));
                texts.iter().map(vector).collect::<Result<_>>()?
            }
        };
        let vectors: Option<Vec<_>> = vectors.into_iter().collect();
        vectors.ok_or_else(|| self.unfit("its weights give a vector that is not finite"))
    }

    fn unfit(&self, reason: &str) -> Error {
        Error::new(
            ErrorKind::ModelUnavailable,
            format!("model {}: {reason}", self.spec.id),
        )
    }
}

impl Embedder for Encoder {
    fn dim(&self) -> usize {
        self.spec.dim
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        let mut vectors = match self.spec.query_prefix {
            "" => self.embed(&[text]),
            prefix => self.embed(&[format!("{prefix}{text}")]),
        }?;
        Ok(vectors.swap_remove(0))
    }

    fn embed_documents(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let batches = pool::map(&batches(texts, pool::threads()?), |texts| self.embed(texts))?;
        Ok(batches.into_iter().flatten().collect())
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("model", &self.spec.id)
            .finish_non_exhaustive()
    }
}

/// Texts that go through the weights together, in their order: enough for the weights to be read once for many tokens, and
/// no more than leaves work for all threads.
fn batches<'a>(texts: &'a [&'a str], threads: usize) -> Vec<&'a [&'a str]> {
    // As good as tokens here, of which about four bytes make one.
    const BYTES: usize = 512;
    let all: usize = texts.iter().map(|text| text.len()).sum();
    let most = BYTES.min(all / threads);
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, text) in texts.iter().enumerate() {
        bytes += text.len();
        if bytes >= most {
            batches.push(&texts[start..=at]);
            (start, bytes) = (at + 1, 0);
        }
    }
    batches.extend((start < texts.len()).then_some(&texts[start..]));
    batches
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
