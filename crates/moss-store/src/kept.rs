//! A folder on this machine that keeps one downloaded version of an index, to load it again without the store.
//!
//! It holds the version's manifest and segments as the store has them. All is verified where it is read, so what a crash or a
//! bad disk left behind counts as absent and nothing here has to be synced.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use bytes::Bytes;
use moss_core::{Error, ErrorKind, Result};
use sha2::{Digest, Sha256};

use crate::file;
use crate::key::escape;
use crate::manifest::{Manifest, SegmentEntry};

const MANIFEST: &str = "manifest.mf";
const LOCK: &str = "lock";
/// What is being written and not yet renamed ends so.
const UNFINISHED: &str = "unfinished";
/// How often a reader starts again because a writer replaced the version meanwhile.
const READ_ATTEMPTS: usize = 3;
/// Hex digits of the origin's hash: it only tells a few origins apart.
const ORIGIN_DIGITS: usize = 16;

/// The kept version of one index. Any number of processes may share the folder.
#[derive(Debug, Clone)]
pub struct KeptIndex {
    folder: PathBuf,
    project: String,
    index: String,
    written: Arc<AtomicU64>,
}

impl KeptIndex {
    /// What `root` keeps of an index. `origin` names the store or service: indexes of one name in two of them are kept apart.
    /// Does no I/O.
    pub fn new(root: &Path, origin: &str, project: &str, index: &str) -> KeptIndex {
        let origin = &hex::encode(Sha256::digest(origin))[..ORIGIN_DIGITS];
        KeptIndex {
            folder: root.join(origin).join(escape(project)).join(escape(index)),
            project: project.to_owned(),
            index: index.to_owned(),
            written: Arc::default(),
        }
    }

    /// The same, with the bytes that it writes added to `written`.
    #[must_use]
    pub fn counting(self, written: Arc<AtomicU64>) -> KeptIndex {
        KeptIndex { written, ..self }
    }

    /// The version that is kept, `None` if there is none or it is damaged. This marks it as used.
    pub fn manifest(&self) -> Option<Manifest> {
        let path = self.folder.join(MANIFEST);
        let bytes = fs::read(&path).ok()?;
        let manifest = Manifest::decode(&bytes, &MANIFEST.into())
            .inspect_err(
                |error| tracing::warn!(folder = %self.folder.display(), %error, "kept version ignored"),
            )
            .ok()?;
        let is_ours = manifest.project == self.project && manifest.index == self.index && !manifest.deleted;
        if is_ours {
            // If this fails, it is removed before its turn.
            let file = File::options().append(true).open(&path);
            _ = file.and_then(|file| file.set_modified(SystemTime::now()));
        }
        is_ours.then_some(manifest)
    }

    /// The bytes of a segment, `None` if it is not kept or damaged.
    pub fn segment(&self, entry: &SegmentEntry) -> Option<Bytes> {
        let path = self.folder.join(segment_file(entry));
        let bytes = File::open(&path).and_then(file::read).ok()?;
        if let Err(fault) = entry.check(&bytes) {
            tracing::warn!(file = %path.display(), fault, "kept segment ignored");
            return None;
        }
        Some(bytes)
    }

    /// The kept version with its segments, whole; `None` if any part is absent or damaged.
    pub fn read(&self) -> Option<(Manifest, Vec<Bytes>)> {
        // A writer may remove what it replaced between the reading of the manifest and that of the segments.
        for _ in 0..READ_ATTEMPTS {
            let manifest = self.manifest()?;
            let segments: Option<Vec<Bytes>> = manifest
                .segments
                .iter()
                .map(|entry| self.segment(entry))
                .collect();
            if let Some(segments) = segments {
                return Some((manifest, segments));
            }
        }
        None
    }

    /// Keeps a segment of a version that is not here as a whole yet; a download that breaks off later is not begun anew.
    ///
    /// # Errors
    /// `Io`.
    pub fn keep_segment(&self, entry: &SegmentEntry, bytes: &[u8]) -> Result<()> {
        self.create_folder()
            .and_then(|()| self.write(&segment_file(entry), bytes))
            .map_err(|error| self.io(&error))
    }

    /// Keeps this version in place of the one before, whose files are removed. A newer one of the same index stays, and while
    /// another process writes this one does not. A segment that is here in its length is not written again: whether it is
    /// whole is asked where it is read.
    ///
    /// # Errors
    /// `Io`; the folder then keeps what it kept before, or nothing.
    pub fn keep(&self, manifest: &Manifest, segments: &[Bytes]) -> Result<()> {
        let encoded = manifest.encode()?;
        self.try_keep(manifest, &encoded, segments)
            .map_err(|error| self.io(&error))
    }

    fn io(&self, error: &io::Error) -> Error {
        Error::new(ErrorKind::Io, format!("{}: {error}", self.folder.display()))
    }

    /// Others on this machine have no business with the documents.
    fn create_folder(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&self.folder)
    }

    fn try_keep(&self, manifest: &Manifest, encoded: &[u8], segments: &[Bytes]) -> io::Result<()> {
        self.create_folder()?;
        let lock = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let is_newer = |kept: Manifest| kept.index_id == manifest.index_id && kept.version > manifest.version;
        if self.manifest().is_some_and(is_newer) {
            return Ok(());
        }
        for (entry, bytes) in manifest.segments.iter().zip(segments) {
            let file = segment_file(entry);
            let is_here = fs::metadata(self.folder.join(&file)).is_ok_and(|file| file.len() == entry.bytes);
            if !is_here {
                self.write(&file, bytes)?;
            }
        }
        // Last, so that what it names is there.
        self.write(MANIFEST, encoded)?;
        self.remove_all_but(manifest)
    }

    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.folder.join(format!("{file}.{UNFINISHED}"));
        let written =
            fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, self.folder.join(file)));
        match written {
            Ok(()) => _ = self.written.fetch_add(bytes.len() as u64, Relaxed),
            // On a full disk the part that was written is in the way.
            Err(_) => _ = fs::remove_file(&unfinished),
        }
        written
    }

    fn remove_all_but(&self, manifest: &Manifest) -> io::Result<()> {
        let mut kept: Vec<OsString> = manifest
            .segments
            .iter()
            .map(|entry| segment_file(entry).into())
            .collect();
        kept.extend([MANIFEST.into(), LOCK.into()]);
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if !kept.contains(&entry.file_name()) {
                match fs::remove_file(entry.path()) {
                    // Somebody wrote it, and gave it its name just now.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed?,
                }
            }
        }
        Ok(())
    }
}

fn segment_file(entry: &SegmentEntry) -> String {
    format!("{}.seg", entry.id)
}
