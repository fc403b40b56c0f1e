//! Sessions saved to a directory: one segment file under the session's name.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use moss_core::session::Session;
use moss_core::snapshot::{Layer, Segment};
use moss_core::{Error, ErrorKind, Result};
use uuid::Uuid;

const FILE: &str = "session.seg";

/// Bytes of a saved session and where they came from.
#[derive(Debug)]
pub(crate) struct Saved {
    bytes: Vec<u8>,
    path: PathBuf,
}

impl Saved {
    /// Calls `read` with the decoded file.
    pub(crate) fn with_layer<T>(&self, read: impl FnOnce(Layer<'_>) -> Result<T>) -> Result<T> {
        let segment = Segment::decode(&self.bytes, &self.path.display().to_string())?;
        read(Layer {
            segment: &segment,
            since: 0,
        })
    }
}

/// Writes all documents beside what was saved before, then renames: a reader sees the one or the other.
pub(crate) fn save(session: &Session, path: &Path, name: &str) -> Result<()> {
    let folder = path.join(folder_name(name));
    let bytes = session
        .everything()?
        .encode(Uuid::new_v4().into_bytes(), &session.model_id(), &[])?;
    let temporary = folder.join(format!("{FILE}.{}", Uuid::new_v4().simple()));
    let written = fs::create_dir_all(&folder)
        .and_then(|()| write_synced(&temporary, &bytes))
        .and_then(|()| {
            fs::rename(&temporary, folder.join(FILE))?;
            sync_folder(&folder)
        });
    written.map_err(|error| {
        // A leftover of a failed save; that it cannot be removed either changes nothing.
        let _ = fs::remove_file(&temporary);
        io_error(&folder, &error)
    })
}

/// What was saved under this name, if anything was.
pub(crate) fn read(path: &Path, name: &str) -> Result<Option<Saved>> {
    let path = path.join(folder_name(name)).join(FILE);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(Saved { bytes, path })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(&path, &error)),
    }
}

/// The name itself where the file system takes it as one folder and no other name is the same to it, else the store's
/// escaped form.
fn folder_name(name: &str) -> String {
    let ignores_case = cfg!(any(windows, target_vendor = "apple"));
    let plain = name.bytes().all(|byte| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || b"-_.".contains(&byte)
            || (byte.is_ascii_uppercase() && !ignores_case)
    });
    if plain && !name.starts_with('.') && !name.ends_with('.') && name.len() <= 120 {
        name.to_owned()
    } else {
        moss_store::escape(name)
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a rename survive a power cut, where folders can be synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

fn io_error(path: &Path, error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {error}", path.display()))
}
