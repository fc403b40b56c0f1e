//! Where models may be.

use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError, RwLock};

use moss_core::embed::ModelSpec;

/// The hub of the published files.
const DEFAULT_HUB: &str = "https://huggingface.co";

static BUNDLED: OnceLock<PathBuf> = OnceLock::new();
static CACHE: RwLock<Option<PathBuf>> = RwLock::new(None);

/// Says where the package that carries this library keeps its models. For bindings, once, at import.
///
/// Returns whether it took effect; the first call wins.
pub fn set_bundled_dir(directory: impl Into<PathBuf>) -> bool {
    BUNDLED.set(directory.into()).is_ok()
}

/// Says where downloaded models are kept, in place of the user's cache. A model that is open already stays open.
pub fn set_cache_dir(directory: impl Into<PathBuf>) {
    // A path is whole or not there, even if a writer died.
    *CACHE.write().unwrap_or_else(PoisonError::into_inner) = Some(directory.into());
}

/// Moss's folder in the user's cache: `$XDG_CACHE_HOME/moss`, `~/.cache/moss`, `~/Library/Caches/moss` on macOS,
/// `%LOCALAPPDATA%\moss` on Windows. `None` for a user without any. Need not exist.
pub fn user_cache() -> Option<PathBuf> {
    let path = |name: &str| variable(name).map(PathBuf::from);
    let user = if cfg!(windows) {
        path("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        path("HOME").map(|home| home.join("Library/Caches"))
    } else {
        path("XDG_CACHE_HOME").or_else(|| path("HOME").map(|home| home.join(".cache")))
    };
    user.map(|user| user.join("moss"))
}

/// The places that are searched for a model, in the order of the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// `MOSS_MODEL_DIR`.
    pub model_dir: Option<PathBuf>,
    /// What a binding brought, else `../share/moss/models` beside the library, if that is there.
    pub bundled: Option<PathBuf>,
    /// The user's cache of models; also where a download goes. Need not exist.
    pub cache: Option<PathBuf>,
    /// Base URL of the hub, without a slash at its end; `None` forbids the download.
    pub hub: Option<String>,
}

impl Places {
    /// The places of this process, by its environment.
    pub fn from_env() -> Places {
        let path = |name: &str| variable(name).map(PathBuf::from);
        let chosen = CACHE.read().unwrap_or_else(PoisonError::into_inner).clone();
        let offline = variable("MOSS_OFFLINE").is_some_and(|value| value != "0");
        let hub = variable("MOSS_MODEL_HUB").unwrap_or_else(|| DEFAULT_HUB.to_owned());
        Places {
            model_dir: path("MOSS_MODEL_DIR"),
            bundled: BUNDLED.get().cloned().or_else(beside_library),
            cache: chosen.or_else(|| user_cache().map(|cache| cache.join("models"))),
            hub: (!offline).then(|| hub.trim_end_matches('/').to_owned()),
        }
    }

    /// The directories, in the order in which they are searched.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &Path> {
        [&self.model_dir, &self.bundled, &self.cache]
            .into_iter()
            .filter_map(Option::as_deref)
    }
}

/// `../share/moss/models` as seen from the folder of the library or program that holds this code, if it is there: where an
/// unpacked archive has its models, wherever it was unpacked.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
fn beside_library() -> Option<PathBuf> {
    let whole = |path: PathBuf| path.canonicalize().ok();
    // The path of a program is what it was called by, and may be found by the shell alone.
    let code = process_path::get_dylib_path()
        .and_then(whole)
        .or_else(|| std::env::current_exe().ok().and_then(whole))?;
    models_beside(&code)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn beside_library() -> Option<PathBuf> {
    None
}

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
fn models_beside(code: &Path) -> Option<PathBuf> {
    let models = code.parent()?.parent()?.join("share/moss/models");
    models.is_dir().then_some(models)
}

/// The name of the packed file of a model.
pub(crate) fn file_name(spec: &ModelSpec) -> String {
    format!("{}.moss", spec.weights)
}

/// An environment variable, where an empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_of_an_unpacked_archive_are_found_from_its_library() {
        let archive = tempfile::TempDir::new().unwrap();
        let library = archive.path().join("lib/libmoss.so.0");
        assert_eq!(models_beside(&library), None);
        let models = archive.path().join("share/moss/models");
        std::fs::create_dir_all(&models).unwrap();
        assert_eq!(models_beside(&library), Some(models));
    }
}
