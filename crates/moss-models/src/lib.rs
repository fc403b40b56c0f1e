//! Finds, downloads, verifies and packs the model files that moss-core opens.
//!
//! A model is looked for in these places, and the first that has it decides: a damaged file is an error, never passed
//! over for the next place.
//!
//! | Place | What is looked for |
//! | --- | --- |
//! | `MOSS_MODEL_DIR` | `<weights>.moss`, or a directory `<id>` with the published files |
//! | what a binding brought ([`set_bundled_dir`]), else `../share/moss/models` beside the library, where an archive has it | the same |
//! | the user's cache: `$XDG_CACHE_HOME/moss/models`, `~/.cache/moss/models`, `~/Library/Caches/moss/models` on macOS, `%LOCALAPPDATA%\moss\models` on Windows; or what [`set_cache_dir`] names | the same |
//! | the hub, once | the published files, checked and packed into the cache |
//!
//! `MOSS_OFFLINE=1` forbids the last. `MOSS_MODEL_HUB` names another hub with the same paths, such as a mirror.

mod download;
mod locate;
mod open;
mod places;
mod progress;

pub use locate::{find_file, locate};
pub use open::open_model;
pub use places::{Places, set_bundled_dir, set_cache_dir, user_cache};
#[cfg(not(target_os = "ios"))]
pub use progress::bars;

use std::io::Write;
use std::path::Path;

use moss_core::embed::{self, ModelSpec};
use moss_core::vector::Precision;
use moss_core::{Error, ErrorKind, Result};

/// Packs a directory of published files into one model file, with weights in this precision; see [`embed::pack`].
///
/// The file appears whole or not at all: it is written under a temporary name beside `out`, then renamed.
///
/// # Errors
/// `ModelUnavailable` if the published files are not those of the model; `Io` if `out` cannot be written.
pub fn pack_to_file(directory: &Path, spec: &ModelSpec, precision: Precision, out: &Path) -> Result<()> {
    let bytes = embed::pack(directory, spec, precision)?;
    let folder = match out.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        share(file.as_file())?;
        file.persist(out)?;
        Ok(())
    };
    write().map_err(|error: std::io::Error| io(out, &error))
}

/// A temporary file is private; a model is for every user who may read its folder.
#[cfg(unix)]
fn share(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn share(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

fn io(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {error}", path.display()))
}
