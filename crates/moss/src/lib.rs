//! Real-time semantic search inside the application.
//!
//! Open a session by name, add what was just said, ask for what matters now: text is embedded and searched in
//! process. [`Session::push_index`] stores the session under its name; any other process, device or language opens that
//! name and goes on, with nothing embedded again.
//!
//! ```no_run
//! use moss::{AddOptions, Client, Document, PushOptions, QueryOptions, SessionOptions};
//!
//! # async fn example() -> moss::Result<()> {
//! let client = Client::new("my-project", "my-key")?;
//! let session = client.session("conv-123", &SessionOptions::new()).await?;
//! session.add_docs(vec![Document::new("turn-1", "I want my money back")], &AddOptions::new())?;
//! let found = session.query("refund", &QueryOptions::new())?;
//! assert_eq!(found.docs[0].id, "turn-1");
//! session.push_index(&PushOptions::new()).await?;
//! # Ok(())
//! # }
//! ```

mod border;
mod client;
mod credentials;
mod disk;
mod door;
mod follow;
mod loaded;
mod location;
mod opening;
mod poller;
mod runtime;
mod service;
mod session;
mod types;

pub use border::contain;
pub use client::Client;
pub use credentials::Authenticator;
pub use location::EMBEDDED_MANAGE_URL;
pub use moss_core::embed::{CUSTOM_MODEL, DEFAULT_MODEL};
pub use moss_core::filter::{Filter, Path as FilterPath};
pub use moss_core::query::{
    AddOptions, DEFAULT_ALPHA, DEFAULT_TOP_K, GetOptions, ParentGrouping, QueryOptions, ScoredDocument,
    check_top_k,
};
pub use moss_core::session::Upserted;
pub use moss_core::vector::Precision;
pub use moss_core::{Document, Error, ErrorKind, Metadata, Result, limits};
pub use moss_models::{set_bundled_dir as set_bundled_model_dir, set_cache_dir as set_model_cache_dir};
pub use runtime::block_on;
pub use session::Session;
pub use types::{
    IndexInfo, JobStatus, LoadOptions, LoadedIndexes, MemoryPressure, ModelRef, MutationResult, OnConflict,
    PushOptions, PushResult, RefreshResult, SearchResult, SessionOptions, SourceFile, VersionInfo,
};

/// The version of this library, as `0.1.0`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
