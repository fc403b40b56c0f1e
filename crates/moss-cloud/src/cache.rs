//! Indexes in memory: they answer queries, and changes rest on them.
//!
//! Every request learns the newest version from the store first, so that it sees what was committed before it came; those
//! that come while a lookup runs share the next one. An index that has moved on is brought forward by the segments that
//! were added, and one that nobody asked for goes when memory is short.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU64, AtomicUsize};

use moss_core::session::Session;
use moss_core::{Error, ErrorKind, Result};
use moss_store::{IndexStore, Manifest};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::Project;
use crate::catch_up::catch_up;
use crate::index::not_found;

/// An index in memory as of one version, or a newer one.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) session: Arc<Session>,
}

/// What the indexes in memory did since the cloud was opened, and what they take now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Requests answered from memory: nothing of the index was read.
    pub hits: u64,
    /// Requests for which only newer segments were read.
    pub catch_ups: u64,
    /// Requests for which the whole index was read.
    pub misses: u64,
    /// Indexes that went because memory was short.
    pub evictions: u64,
    /// Indexes in memory.
    pub indexes: usize,
    /// About how many bytes they take.
    pub bytes: usize,
}

/// Project id and index name.
type Key = (String, String);

/// The indexes in memory, the least recently used one to go first.
#[derive(Debug)]
pub(crate) struct SessionCache {
    /// Bytes that all indexes together may take; the one used last stays even if it takes more.
    capacity: usize,
    entries: Mutex<HashMap<Key, Arc<Entry>>>,
    uses: AtomicU64,
    hits: AtomicU64,
    catch_ups: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
}

#[derive(Debug, Default)]
struct Entry {
    /// Lookups of the newest version that were begun.
    begun: AtomicU64,
    newest: Arc<AsyncMutex<Newest>>,
    bytes: AtomicUsize,
    last_use: AtomicU64,
}

/// What the last lookup found.
#[derive(Debug, Default)]
struct Newest {
    lookup: u64,
    cached: Option<Cached>,
}

impl SessionCache {
    pub(crate) fn new(capacity: usize) -> SessionCache {
        SessionCache {
            capacity,
            entries: Mutex::default(),
            uses: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            catch_ups: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
        }
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let entries = self.entries.lock();
        let sizes = entries.values().map(|entry| entry.bytes.load(Relaxed));
        CacheStats {
            hits: self.hits.load(Relaxed),
            catch_ups: self.catch_ups.load(Relaxed),
            misses: self.misses.load(Relaxed),
            evictions: self.evictions.load(Relaxed),
            indexes: sizes.clone().filter(|bytes| *bytes > 0).count(),
            bytes: sizes.sum(),
        }
    }

    fn entry(&self, key: Key) -> Arc<Entry> {
        let entry = self.entries.lock().entry(key).or_default().clone();
        entry.last_use.store(self.uses.fetch_add(1, Relaxed), Relaxed);
        entry
    }

    /// Counts what an index takes now, and lets others go if that is too much.
    fn keep(&self, key: Key, entry: &Arc<Entry>, session: &Session) {
        entry.bytes.store(session.memory_bytes().max(1), Relaxed);
        let mut entries = self.entries.lock();
        entries.entry(key).or_insert_with(|| entry.clone());
        let mut total: usize = entries.values().map(|entry| entry.bytes.load(Relaxed)).sum();
        let mut freed = Vec::new();
        while total > self.capacity {
            let others = entries
                .iter()
                .filter(|(_, other)| !Arc::ptr_eq(other, entry) && other.bytes.load(Relaxed) > 0);
            let least = others.min_by_key(|(_, other)| other.last_use.load(Relaxed));
            let Some(key) = least.map(|(key, _)| key.clone()) else {
                break;
            };
            let gone = entries.remove(&key);
            total -= gone.as_ref().map_or(0, |gone| gone.bytes.load(Relaxed));
            self.evictions.fetch_add(1, Relaxed);
            freed.push(gone);
        }
        // What goes is freed after the lock is released.
        drop(entries);
        drop(freed);
    }

    /// Lets an index go.
    pub(crate) fn forget(&self, project: &str, name: &str) {
        let gone = self.entries.lock().remove(&(project.to_owned(), name.to_owned()));
        drop(gone);
    }
}

impl Project {
    /// The newest version of an index in memory: no older than what was the newest when this was called.
    ///
    /// # Errors
    /// `IndexNotFound`, `ModelUnavailable`, `CacheCorrupt`, `Io`.
    pub(crate) async fn open(&self, name: &str) -> Result<Cached> {
        let index = self.index(name)?;
        let entry = self.cache().entry(self.cache_key(name));
        let begun = entry.begun.load(SeqCst);
        let newest = entry.newest.clone().lock_owned().await;
        if newest.lookup > begun {
            // Begun after this call by somebody else.
            self.cache().hits.fetch_add(1, Relaxed);
            return newest.cached.clone().ok_or_else(|| not_found(name));
        }
        // In a task of its own: others wait for it, whatever becomes of this call.
        let (project, name) = (self.clone(), name.to_owned());
        let lookup = tokio::spawn(async move { project.look_up(&name, &index, &entry, newest).await });
        lookup.await.unwrap_or_else(|error| {
            Err(Error::new(
                ErrorKind::Internal,
                format!("the lookup ended early: {error}"),
            ))
        })
    }

    async fn look_up(
        &self,
        name: &str,
        index: &IndexStore,
        entry: &Arc<Entry>,
        mut newest: OwnedMutexGuard<Newest>,
    ) -> Result<Cached> {
        let lookup = entry.begun.fetch_add(1, SeqCst) + 1;
        let head = index.head().await?.filter(|head| !head.deleted);
        let cached = match head {
            Some(head) => Some(self.bring_forward(index, newest.cached.take(), head).await?),
            None => None,
        };
        *newest = Newest {
            lookup,
            cached: cached.clone(),
        };
        match &cached {
            Some(cached) => self.cache().keep(self.cache_key(name), entry, &cached.session),
            None => self.cache().forget(self.id(), name),
        }
        cached.ok_or_else(|| not_found(name))
    }

    /// Keeps a session that was just pushed for the next question or change.
    pub(crate) async fn remember(&self, cached: Cached) {
        let key = self.cache_key(&cached.manifest.index);
        let entry = self.cache().entry(key.clone());
        let mut newest = entry.newest.lock().await;
        let version = cached.manifest.version;
        // A lookup may have found a newer one meanwhile.
        if newest
            .cached
            .as_ref()
            .is_none_or(|held| held.manifest.version < version)
        {
            self.cache().keep(key, &entry, &cached.session);
            newest.cached = Some(cached);
        }
    }

    /// The index as of `head`, from what is held of an earlier version as far as that goes.
    async fn bring_forward(
        &self,
        index: &IndexStore,
        held: Option<Cached>,
        head: Manifest,
    ) -> Result<Cached> {
        let cache = self.cache();
        if let Some(held) = held {
            if held.manifest.commit_id == head.commit_id {
                cache.hits.fetch_add(1, Relaxed);
                return Ok(held);
            }
            match catch_up(index, &held.manifest, &held.session, &head).await {
                Ok(true) => {
                    cache.catch_ups.fetch_add(1, Relaxed);
                    return Ok(Cached {
                        manifest: Arc::new(head),
                        session: held.session,
                    });
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(index = head.index, %error, "read whole, what was added cannot be")
                }
            }
        }
        cache.misses.fetch_add(1, Relaxed);
        self.open_fresh(head).await
    }

    fn cache_key(&self, name: &str) -> Key {
        (self.id().to_owned(), name.to_owned())
    }
}
