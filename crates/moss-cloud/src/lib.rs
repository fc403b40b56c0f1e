//! The Moss cloud as a library: projects, indexes, jobs, pushes and queries over a store.
//!
//! A client calls it in process. State lives in the store alone; what is kept here is a cache.

mod access;
mod admin;
mod base;
mod cache;
mod catch_up;
mod commit;
mod compact;
mod files;
mod grant;
mod identity;
mod index;
mod jobs;
mod key;
mod key_cache;
mod merge;
mod mutate;
mod project;
mod push;
mod snapshot;
mod stored;
mod time;
mod turns;
mod types;
mod upload;
mod watch;

pub use access::{Attempt, ReadVersions, WriteVersions};
pub use admin::{KeyInfo, NewKey, ProjectInfo};
pub use base::Base;
pub use cache::CacheStats;
pub use commit::{CommitSpec, Committed, StoredSegment};
pub use identity::{TOKEN_TTL, Token};
pub use index::{Loaded, blocking, info, load, model_mismatch, open_model};
pub use jobs::JobStats;
pub use mutate::{check_batch, file_documents};
pub use project::{Cloud, CloudOptions, Project};
pub use push::{Pushed, push};
pub use snapshot::Snapshot;
pub use types::{
    CreateMode, IndexInfo, JobStatus, ModelRef, MutationResult, OnConflict, SourceFile, UploadSpec,
    VersionInfo,
};
pub use upload::UPLOAD_EXPIRES;
pub use watch::Newest;
