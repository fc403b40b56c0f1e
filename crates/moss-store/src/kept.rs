//! A folder on this machine that keeps one downloaded version of an index, to load it again without the store.
//!
//! It holds the version's manifest and segments as the store has them. All is verified where it is read, so what a crash or a
//! bad disk left behind counts as absent and nothing here has to be synced.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use moss_core::{Error, ErrorKind, Result};
use sha2::{Digest, Sha256};

use crate::key::escape;
use crate::manifest::{Manifest, SegmentEntry};

const MANIFEST: &str = "manifest.mf";
const LOCK: &str = "lock";
/// What is being written and not yet renamed.
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
        }
    }

    /// The version that is kept, `None` if there is none or it is damaged.
    pub fn manifest(&self) -> Option<Manifest> {
        let path = self.folder.join(MANIFEST);
        let bytes = fs::read(&path).ok()?;
        let manifest = Manifest::decode(&bytes, &MANIFEST.into())
            .inspect_err(
                |error| tracing::warn!(folder = %self.folder.display(), %error, "kept version ignored"),
            )
            .ok()?;
        let is_ours = manifest.project == self.project && manifest.index == self.index && !manifest.deleted;
        is_ours.then_some(manifest)
    }

    /// The bytes of a segment, `None` if it is not kept or damaged.
    pub fn segment(&self, entry: &SegmentEntry) -> Option<Bytes> {
        let path = self.folder.join(segment_file(entry));
        let bytes = Bytes::from(fs::read(&path).ok()?);
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

    /// Keeps this version in place of the one before, whose files are removed. A newer one of the same index stays, and while
    /// another process writes this one does not.
    ///
    /// # Errors
    /// `Io`; the folder then keeps what it kept before, or nothing.
    pub fn keep(&self, manifest: &Manifest, segments: &[Bytes]) -> Result<()> {
        let encoded = manifest.encode()?;
        self.try_keep(manifest, &encoded, segments)
            .map_err(|error| Error::new(ErrorKind::Io, format!("{}: {error}", self.folder.display())))
    }

    fn try_keep(&self, manifest: &Manifest, encoded: &[u8], segments: &[Bytes]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
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
            if self.segment(entry).is_none() {
                self.write(&segment_file(entry), bytes)?;
            }
        }
        // Last, so that what it names is there.
        self.write(MANIFEST, encoded)?;
        self.remove_all_but(manifest)
    }

    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.folder.join(UNFINISHED);
        fs::write(&unfinished, bytes)?;
        fs::rename(unfinished, self.folder.join(file))
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
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn segment_file(entry: &SegmentEntry) -> String {
    format!("{}.seg", entry.id)
}
