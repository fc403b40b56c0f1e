//! The native module `moss_core._moss`: Python classes over the crate `moss`.
//!
//! Lives here: conversions, the error map, the release of the interpreter lock. Methods are synchronous; the
//! Python package `moss` calls them in a worker thread and makes coroutines of them. Decides nothing about search.

mod convert;
mod documents;
mod enter;
mod errors;
mod filter;
mod jobs;
mod manage;
mod manager;
mod options;
mod record;
mod results;
mod session;

/// What `moss_core` re-exports, and `Session`, which only `moss.SessionIndex` holds.
#[pyo3::pymodule]
mod _moss {
    use std::path::PathBuf;

    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::documents::DocumentInfo;
    #[pymodule_export]
    use crate::jobs::{
        IndexInfo, IndexStatus, JobPhase, JobProgress, JobStatus, JobStatusResponse, ModelRef,
    };
    #[pymodule_export]
    use crate::manage::ManageClient;
    #[pymodule_export]
    use crate::manager::IndexManager;
    #[pymodule_export]
    use crate::options::{
        GetDocumentsOptions, MutationOptions, ParentGrouping, ParseFileInput, QueryOptions,
    };
    #[pymodule_export]
    use crate::results::{
        LoadIndexesResult, MutationResult, PushIndexResult, QueryResultDocumentInfo, SearchResult,
    };
    #[pymodule_export]
    use crate::session::Session;

    /// The manage URL in force when nothing is configured: the store in this process.
    #[pymodule_export]
    const CLOUD_API_MANAGE_URL: &str = moss::EMBEDDED_MANAGE_URL;

    /// The model of an index or session that names none.
    #[pymodule_export]
    const DEFAULT_MODEL: &str = moss::DEFAULT_MODEL;

    /// The model id of an index whose vectors the caller brings.
    #[pymodule_export]
    const CUSTOM_MODEL: &str = moss::CUSTOM_MODEL;

    /// The version of the distribution.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Says where the package keeps the model files that came with it.
    #[pyfunction]
    fn set_bundled_model_dir(path: PathBuf) {
        moss::set_bundled_model_dir(path);
    }

    /// A fresh UUID for a client; Python's own `uuid` takes longer to import than Moss.
    #[pyfunction]
    fn new_client_id() -> String {
        uuid::Uuid::new_v4().to_string()
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::errors::register(module)?;
        crate::jobs::register(module)
    }
}
