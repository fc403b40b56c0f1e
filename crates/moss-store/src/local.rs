//! What a local directory needs beyond `object_store`: durable creation of the store's directory, and the removal of
//! files that killed writers left half written.

use std::fs::DirBuilder;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use moss_core::{Error, ErrorKind, Result};

/// Makes a directory and its missing parents so that they survive a crash.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|each| !each.exists()).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    // What it holds is its owner's alone: conversations, and the secret that tokens are signed with.
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path)?;
    for made in missing {
        if let Some(parent) = made.parent() {
            sync_directory(if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            })?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

/// Elsewhere directories cannot be opened and synced; the file system's journal has to do.
#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Syncs a file and the directory that names it.
pub(crate) fn sync(file: &Path) -> io::Result<()> {
    std::fs::File::open(file)?.sync_all()?;
    file.parent().map_or(Ok(()), sync_directory)
}

/// The numbers that `read` finds in the names of a directory's entries. Asks nothing of the files.
pub(crate) fn numbers(directory: &Path, read: fn(&str) -> Option<u64>) -> io::Result<Vec<u64>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let numbers = entries.map(|entry| Ok(entry?.file_name().to_str().and_then(read)));
    numbers.filter_map(io::Result::transpose).collect()
}

/// Removes staging files under `prefix` that nobody wrote to for `age`, measured against the newest file there.
///
/// `object_store` writes `name#1` and then links or renames it to `name`, so a killed writer leaves the staging file, which
/// lists hide and which nobody else removes. A writer that lives and is that slow gets an error and can try again.
/// A store that is no directory has none.
pub(crate) fn remove_stale_staging(
    directory: Option<&Path>,
    prefix: &object_store::path::Path,
    age: Duration,
) -> Result<()> {
    let Some(directory) = directory else {
        return Ok(());
    };
    remove_stale_files(&directory.join(prefix.as_ref()), age)
        .map_err(|error| Error::new(ErrorKind::Io, format!("sweeping {prefix}: {error}")))
}

fn remove_stale_files(directory: &Path, age: Duration) -> io::Result<()> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let entries: Vec<_> = entries.collect::<io::Result<_>>()?;
    // Nearly always there is none, and then no file is looked at.
    if !entries.iter().any(|entry| is_staging(&entry.path())) {
        return Ok(());
    }
    let mut files = Vec::new();
    for entry in entries {
        match entry.metadata().and_then(|metadata| metadata.modified()) {
            Ok(modified) => files.push((entry.path(), modified)),
            // Another collector was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let Some(newest) = files.iter().map(|(_, modified)| *modified).max() else {
        return Ok(());
    };
    for (path, modified) in files {
        if is_staging(&path) && newest.duration_since(modified).unwrap_or_default() >= age {
            ignore(std::fs::remove_file(path), io::ErrorKind::NotFound)?;
        }
    }
    Ok(())
}

/// Removes what is left under `prefix` when all its objects are deleted: directories, whose names are names of users, and
/// staging files. A directory in which somebody writes meanwhile stays.
pub(crate) fn remove_leftovers(directory: Option<&Path>, prefix: &object_store::path::Path) -> Result<()> {
    let Some(directory) = directory else {
        return Ok(());
    };
    remove_empty(&directory.join(prefix.as_ref()))
        .map_err(|error| Error::new(ErrorKind::Io, format!("removing {prefix}: {error}")))
}

fn remove_empty(directory: &Path) -> io::Result<()> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty(&entry.path())?;
        } else if is_staging(&entry.path()) {
            ignore(std::fs::remove_file(entry.path()), io::ErrorKind::NotFound)?;
        }
    }
    match std::fs::remove_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => ignore(removed, io::ErrorKind::NotFound),
    }
}

fn ignore(done: io::Result<()>, kind: io::ErrorKind) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == kind => Ok(()),
        done => done,
    }
}

fn is_staging(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.split_once('#'))
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
