//! Reading the packed model file; every byte is described in `docs/model-format.md`. Writing it is in `pack.rs`.

use std::collections::BTreeMap;
use std::fs::File;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::{Mmap, MmapMut};
use xxhash_rust::xxh3::xxh3_64;

use super::config::PackedConfig;
use super::unavailable;
use crate::vector::Precision;
use crate::{Result, limits};

pub(super) const MAGIC: &[u8; 8] = b"MOSSMODL";
pub(super) const VERSION: u32 = 5;
pub(super) const SECTIONS: u32 = 4;
/// Header and section table; the first section starts here.
pub(super) const HEAD_BYTES: usize = 32 + SECTIONS as usize * 24;
pub(super) const CHECKSUM_BYTES: usize = 8;

/// What tensors are made of.
pub(super) trait Element: bytemuck::Pod {
    /// Its number in the index.
    const KIND: u8;

    /// Its bytes in the file.
    fn to_bytes(self) -> impl AsRef<[u8]>;
}

impl Element for f32 {
    const KIND: u8 = 1;

    fn to_bytes(self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }
}

impl Element for i8 {
    const KIND: u8 = 2;

    fn to_bytes(self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }
}

/// The next multiple of 64.
pub(super) fn align(offset: usize) -> usize {
    offset.next_multiple_of(64)
}

/// What a packed file says about itself, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name of the weights, as [`ModelSpec::weights`](super::ModelSpec::weights).
    pub weights: String,
    /// SHA-256 of the `model.safetensors` it was made from.
    pub source_sha256: String,
    /// Length of its vectors.
    pub dim: usize,
    /// Encoder layers.
    pub layers: usize,
    /// How its weights are held, and so which encoder runs them.
    pub precision: Precision,
    /// Number of stored tensors.
    pub tensors: usize,
    /// Length of the file.
    pub bytes: usize,
}

/// Opens a packed file, checks all of it and says what is in it.
///
/// # Errors
/// `ModelUnavailable` naming the file if it cannot be read or is damaged.
pub fn describe(path: &Path) -> Result<Description> {
    let packed = Packed::open(path)?;
    Ok(Description {
        weights: packed.config.weights.clone(),
        source_sha256: packed.config.source_sha256.clone(),
        dim: packed.config.bert.hidden_size,
        layers: packed.config.bert.num_hidden_layers,
        precision: packed.config.precision,
        tensors: packed.tensors.len(),
        bytes: packed.map.len(),
    })
}

/// A packed model in memory, checked. Its tensors are views into the mapping, which they keep alive.
pub(super) struct Packed {
    path: PathBuf,
    map: Arc<Mmap>,
    tokenizer: Range<usize>,
    tensors: BTreeMap<String, Tensor>,
    pub(super) config: PackedConfig,
}

/// Where a tensor lies in the file.
struct Tensor {
    kind: u8,
    dims: Vec<usize>,
    bytes: Range<usize>,
}

/// The elements of one tensor, row-major, in the mapped file.
pub(super) struct View<T> {
    map: Arc<Mmap>,
    bytes: Range<usize>,
    elements: PhantomData<T>,
}

impl<T: Element> Deref for View<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // Mappings start on a page and tensors on multiples of 64, so this neither copies nor fails.
        bytemuck::cast_slice(&self.map[self.bytes.clone()])
    }
}

impl Packed {
    /// Maps and checks a packed file. Costs one pass over its bytes; a second process shares the pages.
    pub(super) fn open(path: &Path) -> Result<Packed> {
        let file = File::open(path).map_err(|error| unavailable(path, error))?;
        let length = file.metadata().map_err(|error| unavailable(path, error))?.len();
        if length > limits::MAX_MODEL_BYTES {
            return Err(unavailable(
                path,
                format!("has {length} bytes, too many for a model"),
            ));
        }
        let map = map(&file).map_err(|error| unavailable(path, error))?;
        Packed::check(path, map)
    }

    /// The same for bytes in memory; `path` is what errors name.
    pub(super) fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Packed> {
        let anonymous = || {
            let mut map = MmapMut::map_anon(bytes.len())?;
            map.copy_from_slice(bytes);
            map.make_read_only()
        };
        let map = anonymous().map_err(|error: std::io::Error| unavailable(path, error))?;
        Packed::check(path, map)
    }

    fn check(path: &Path, map: Mmap) -> Result<Packed> {
        let (config, tokenizer, tensors) = parse(&map).map_err(|reason| unavailable(path, reason))?;
        Ok(Packed {
            path: path.to_owned(),
            map: Arc::new(map),
            tokenizer,
            tensors,
            config,
        })
    }

    /// The published `tokenizer.json`.
    pub(super) fn tokenizer_json(&self) -> &[u8] {
        &self.map[self.tokenizer.clone()]
    }

    /// The tensor of that name, which must have these elements and dimensions.
    pub(super) fn tensor<T: Element>(&self, name: &str, dims: &[usize]) -> Result<View<T>> {
        let tensor = self
            .tensors
            .get(name)
            .ok_or_else(|| unavailable(&self.path, format!("has no tensor {name}")))?;
        if tensor.dims != dims || tensor.kind != T::KIND {
            let (found, kind, wanted) = (&tensor.dims, tensor.kind, T::KIND);
            let reason = format!(
                "tensor {name} is of type {kind} and shape {found:?}, its config says {wanted} and {dims:?}"
            );
            return Err(unavailable(&self.path, reason));
        }
        Ok(View {
            map: Arc::clone(&self.map),
            bytes: tensor.bytes.clone(),
            elements: PhantomData,
        })
    }
}

#[allow(unsafe_code)] // opening a mapping is unsafe by nature; see below
fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: nobody writes to a packed file in place: `pack` and the download write a temporary file and rename it,
    // so the inode behind a mapping never changes. Whoever truncates one by hand ends the process with SIGBUS.
    unsafe { Mmap::map(file) }
}

type Parts = (PackedConfig, Range<usize>, BTreeMap<String, Tensor>);

/// Checks the whole file and takes it apart. The error is the reason alone.
fn parse(bytes: &[u8]) -> std::result::Result<Parts, String> {
    if cfg!(target_endian = "big") {
        return Err("packed models are little-endian, this machine is not".into());
    }
    if bytes.len() < HEAD_BYTES + CHECKSUM_BYTES || &bytes[..8] != MAGIC {
        return Err("is not a packed model".into());
    }
    let mut header = Cursor::new(&bytes[8..HEAD_BYTES]);
    let version = header.u32()?;
    if version != VERSION {
        return Err(format!(
            "has format version {version}, this build reads {VERSION}"
        ));
    }
    let (body, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
    if xxh3_64(body).to_le_bytes() != checksum {
        return Err("is damaged: its checksum does not match".into());
    }
    if header.u32()? != SECTIONS || header.u64()? != bytes.len() as u64 || header.u64()? != 0 {
        return Err("has a header that does not fit it".into());
    }
    let mut end = HEAD_BYTES;
    let mut sections = [const { 0..0 }; SECTIONS as usize];
    for (at, section) in sections.iter_mut().enumerate() {
        let kind = header.u32()?;
        let reserved = header.u32()?;
        let (offset, length) = (header.size()?, header.size()?);
        if kind as usize != at + 1 || reserved != 0 {
            return Err(format!("has section kind {kind} where {} belongs", at + 1));
        }
        *section = extent(body, end, offset, Some(length))?;
        end = section.end;
    }
    if align(end) != body.len() || body[end..].iter().any(|&byte| byte != 0) {
        return Err("does not end after its last section".into());
    }
    let [config, tokenizer, index, data] = sections;
    let config: PackedConfig = serde_json::from_slice(&body[config])
        .map_err(|error| format!("has an unreadable config: {error}"))?;
    config.bert.check()?;
    let tensors = parse_index(&body[..data.end], &body[index], data.start)?;
    Ok((config, tokenizer, tensors))
}

/// The range of `length` bytes at `offset`, which must follow `end` by exactly the zero padding to `align`.
fn extent(
    bytes: &[u8],
    end: usize,
    offset: usize,
    length: Option<usize>,
) -> std::result::Result<Range<usize>, String> {
    let stop = length.and_then(|length| offset.checked_add(length));
    match stop {
        Some(stop)
            if offset == align(end)
                && stop <= bytes.len()
                && bytes[end..offset].iter().all(|&byte| byte == 0) =>
        {
            Ok(offset..stop)
        }
        _ => Err(format!("has a part at {offset} that does not fit the one before")),
    }
}

/// Reads the tensor index; `bytes` ends where the data section ends, which starts at `data`.
fn parse_index(
    bytes: &[u8],
    index: &[u8],
    data: usize,
) -> std::result::Result<BTreeMap<String, Tensor>, String> {
    let mut cursor = Cursor::new(index);
    let mut tensors = BTreeMap::new();
    let mut end = data;
    while !cursor.bytes.is_empty() {
        let length = cursor.u16()?;
        let name = std::str::from_utf8(cursor.take(length.into())?).map_err(|error| error.to_string())?;
        let (kind, rank) = (cursor.u8()?, cursor.u8()?);
        let width = match kind {
            f32::KIND => size_of::<f32>(),
            i8::KIND => size_of::<i8>(),
            _ => return Err(format!("tensor {name} has element type {kind}")),
        };
        if !(1..=2).contains(&rank) {
            return Err(format!("tensor {name} has rank {rank}"));
        }
        let mut dims = Vec::new();
        for _ in 0..rank {
            dims.push(cursor.u32()? as usize);
        }
        let length = dims
            .iter()
            .try_fold(width, |product, &dim| product.checked_mul(dim));
        let offset = cursor.size()?.saturating_add(data);
        let extent = extent(bytes, end, offset, length)?;
        end = extent.end;
        let tensor = Tensor {
            kind,
            dims,
            bytes: extent,
        };
        if tensors.insert(name.to_owned(), tensor).is_some() {
            return Err(format!("has tensor {name} twice"));
        }
    }
    if end != bytes.len() {
        return Err("has data that belongs to no tensor".into());
    }
    Ok(tensors)
}

/// Little-endian numbers off the front of a slice.
struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes }
    }

    fn take(&mut self, count: usize) -> std::result::Result<&'a [u8], String> {
        let (head, tail) = self.bytes.split_at_checked(count).ok_or("ends too early")?;
        self.bytes = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> std::result::Result<[u8; N], String> {
        let (head, tail) = self.bytes.split_first_chunk().ok_or("ends too early")?;
        self.bytes = tail;
        Ok(*head)
    }

    fn u8(&mut self) -> std::result::Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> std::result::Result<u16, String> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> std::result::Result<u32, String> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> std::result::Result<u64, String> {
        self.array().map(u64::from_le_bytes)
    }

    fn size(&mut self) -> std::result::Result<usize, String> {
        usize::try_from(self.u64()?).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Vec<u8> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tiny-bge");
        crate::embed::pack(&source, &crate::embed::encoder::TINY, Precision::Int8).unwrap()
    }

    fn refused(bytes: &[u8]) -> String {
        let error = Packed::from_bytes(Path::new("m.moss"), bytes)
            .err()
            .expect("was accepted");
        assert_eq!(error.kind(), crate::ErrorKind::ModelUnavailable);
        let message = error.to_string();
        assert!(message.contains("m.moss"), "{message}");
        message
    }

    /// Puts the right checksum under changed bytes, so that the checks behind it are reached.
    fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let end = bytes.len() - CHECKSUM_BYTES;
        let checksum = xxh3_64(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&checksum);
        bytes
    }

    #[test]
    fn a_packed_file_starts_and_ends_as_documented() {
        let bytes = tiny();
        assert_eq!(bytes[..16], *b"MOSSMODL\x05\0\0\0\x04\0\0\0");
        assert_eq!(bytes[16..24], (bytes.len() as u64).to_le_bytes());
        assert_eq!(bytes[32..48], [1, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes.len() % 64, 8);
        assert_eq!(bytes, tiny());
    }

    #[test]
    fn every_truncation_and_every_flipped_byte_is_refused() {
        let bytes = tiny();
        for length in 0..bytes.len() {
            assert!(parse(&bytes[..length]).is_err(), "cut to {length}");
        }
        let mut flipped = bytes;
        for at in 0..flipped.len() {
            flipped[at] ^= 1 << (at % 8);
            assert!(parse(&flipped).is_err(), "flipped byte {at}");
            flipped[at] ^= 1 << (at % 8);
        }
        parse(&flipped).unwrap();
    }

    #[test]
    fn damage_under_a_right_checksum_is_refused_or_harmless() {
        let bytes = tiny();
        let data_starts = usize::try_from(u64::from_le_bytes(bytes[112..120].try_into().unwrap())).unwrap();
        // Tensor data may be anything; whatever describes it may not lead outside the file.
        for at in 0..data_starts {
            for bit in [0x01, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= bit;
                if let Ok((_, tokenizer, tensors)) = parse(&resealed(changed)) {
                    let inside = tensors.values().all(|tensor| tensor.bytes.end <= bytes.len());
                    assert!(inside && tokenizer.end <= bytes.len(), "byte {at}");
                }
            }
        }
    }

    #[test]
    fn messages_say_what_is_wrong() {
        let bytes = tiny();
        let mut newer = bytes.clone();
        newer[8] = 6;
        assert!(refused(&newer).contains("format version 6, this build reads 5"));
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(refused(&longer).contains("checksum"));
        assert!(refused(&[]).len() > "m.moss".len());
    }
}
