//! Options and results of the public surface.

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use moss_cloud::{IndexInfo, JobStatus, ModelRef, MutationResult, OnConflict, SourceFile, VersionInfo};
use moss_core::query::ScoredDocument;
use moss_core::vector::Precision;

/// Options of [`Client::session`](crate::Client::session).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionOptions {
    /// The model; `None` adopts the stored one, else the default.
    pub model_id: Option<String>,
    /// Whether to load what is stored under the name; default true. Without it the session starts empty and a push
    /// replaces the cloud index.
    pub auto_load: bool,
    /// Opens this version instead of the newest.
    pub version: Option<u64>,
    /// How vectors are held in memory, and pushed; `None` is [`Precision::PLATFORM`]. Stored vectors of documents that the
    /// session does not change stay as they are.
    pub precision: Option<Precision>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        SessionOptions {
            model_id: None,
            auto_load: true,
            version: None,
            precision: None,
        }
    }
}

impl SessionOptions {
    /// The defaults.
    pub fn new() -> SessionOptions {
        SessionOptions::default()
    }

    /// Names the model.
    pub fn model_id(mut self, model_id: impl Into<String>) -> SessionOptions {
        self.model_id = Some(model_id.into());
        self
    }

    /// Sets whether to load what is stored.
    pub fn auto_load(mut self, auto_load: bool) -> SessionOptions {
        self.auto_load = auto_load;
        self
    }

    /// Names the version to open.
    pub fn version(mut self, version: u64) -> SessionOptions {
        self.version = Some(version);
        self
    }

    /// Sets how vectors are held.
    pub fn precision(mut self, precision: Precision) -> SessionOptions {
        self.precision = Some(precision);
        self
    }
}

/// Options of [`Session::push_index`](crate::Session::push_index).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushOptions {
    /// `None` merges; the first push of a session that was opened without loading replaces.
    pub on_conflict: Option<OnConflict>,
}

impl PushOptions {
    /// The defaults.
    pub fn new() -> PushOptions {
        PushOptions::default()
    }

    /// Sets what happens after a push by somebody else.
    pub fn on_conflict(mut self, on_conflict: OnConflict) -> PushOptions {
        self.on_conflict = Some(on_conflict);
        self
    }
}

/// What a push did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushResult {
    /// The push as a job, finished already.
    pub job_id: String,
    /// The session's name.
    pub index_name: String,
    /// Documents in the pushed version.
    pub doc_count: usize,
    /// `completed`.
    pub status: String,
    /// The pushed version.
    pub version: String,
    /// Ids that both this session and another writer changed, in byte order.
    pub conflicts: Vec<String>,
}

/// Options of [`Client::load_index`](crate::Client::load_index).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadOptions {
    /// Whether to follow newer versions; default false.
    pub auto_refresh: bool,
    /// Seconds between two looks for a newer version; default 600, below 1 counts as 1.
    pub polling_interval_secs: u64,
    /// A directory that keeps the download; default none. What it has of the newest version is not fetched again, and where
    /// the cloud cannot be reached the version it has is loaded as it is. Damaged files are fetched again. Processes may
    /// share it. Not encrypted, and only cleared of an index when a newer version of that index comes.
    pub cache_path: Option<PathBuf>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            auto_refresh: false,
            polling_interval_secs: 600,
            cache_path: None,
        }
    }
}

impl LoadOptions {
    /// The defaults.
    pub fn new() -> LoadOptions {
        LoadOptions::default()
    }

    /// Follows newer versions, looking for one every so many seconds.
    pub fn auto_refresh(mut self, polling_interval_secs: u64) -> LoadOptions {
        self.auto_refresh = true;
        self.polling_interval_secs = polling_interval_secs;
        self
    }

    /// Keeps the download in this directory.
    pub fn cache_path(mut self, cache_path: impl Into<PathBuf>) -> LoadOptions {
        self.cache_path = Some(cache_path.into());
        self
    }
}

/// How badly memory is wanted, for [`Client::release_memory`](crate::Client::release_memory).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryPressure {
    /// What is likely needed next may stay.
    Low,
    /// Everything that can be loaded again goes.
    Critical,
}

/// What [`Client::load_indexes`](crate::Client::load_indexes) did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadedIndexes {
    /// Names that are loaded now.
    pub loaded: Vec<String>,
    /// The others, each with the reason.
    pub failed: BTreeMap<String, String>,
}

/// What [`Client::refresh_index`](crate::Client::refresh_index) did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshResult {
    /// The index.
    pub index_name: String,
    /// When the copy held before was made.
    pub previous_updated_at: String,
    /// When the copy held now was made.
    pub new_updated_at: String,
    /// Whether the two differ.
    pub was_updated: bool,
}

/// The answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResult {
    /// Documents by descending score.
    pub docs: Vec<ScoredDocument>,
    /// The text as asked.
    pub query: String,
    /// The searched index, where it was one.
    pub index_name: Option<String>,
    /// Whole milliseconds, often 0.
    pub time_taken_ms: u64,
}
