//! The folder that keeps a download, shared by writers and readers.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use moss_store::{KeptIndex, Manifest, Store, prune};

use crate::writer::push;

/// A version with its segments.
type Version = (Manifest, Vec<Bytes>);

/// Two versions of one index, each of a segment more than the one before, in a store of their own.
async fn versions(store: &str) -> [Version; 2] {
    let index = Store::open(&format!("memory://kept-{store}"))
        .and_then(|store| store.project("project"))
        .and_then(|project| project.index("docs"))
        .unwrap();
    let mut versions = Vec::new();
    for text in ["first", "second"] {
        let manifest = push(&index, &format!("{store} {text}")).await;
        let mut segments = Vec::new();
        for entry in &manifest.segments {
            segments.push(index.read_segment(entry).await.unwrap());
        }
        versions.push((manifest, segments));
    }
    versions.try_into().unwrap()
}

fn kept_in(folder: &Path) -> KeptIndex {
    KeptIndex::new(folder, "store", "project", "docs")
}

/// The files of the kept index.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn a_newer_version_is_not_replaced_by_an_older_one_unless_the_index_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let kept = kept_in(folder.path());
    assert!(kept.read().is_none());
    let [first, second] = versions("a").await;
    kept.keep(&second.0, &second.1).unwrap();
    kept.keep(&first.0, &first.1).unwrap();
    assert_eq!(kept.read().unwrap(), second);
    let [other, _] = versions("b").await;
    kept.keep(&other.0, &other.1).unwrap();
    assert_eq!(kept.read().unwrap(), other);
    // The manifest, its one segment and the lock.
    assert_eq!(files(folder.path()).len(), 3);
}

#[tokio::test]
async fn what_a_killed_writer_left_goes_with_the_next_version() {
    let folder = tempfile::tempdir().unwrap();
    let kept = kept_in(folder.path());
    let [first, second] = versions("killed").await;
    kept.keep(&first.0, &first.1).unwrap();
    let inside = files(folder.path())[0].parent().unwrap().to_owned();
    fs::write(inside.join("unfinished"), "half").unwrap();
    fs::write(inside.join(format!("{}.seg", second.0.segments[1].id)), "half").unwrap();
    assert_eq!(kept.read().unwrap(), first);
    kept.keep(&second.0, &second.1).unwrap();
    assert_eq!(kept.read().unwrap(), second);
    assert!(!inside.join("unfinished").exists());
}

#[tokio::test]
async fn readers_beside_writers_see_a_whole_version_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let ([first, _], [other, _]) = (versions("c").await, versions("d").await);
    kept_in(folder.path()).keep(&first.0, &first.1).unwrap();
    let seen: usize = std::thread::scope(|scope| {
        for version in [&first, &other] {
            let kept = kept_in(folder.path());
            scope.spawn(move || (0..300).for_each(|_| kept.keep(&version.0, &version.1).unwrap()));
        }
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let kept = kept_in(folder.path());
                let (first, other) = (&first, &other);
                scope.spawn(move || {
                    let read = (0..300).filter_map(|_| kept.read());
                    read.inspect(|version| assert!(version == first || version == other))
                        .count()
                })
            })
            .collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert!(seen > 0);
    assert!(kept_in(folder.path()).read().is_some());
}

#[tokio::test]
async fn what_was_used_last_stays_longest() {
    let root = tempfile::tempdir().unwrap();
    let [(manifest, segments), _] = versions("used").await;
    let kept = ["first", "second"].map(|origin| KeptIndex::new(root.path(), origin, "project", "docs"));
    for (kept, hours) in kept.iter().zip([2, 1]) {
        let before = files(root.path());
        kept.keep(&manifest, &segments).unwrap();
        for file in files(root.path()) {
            if !before.contains(&file) {
                let file = File::options().append(true).open(file).unwrap();
                let then = SystemTime::now() - Duration::from_secs(3600 * hours);
                file.set_modified(then).unwrap();
            }
        }
    }
    assert!(kept[0].manifest().is_some());
    let total: u64 = files(root.path())
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert_eq!(prune(root.path(), total - 1).unwrap(), 1);
    assert!(kept[0].read().is_some() && kept[1].read().is_none());
}

#[tokio::test]
async fn a_segment_that_is_there_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let [_, (manifest, segments)] = versions("there").await;
    let written = Arc::<AtomicU64>::default();
    let kept = kept_in(folder.path()).counting(written.clone());
    kept.keep_segment(&manifest.segments[0], &segments[0]).unwrap();
    assert_eq!(written.swap(0, Relaxed), segments[0].len() as u64);
    kept.keep(&manifest, &segments).unwrap();
    let manifest_bytes = files(folder.path())
        .into_iter()
        .find(|file| file.ends_with("manifest.mf"));
    let manifest_bytes = manifest_bytes.unwrap().metadata().unwrap().len();
    assert_eq!(written.load(Relaxed), segments[1].len() as u64 + manifest_bytes);
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let kept = kept_in(folder.path());
    let [first, second] = versions("fails").await;
    kept.keep(&first.0, &first.1).unwrap();
    let inside = files(folder.path())[0].parent().unwrap().to_owned();
    fs::create_dir(inside.join(format!("{}.seg", second.0.segments[1].id))).unwrap();
    kept.keep(&second.0, &second.1).unwrap_err();
    assert_eq!(kept.read().unwrap(), first);
    // The manifest, its one segment and the lock.
    assert_eq!(files(folder.path()).len(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_reads_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let [first, _] = versions("private").await;
    kept_in(folder.path()).keep(&first.0, &first.1).unwrap();
    let mut inside = files(folder.path())[0].parent().unwrap().to_owned();
    while inside != folder.path() {
        assert_eq!(fs::metadata(&inside).unwrap().permissions().mode() & 0o777, 0o700);
        inside.pop();
    }
}
