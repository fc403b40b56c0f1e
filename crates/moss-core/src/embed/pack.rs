//! Making a packed model file from the published files; `docs/model-format.md` has every byte.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_64;

use super::config::{BertConfig, PackedConfig};
use super::int8;
use super::packed::{CHECKSUM_BYTES, Element, HEAD_BYTES, MAGIC, SECTIONS, VERSION, align};
use super::{ModelSpec, unavailable};
use crate::vector::Precision;
use crate::{Result, limits};

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";

/// The published files that a model is packed from, and no others, smallest first.
pub const PUBLISHED_FILES: [&str; 3] = [CONFIG, TOKENIZER, WEIGHTS];

/// The bytes of the packed file of a directory that holds the [`PUBLISHED_FILES`].
///
/// Weights are stored as the encoder reads them, so opening the result copies nothing. In `Int8`, which is what people
/// want, the file is a quarter as long and embeds a question two to four times as fast; `F32` keeps them as published, to measure the other
/// against. The same input gives the same bytes. Holds weights twice in memory while it runs.
///
/// # Errors
/// `ModelUnavailable` naming the file that is absent, unreadable, not the one that `spec` pins, or of another shape.
pub fn pack(directory: &Path, spec: &ModelSpec, precision: Precision) -> Result<Vec<u8>> {
    let tokenizer = read(directory, TOKENIZER)?;
    check_hash(&directory.join(TOKENIZER), &tokenizer, spec.tokenizer_sha256)?;
    let bert = read_config(directory, spec)?;
    let weights = read(directory, WEIGHTS)?;
    let path = directory.join(WEIGHTS);
    let source_sha256 = check_hash(&path, &weights, spec.weights_sha256)?;
    let source = SafeTensors::deserialize(&weights).map_err(|error| unavailable(&path, error))?;
    let mut tensors = Tensors {
        path: &path,
        source,
        precision,
        index: Vec::new(),
        data: Vec::with_capacity(weights.len()),
    };
    tensors.put_encoder(&bert)?;
    let config = PackedConfig {
        weights: spec.weights.to_owned(),
        source_sha256,
        precision,
        bert,
    };
    let config = serde_json::to_vec(&config).map_err(|error| unavailable(directory, error))?;
    Ok(assemble([&config, &tokenizer, &tensors.index, &tensors.data]))
}

/// The keys of `config.json` that only packing looks at.
#[derive(Deserialize)]
struct Published {
    model_type: String,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(flatten)]
    bert: BertConfig,
}

fn read_config(directory: &Path, spec: &ModelSpec) -> Result<BertConfig> {
    let path = directory.join(CONFIG);
    let refuse = |reason: String| Err(unavailable(&path, reason));
    let published: Published =
        serde_json::from_slice(&read(directory, CONFIG)?).map_err(|error| unavailable(&path, error))?;
    if published.model_type != "bert" {
        return refuse(format!("model_type {:?} is not bert", published.model_type));
    }
    if let Some(kind) = published
        .position_embedding_type
        .filter(|kind| kind != "absolute")
    {
        return refuse(format!("position_embedding_type {kind:?} is not absolute"));
    }
    published
        .bert
        .check()
        .map_err(|reason| unavailable(&path, reason))?;
    if published.bert.hidden_size != spec.dim {
        let found = published.bert.hidden_size;
        return refuse(format!("hidden_size is {found}, {} has {}", spec.id, spec.dim));
    }
    Ok(published.bert)
}

fn read(directory: &Path, name: &str) -> Result<Vec<u8>> {
    let path = directory.join(name);
    let length = std::fs::metadata(&path)
        .map_err(|error| unavailable(&path, error))?
        .len();
    if length > limits::MAX_MODEL_BYTES {
        return Err(unavailable(
            &path,
            format!("has {length} bytes, too many for a model"),
        ));
    }
    std::fs::read(&path).map_err(|error| unavailable(&path, error))
}

fn check_hash(path: &Path, bytes: &[u8], pinned: Option<&str>) -> Result<String> {
    let found = hex::encode(Sha256::digest(bytes));
    match pinned {
        Some(pinned) if pinned != found => Err(unavailable(
            path,
            format!("has SHA-256 {found}, {pinned} is expected"),
        )),
        _ => Ok(found),
    }
}

/// The sections between header, table, padding and checksum.
fn assemble(sections: [&[u8]; SECTIONS as usize]) -> Vec<u8> {
    let mut table = Vec::new();
    let mut end = HEAD_BYTES;
    for (kind, section) in (1u32..).zip(sections) {
        let offset = align(end);
        table.extend_from_slice(&kind.to_le_bytes());
        table.extend_from_slice(&0u32.to_le_bytes());
        table.extend_from_slice(&(offset as u64).to_le_bytes());
        table.extend_from_slice(&(section.len() as u64).to_le_bytes());
        end = offset + section.len();
    }
    let length = align(end) + CHECKSUM_BYTES;
    let mut file = Vec::with_capacity(length);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&SECTIONS.to_le_bytes());
    file.extend_from_slice(&(length as u64).to_le_bytes());
    file.extend_from_slice(&0u64.to_le_bytes());
    file.extend_from_slice(&table);
    for section in sections {
        file.resize(align(file.len()), 0);
        file.extend_from_slice(section);
    }
    file.resize(align(file.len()), 0);
    file.extend_from_slice(&xxh3_64(&file).to_le_bytes());
    file
}

/// The tensor index and data sections in the making.
struct Tensors<'a> {
    path: &'a Path,
    source: SafeTensors<'a>,
    precision: Precision,
    index: Vec<u8>,
    data: Vec<u8>,
}

impl Tensors<'_> {
    fn put_encoder(&mut self, config: &BertConfig) -> Result<()> {
        let (h, f) = (config.hidden_size, config.intermediate_size);
        let embeddings = "embeddings";
        let words = [config.vocab_size, h];
        let table = self.published(&format!("{embeddings}.word_embeddings.weight"), &words)?;
        self.put_words(&format!("{embeddings}.word"), words, table);
        let positions = [config.max_position_embeddings, h];
        let table = self.published(&format!("{embeddings}.position_embeddings.weight"), &positions)?;
        self.put(&format!("{embeddings}.position"), &positions, table);
        let types = self.rows(&format!("{embeddings}.token_type_embeddings.weight"), h)?;
        self.put(&format!("{embeddings}.type"), &[h], types.into_iter().take(h));
        self.put_pair(
            &format!("{embeddings}.norm"),
            &format!("{embeddings}.LayerNorm"),
            h,
        )?;
        for layer in 0..config.num_hidden_layers {
            let from = format!("encoder.layer.{layer}");
            let to = format!("layer.{layer}");
            let parts = ["query", "key", "value"].map(|part| format!("{from}.attention.self.{part}"));
            self.put_linear(&format!("{to}.qkv"), &parts, h, h, true)?;
            self.put_linear(
                &format!("{to}.attention"),
                &[format!("{from}.attention.output.dense")],
                h,
                h,
                false,
            )?;
            self.put_pair(
                &format!("{to}.attention.norm"),
                &format!("{from}.attention.output.LayerNorm"),
                h,
            )?;
            let up = [format!("{from}.intermediate.dense")];
            self.put_linear(&format!("{to}.up"), &up, h, f, true)?;
            let down = [format!("{from}.output.dense")];
            self.put_linear(&format!("{to}.down"), &down, f, h, true)?;
            self.put_pair(&format!("{to}.norm"), &format!("{from}.output.LayerNorm"), h)?;
        }
        Ok(())
    }

    /// The table of words: in `Int8` codes and a step for each row.
    fn put_words(&mut self, name: &str, dims: [usize; 2], table: Vec<f32>) {
        if self.precision == Precision::F32 {
            return self.put(name, &dims, table);
        }
        let rows: Vec<_> = table
            .chunks_exact(dims[1])
            .map(int8::quantize_embedding)
            .collect();
        let scales: Vec<f32> = rows.iter().map(|(scale, _)| *scale).collect();
        self.put(
            &format!("{name}.codes"),
            &dims,
            rows.into_iter().flat_map(|(_, codes)| codes),
        );
        self.put(&format!("{name}.scales"), &dims[..1], scales);
    }

    /// Published linear layers, (outputs, inputs) each, as one; in `Int8` for `rotated` inputs.
    fn put_linear(
        &mut self,
        name: &str,
        parts: &[String],
        inputs: usize,
        outputs: usize,
        rotated: bool,
    ) -> Result<()> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for part in parts {
            weights.extend(self.published(&format!("{part}.weight"), &[outputs, inputs])?);
            biases.extend(self.published(&format!("{part}.bias"), &[outputs])?);
        }
        let outputs = biases.len();
        if self.precision == Precision::F32 {
            let transposed =
                (0..inputs).flat_map(|input| weights.iter().skip(input).step_by(inputs).copied());
            self.put(&format!("{name}.weight"), &[inputs, outputs], transposed);
            self.put(&format!("{name}.bias"), &[outputs], biases);
            return Ok(());
        }
        let layer = int8::quantize(weights, &biases, rotated);
        let (height, width) = (int8::padded_outputs(outputs), int8::padded_inputs(inputs));
        self.put(&format!("{name}.codes"), &[height, width], layer.codes);
        self.put(&format!("{name}.scales"), &[height], layer.scales);
        self.put(&format!("{name}.offsets"), &[height], layer.offsets);
        self.put(&format!("{name}.biases"), &[height], layer.biases);
        Ok(())
    }

    fn put_pair(&mut self, name: &str, source: &str, dim: usize) -> Result<()> {
        for part in ["weight", "bias"] {
            let values = self.published(&format!("{source}.{part}"), &[dim])?;
            self.put(&format!("{name}.{part}"), &[dim], values);
        }
        Ok(())
    }

    /// Appends a tensor; dimensions and names of a checked config fit their fields.
    fn put<T: Element>(&mut self, name: &str, dims: &[usize], values: impl IntoIterator<Item = T>) {
        self.data.resize(align(self.data.len()), 0);
        self.index.extend_from_slice(&(name.len() as u16).to_le_bytes());
        self.index.extend_from_slice(name.as_bytes());
        self.index.extend_from_slice(&[T::KIND, dims.len() as u8]);
        for &dim in dims {
            self.index.extend_from_slice(&(dim as u32).to_le_bytes());
        }
        self.index
            .extend_from_slice(&(self.data.len() as u64).to_le_bytes());
        for value in values {
            self.data.extend_from_slice(value.to_bytes().as_ref());
        }
    }

    /// A published f32 tensor of exactly these dimensions.
    fn published(&self, name: &str, dims: &[usize]) -> Result<Vec<f32>> {
        let values = self.rows(name, dims[dims.len() - 1])?;
        if values.len() != dims.iter().product::<usize>() {
            let reason = format!("tensor {name} has {} elements, not shape {dims:?}", values.len());
            return Err(unavailable(self.path, reason));
        }
        Ok(values)
    }

    /// A published f32 tensor of one or more rows of this width.
    fn rows(&self, name: &str, width: usize) -> Result<Vec<f32>> {
        let tensor = self
            .source
            .tensor(name)
            .map_err(|error| unavailable(self.path, format!("tensor {name}: {error}")))?;
        if tensor.dtype() != Dtype::F32 || tensor.shape().last() != Some(&width) || tensor.data().is_empty() {
            let (dtype, shape) = (tensor.dtype(), tensor.shape());
            let reason = format!("tensor {name} is {dtype:?} {shape:?}, f32 of width {width} is needed");
            return Err(unavailable(self.path, reason));
        }
        let (numbers, _) = tensor.data().as_chunks();
        Ok(numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }
}
