//! The structs of options. NULL in their place means the defaults; a struct that is given is taken word for word.

use std::ffi::c_char;
use std::path::PathBuf;

use sdk::{AddOptions, LoadOptions, Precision, QueryOptions, Result, SessionOptions};

use crate::input::{filter, invalid, optional_text, vector};

/// Options of moss_client_add_docs(). NULL: upsert.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MossMutationOptions {
    /// Whether a document whose id exists replaces the stored one, or is passed over.
    pub upsert: bool,
}

/// Options of moss_session_add_docs(). NULL: upsert.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MossAddDocsOptions {
    /// Whether a document whose id exists replaces the stored one, or is passed over.
    pub upsert: bool,
}

/// Options of a query. NULL: top_k 5, alpha 0.8, no filter.
///
/// A field left out of an initialiser is 0: no results, keywords only. Start from moss_query_options_default().
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MossQueryOptions {
    /// How many documents to return at most.
    pub top_k: usize,
    /// Weight of the vectors against the keywords: 1 is vectors only, 0 is keywords only.
    pub alpha: f32,
    /// Only documents that match are ranked: a filter in JSON, or NULL.
    pub filter_json: *const c_char,
    /// Used instead of embedding the text, or NULL. Needed with the model "custom".
    pub embedding: *const f32,
    /// Its length; 0 is no vector.
    pub embedding_dim: usize,
}

/// Options of moss_client_load_index() and moss_session_load_index(). NULL: no refresh.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MossLoadIndexOptions {
    /// Whether to follow newer versions.
    pub auto_refresh: bool,
    /// Seconds between two looks for a newer version; below 1 counts as 1.
    pub polling_interval_secs: u64,
    /// A directory where the download is kept and used when the cloud cannot be reached, or NULL.
    pub cache_path: *const c_char,
}

/// Options of moss_client_session(). NULL, and a struct of zeros: the stored or default model, loaded on opening.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MossSessionOptions {
    /// The model, or NULL for that of the stored index, else the default one.
    pub model_id: *const c_char,
    /// How vectors are held: 0 the default of the platform, 1 fp32, 2 int8.
    pub vector_quantization: u8,
    /// Not 0: opens an empty session at once, without the cloud; pushing it replaces the stored index.
    pub skip_auto_load_on_init: u8,
}

/// The options of a query that are in force where NULL is passed: top_k 5, alpha 0.8, no filter, no vector.
#[unsafe(no_mangle)]
pub extern "C" fn moss_query_options_default() -> MossQueryOptions {
    MossQueryOptions {
        top_k: sdk::DEFAULT_TOP_K,
        alpha: sdk::DEFAULT_ALPHA,
        filter_json: std::ptr::null(),
        embedding: std::ptr::null(),
        embedding_dim: 0,
    }
}

pub(crate) fn add_options(upsert: Option<bool>) -> AddOptions {
    upsert.map_or_else(AddOptions::new, |upsert| AddOptions::new().upsert(upsert))
}

/// # Safety
/// `options` is NULL or valid with valid parts.
pub(crate) unsafe fn query_options(options: *const MossQueryOptions) -> Result<QueryOptions> {
    // SAFETY: as this function's own.
    let Some(options) = (unsafe { options.as_ref() }) else {
        return Ok(QueryOptions::new());
    };
    let MossQueryOptions {
        top_k,
        alpha,
        filter_json,
        embedding,
        embedding_dim,
    } = *options;
    let mut options = QueryOptions::new().top_k(top_k).alpha(alpha);
    // SAFETY: as this function's own.
    unsafe {
        options.filter = filter(filter_json)?;
        options.embedding = vector(embedding, embedding_dim)?;
    }
    Ok(options)
}

/// # Safety
/// `options` is NULL or valid with valid parts.
pub(crate) unsafe fn load_options(options: *const MossLoadIndexOptions) -> Result<LoadOptions> {
    // SAFETY: as this function's own.
    let Some(options) = (unsafe { options.as_ref() }) else {
        return Ok(LoadOptions::new());
    };
    let MossLoadIndexOptions {
        auto_refresh,
        polling_interval_secs,
        cache_path,
    } = *options;
    let mut options = LoadOptions::new();
    options.auto_refresh = auto_refresh;
    options.polling_interval_secs = polling_interval_secs;
    // SAFETY: as this function's own.
    options.cache_path = unsafe { optional_text(cache_path, "cache_path") }?.map(PathBuf::from);
    Ok(options)
}

/// # Safety
/// `options` is NULL or valid with valid parts.
pub(crate) unsafe fn session_options(options: *const MossSessionOptions) -> Result<SessionOptions> {
    // SAFETY: as this function's own.
    let Some(options) = (unsafe { options.as_ref() }) else {
        return Ok(SessionOptions::new());
    };
    let MossSessionOptions {
        model_id,
        vector_quantization,
        skip_auto_load_on_init,
    } = *options;
    let mut options = SessionOptions::new().auto_load(skip_auto_load_on_init == 0);
    // SAFETY: as this function's own.
    options.model_id = unsafe { optional_text(model_id, "model_id") }?.map(str::to_owned);
    options.precision = match vector_quantization {
        0 => None,
        1 => Some(Precision::F32),
        2 => Some(Precision::Int8),
        other => {
            return Err(invalid(format!("vector_quantization is 0, 1 or 2, got {other}")));
        }
    };
    Ok(options)
}
