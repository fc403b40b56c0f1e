//! Bounding the folder that keeps the versions of many indexes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Removes what `root` keeps of the indexes that were not used for longest, until it has at most `max_bytes`; returns how many
/// indexes it removed. What is removed while another process reads it is fetched again by that process. An index that cannot be
/// measured or removed is passed by.
///
/// # Errors
/// That of a folder above them that cannot be read.
pub fn prune(root: &Path, max_bytes: u64) -> io::Result<usize> {
    prune_by(root, max_bytes, |folder| fs::remove_dir_all(folder))
}

fn prune_by(root: &Path, max_bytes: u64, remove: impl Fn(&Path) -> io::Result<()>) -> io::Result<usize> {
    let mut indexes = Vec::new();
    for origin in folders(root)? {
        for project in folders(&origin)? {
            for index in folders(&project)? {
                match measure(&index) {
                    Ok((used, bytes)) => indexes.push((used, bytes, index)),
                    Err(error) => warn(&index, &error),
                }
            }
        }
    }
    let mut total: u64 = indexes.iter().map(|(_, bytes, _)| bytes).sum();
    indexes.sort_unstable();
    let mut removed = 0;
    for (_, bytes, folder) in indexes {
        if total <= max_bytes {
            break;
        }
        match remove(&folder) {
            Ok(()) => {
                total -= bytes;
                removed += 1;
            }
            Err(error) => warn(&folder, &error),
        }
    }
    Ok(removed)
}

fn warn(folder: &Path, error: &io::Error) {
    tracing::warn!(folder = %folder.display(), %error, "a kept index is not bounded");
}

/// The folders in a folder; none where there is no such folder.
fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

/// When the index in a folder was used last, and how much is in it.
fn measure(folder: &Path) -> io::Result<(SystemTime, u64)> {
    let (mut used, mut bytes) = (SystemTime::UNIX_EPOCH, 0);
    for entry in fs::read_dir(folder)? {
        let metadata = match entry?.metadata() {
            // Its writer replaced it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        bytes += metadata.len();
        used = used.max(metadata.modified()?);
    }
    Ok((used, bytes))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;

    /// Three indexes of 1000 bytes: `newest`, `middle`, `oldest`.
    fn three() -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("origin").join("project");
        let index = move |name: &str| project.join(name);
        for (age, name) in ["newest", "middle", "oldest"].into_iter().enumerate() {
            fs::create_dir_all(index(name)).unwrap();
            let file = File::create(index(name).join("manifest.mf")).unwrap();
            file.set_len(1000).unwrap();
            let then = SystemTime::now() - Duration::from_secs(60 * age as u64);
            file.set_modified(then).unwrap();
        }
        (root, index)
    }

    #[test]
    fn one_that_cannot_be_removed_does_not_save_the_others() {
        let (root, index) = three();
        let remove = |folder: &Path| match folder.ends_with("oldest") {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => fs::remove_dir_all(folder),
        };
        assert_eq!(prune_by(root.path(), 2000, remove).unwrap(), 1);
        assert!(index("oldest").exists() && !index("middle").exists() && index("newest").exists());
    }

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        let (root, index) = three();
        assert_eq!(prune(root.path(), 3000).unwrap(), 0);
        assert_eq!(prune(root.path(), 2999).unwrap(), 1);
        assert!(!index("oldest").exists() && index("middle").exists());
        assert_eq!(prune(root.path(), 1000).unwrap(), 1);
        assert!(index("newest").exists());
        assert_eq!(prune(&root.path().join("nothing"), 0).unwrap(), 0);
    }
}
