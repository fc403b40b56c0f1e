//! Bounding the folder that keeps the versions of many indexes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Removes what `root` keeps of the indexes whose kept version was written longest ago, until it has at most `max_bytes`;
/// returns how many indexes it removed. What is removed while another process reads it is fetched again by that process.
///
/// # Errors
/// That of the first folder that cannot be read or removed; those before it are gone.
pub fn prune(root: &Path, max_bytes: u64) -> io::Result<usize> {
    let mut indexes = Vec::new();
    for origin in folders(root)? {
        for project in folders(&origin)? {
            for index in folders(&project)? {
                indexes.push(measure(index)?);
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
        fs::remove_dir_all(folder)?;
        total -= bytes;
        removed += 1;
    }
    Ok(removed)
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

/// When anything in the folder of an index was written last, and how much is in it.
fn measure(folder: PathBuf) -> io::Result<(SystemTime, u64, PathBuf)> {
    let (mut written, mut bytes) = (SystemTime::UNIX_EPOCH, 0);
    for entry in fs::read_dir(&folder)? {
        let metadata = match entry?.metadata() {
            // Its writer replaced it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        bytes += metadata.len();
        written = written.max(metadata.modified()?);
    }
    Ok((written, bytes, folder))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        let root = tempfile::tempdir().unwrap();
        let index = |name: &str| root.path().join("origin").join("project").join(name);
        for (age, name) in ["newest", "middle", "oldest"].into_iter().enumerate() {
            fs::create_dir_all(index(name)).unwrap();
            let file = File::create(index(name).join("manifest.mf")).unwrap();
            file.set_len(1000).unwrap();
            let then = SystemTime::now() - Duration::from_secs(60 * age as u64);
            file.set_modified(then).unwrap();
        }
        assert_eq!(prune(root.path(), 3000).unwrap(), 0);
        assert_eq!(prune(root.path(), 2999).unwrap(), 1);
        assert!(!index("oldest").exists() && index("middle").exists());
        assert_eq!(prune(root.path(), 1000).unwrap(), 1);
        assert!(index("newest").exists());
        assert_eq!(prune(&root.path().join("nothing"), 0).unwrap(), 0);
    }
}
