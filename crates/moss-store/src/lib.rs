//! Segments and manifests over object storage: names, commits, versions and garbage collection; knows bytes, not search.
//!
//! [`Store`] opens a directory, a memory store or a bucket, [`ProjectStore`] keeps what belongs to a project, [`IndexStore`] the
//! versions of one index and [`Transaction`] makes the next one. What stands in a segment is `moss_core::snapshot`'s;
//! who may write, and how two writers' documents merge, is `moss-cloud`'s. The layout, byte by byte, and why it is safe:
//! docs/layout.md.
//!
//! No clock is read here: times come from the caller, and ages are measured by the store's own times.

mod bucket;
pub mod compact;
mod credentials;
mod file;
mod garbage;
mod housekeeping;
mod index;
mod jobs;
mod kept;
mod kept_root;
mod key;
mod local;
mod manifest;
mod object;
mod probe;
mod project;
mod store;
mod transaction;

pub use garbage::Retention;
pub use housekeeping::Housekeeping;
pub use index::IndexStore;
pub use kept::KeptIndex;
pub use kept_root::prune;
pub use key::escape;
pub use manifest::{Manifest, ModelTag, SegmentEntry};
pub use object::Created;
pub use project::ProjectStore;
pub use store::Store;
pub use transaction::{Change, Commit, NewSegment, Transaction};
