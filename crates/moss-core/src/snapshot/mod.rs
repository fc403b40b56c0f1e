//! State to bytes and back: the segment format of docs/snapshot-format.md.
//!
//! Here live the bytes of one segment ([`SegmentContent::encode`], [`Segment::decode`]), the rule by which several
//! segments make one state ([`live_rows`]), and the rewriting of several into one ([`merge`]). Files, object names,
//! manifests and commits do not: they are `moss-store`'s.

mod cursor;
mod frame;
mod layer;
mod merge;
mod metadata;
mod reader;
mod strings;
mod terms;
#[cfg(test)]
mod tests;
mod writer;

pub use layer::{Layer, LiveRow, deleted_ids, live_rows};
pub use merge::{MergeScope, merge};
pub use reader::Segment;
pub use writer::{Row, SegmentContent};

use crate::{Error, ErrorKind};

/// The format version that this build writes; it reads this one and no other yet.
pub const FORMAT_VERSION: u32 = 1;

/// What all rows of a segment have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentMeta {
    /// The model that made the vectors, `custom` for vectors of the caller.
    pub model_id: String,
    /// Which release of the model.
    pub model_version: String,
    /// Length of every vector; 0 only where nothing fixed it yet, and then there are no rows.
    pub dimension: usize,
}

/// Section kinds in the order in which they stand.
mod kind {
    pub(super) const META: u32 = 1;
    pub(super) const IDS: u32 = 2;
    pub(super) const TEXTS: u32 = 3;
    pub(super) const METADATA: u32 = 4;
    pub(super) const PAYLOADS: u32 = 5;
    pub(super) const VECTORS: u32 = 6;
    pub(super) const TERMS: u32 = 7;
    pub(super) const TOMBSTONES: u32 = 8;
    pub(super) const ORDER: u32 = 9;
    pub(super) const ROW_VERSIONS: u32 = 10;
}

/// Precision code of vectors kept as they are.
const PRECISION_F32: u32 = 0;

fn corrupt(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::CacheCorrupt, message)
}
