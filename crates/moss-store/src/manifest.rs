//! The manifest: one version of an index, and which segments make it.

use bytes::Bytes;
use moss_core::{Error, ErrorKind, Result, limits};
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use crate::object::corrupt;

const MAGIC: [u8; 8] = *b"\x89MMAN\r\n\x1a";
/// The format version that this build writes; it reads this one and no other yet.
const FORMAT_VERSION: u32 = 1;
/// Magic, version, length of the body.
const HEADER_BYTES: usize = 20;
const CHECKSUM_BYTES: usize = 8;

/// The model of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelTag {
    /// Its id, `custom` for vectors of the caller.
    pub id: String,
    /// Its release.
    pub version: String,
}

/// One segment of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentEntry {
    /// Its id and, with `.seg`, its object's name.
    pub id: Uuid,
    /// Length of the object.
    pub bytes: u64,
    /// XXH3-64 of the object.
    #[serde(with = "hex_u64")]
    pub checksum: u64,
    /// Documents in it, those that later segments replaced included.
    pub rows: u64,
    /// Ids that it deletes from earlier segments.
    pub tombstones: u64,
    /// The least version of its rows: the version that added it, 0 where compaction wrote a version beside every row.
    pub since: u64,
}

impl SegmentEntry {
    /// Whether these are the segment's bytes.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self, bytes: &[u8]) -> std::result::Result<(), String> {
        if bytes.len() as u64 != self.bytes {
            return Err(format!(
                "segment has {} bytes, {} expected",
                bytes.len(),
                self.bytes
            ));
        }
        if xxh3_64(bytes) != self.checksum {
            return Err("segment checksum differs".into());
        }
        Ok(())
    }
}

/// One committed version of an index. Never changed once it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The project's name.
    pub project: String,
    /// The index's name.
    pub index: String,
    /// 1 for the first; goes on over deletion and re-creation.
    pub version: u64,
    /// Stays over pushes; a re-created index has another.
    pub index_id: Uuid,
    /// What made the vectors.
    pub model: ModelTag,
    /// Length of the vectors, 0 where nothing fixed it yet.
    pub dimension: u32,
    /// Documents of this version.
    pub doc_count: u64,
    /// Milliseconds since 1970, by the clock of who created the index.
    pub created_at: u64,
    /// Milliseconds since 1970, by the clock of who wrote this version.
    pub updated_at: u64,
    /// Drawn per commit, so that a writer knows its own manifest after a lost answer.
    pub commit_id: Uuid,
    /// The job or call that wrote it.
    pub job_id: String,
    /// The index was deleted by this version; there are no segments.
    pub deleted: bool,
    /// Oldest first: rows replace rows of their id in earlier segments, tombstones delete them.
    pub segments: Vec<SegmentEntry>,
    /// Versions below are gone or may go at any time.
    pub floor: u64,
    /// Segments that no version from `floor` on uses and that may go at any time.
    pub condemned: Vec<Uuid>,
}

impl Manifest {
    /// The object's bytes, as docs/layout.md says.
    pub(crate) fn encode(&self) -> Result<Bytes> {
        self.check().map_err(|fault| {
            Error::new(
                ErrorKind::Internal,
                format!("refused to write a manifest: {fault}"),
            )
        })?;
        self.frame().map(Bytes::from)
    }

    fn frame(&self) -> Result<Vec<u8>> {
        let body = serde_json::to_vec(self)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("writing a manifest: {error}")))?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len() + CHECKSUM_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(FORMAT_VERSION.to_le_bytes());
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(body);
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads the manifest that was stored as `path`.
    pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<Manifest> {
        let body = open_frame(bytes).map_err(|fault| corrupt(path, fault))?;
        let manifest: Manifest =
            serde_json::from_slice(body).map_err(|error| corrupt(path, format_args!("manifest: {error}")))?;
        manifest.check().map_err(|fault| corrupt(path, fault))?;
        Ok(manifest)
    }

    /// Checks a manifest that came another way than from the store.
    ///
    /// # Errors
    /// `CacheCorrupt` if it is no valid manifest of this index.
    pub fn check_of(&self, project: &str, index: &str) -> Result<()> {
        let is_of = self.project == project && self.index == index;
        let fault = match self.check() {
            Ok(()) if is_of => return Ok(()),
            Ok(()) => format!("is of index {:?} in {:?}", self.index, self.project),
            Err(fault) => fault,
        };
        Err(Error::new(
            ErrorKind::CacheCorrupt,
            format!("manifest of index {index:?}: {fault}"),
        ))
    }

    /// The rules that hold for every manifest.
    fn check(&self) -> std::result::Result<(), String> {
        let rows = self
            .segments
            .iter()
            .fold(0u64, |sum, segment| sum.saturating_add(segment.rows));
        if self.version == 0 || self.floor > self.version {
            return Err(format!("version {} with floor {}", self.version, self.floor));
        }
        if self.doc_count > rows {
            return Err(format!("{} documents in {rows} rows", self.doc_count));
        }
        if self.deleted && !self.segments.is_empty() {
            return Err(format!("{} segments of a deleted index", self.segments.len()));
        }
        if self.dimension as usize > limits::MAX_DIMENSION {
            return Err(format!("dimension {}", self.dimension));
        }
        let mut ids: Vec<Uuid> = self.segments.iter().map(|segment| segment.id).collect();
        ids.extend(&self.condemned);
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("segment {} twice", pair[0])),
            None => Ok(()),
        }
    }
}

/// The body of a whole frame.
fn open_frame(bytes: &[u8]) -> std::result::Result<&[u8], String> {
    let number = |from: usize, to: usize| -> Option<u64> {
        let mut eight = [0; 8];
        eight[..to - from].copy_from_slice(bytes.get(from..to)?);
        Some(u64::from_le_bytes(eight))
    };
    if bytes.get(..MAGIC.len()) != Some(&MAGIC) {
        return Err("not a manifest".into());
    }
    let version = number(8, 12).ok_or("manifest is cut off")?;
    if version != u64::from(FORMAT_VERSION) {
        return Err(format!(
            "manifest format version {version}, this build reads {FORMAT_VERSION}"
        ));
    }
    let length = number(12, HEADER_BYTES).ok_or("manifest is cut off")?;
    let Some((framed, checksum)) = bytes.split_last_chunk::<CHECKSUM_BYTES>() else {
        return Err("manifest is cut off".into());
    };
    let Some(body) = framed
        .get(HEADER_BYTES..)
        .filter(|body| body.len() as u64 == length)
    else {
        return Err(format!(
            "manifest of {length} bytes in an object of {}",
            bytes.len()
        ));
    };
    if xxh3_64(framed) != u64::from_le_bytes(*checksum) {
        return Err("manifest checksum differs".into());
    }
    Ok(body)
}

/// A 64-bit number as 16 hex digits: JSON readers elsewhere round above 2^53.
mod hex_u64 {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{number:016x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let digits = String::deserialize(deserializer)?;
        u64::from_str_radix(&digits, 16).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Manifest {
        Manifest {
            project: "demo".into(),
            index: "conv-123/é".into(),
            version: 7,
            index_id: Uuid::from_u128(1),
            model: ModelTag {
                id: "moss-minilm".into(),
                version: "1".into(),
            },
            dimension: 384,
            doc_count: 3,
            created_at: 1_700_000_000_000,
            updated_at: 1_700_000_001_234,
            commit_id: Uuid::from_u128(2),
            job_id: "job-1".into(),
            deleted: false,
            segments: vec![
                SegmentEntry {
                    id: Uuid::from_u128(3),
                    bytes: 1 << 40,
                    checksum: u64::MAX - 1,
                    rows: 3,
                    tombstones: 0,
                    since: 0,
                },
                SegmentEntry {
                    id: Uuid::from_u128(4),
                    bytes: 1048,
                    checksum: 5,
                    rows: 1,
                    tombstones: 1,
                    since: 7,
                },
            ],
            floor: 2,
            condemned: vec![Uuid::from_u128(6)],
        }
    }

    /// The frozen file was written once, by the first code of version 1, from `example()`, and is never written again: if
    /// this fails, the layout changed and needs a new format version.
    #[test]
    fn the_frozen_file_of_version_1_opens() {
        let frozen = include_bytes!("../tests/golden/manifest-v1.mf");
        assert_eq!(
            Manifest::decode(frozen, &Path::from("frozen")).unwrap(),
            example()
        );
    }

    #[test]
    fn manifests_that_break_a_rule_are_neither_written_nor_read() {
        type Fault = fn(&mut Manifest);
        let faults: &[(&str, Fault)] = &[
            ("version 0", |m| (m.version, m.floor) = (0, 0)),
            ("floor 8", |m| m.floor = 8),
            ("5 documents in 4 rows", |m| m.doc_count = 5),
            ("2 segments of a deleted index", |m| m.deleted = true),
            ("dimension 16385", |m| m.dimension = 16_385),
            ("0003 twice", |m| m.segments[1].id = m.segments[0].id),
            ("0004 twice", |m| m.condemned[0] = m.segments[1].id),
        ];
        for (rule, spoil) in faults {
            let mut manifest = example();
            spoil(&mut manifest);
            let error = manifest.encode().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert!(error.to_string().contains(rule), "{error}");

            let error = Manifest::decode(&manifest.frame().unwrap(), &Path::from("m/x.mf")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
            assert!(
                error.to_string().contains(rule) && error.to_string().contains("m/x.mf"),
                "{error}"
            );
        }
    }

    #[test]
    fn another_version_is_named_with_both_numbers() {
        let mut bytes = example().frame().unwrap();
        bytes[8] = 2;
        let error = Manifest::decode(&bytes, &Path::from("m/x.mf")).unwrap_err();
        assert!(
            error.to_string().contains("version 2, this build reads 1"),
            "{error}"
        );
    }
}
