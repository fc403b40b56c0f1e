//! The few indexes that this process used last, ready to be queried and changed.

use std::sync::Arc;

use moss_core::session::Session;
use moss_store::Manifest;
use parking_lot::Mutex;

/// How many indexes are kept in memory.
const CAPACITY: usize = 4;

/// An index in memory as of one version.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) session: Arc<Session>,
}

/// Least recently used first.
#[derive(Debug, Default)]
pub(crate) struct SessionCache {
    entries: Mutex<Vec<Cached>>,
}

impl SessionCache {
    /// The index of this very version.
    pub(crate) fn get(&self, manifest: &Manifest) -> Option<Cached> {
        let mut entries = self.entries.lock();
        let at = entries
            .iter()
            .position(|cached| same_version(&cached.manifest, manifest))?;
        let cached = entries.remove(at);
        entries.push(cached.clone());
        Some(cached)
    }

    pub(crate) fn put(&self, cached: Cached) {
        let mut entries = self.entries.lock();
        entries.retain(|other| !same_index(&other.manifest, &cached.manifest));
        entries.push(cached);
        if entries.len() > CAPACITY {
            entries.remove(0);
        }
    }
}

fn same_index(a: &Manifest, b: &Manifest) -> bool {
    a.project == b.project && a.index == b.index
}

fn same_version(a: &Manifest, b: &Manifest) -> bool {
    same_index(a, b) && a.commit_id == b.commit_id
}
