//! A store with its projects, and the door to one of them.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use moss_core::Result;
use moss_store::{ProjectStore, Store};
use parking_lot::Mutex;

use tokio::sync::{Mutex as AsyncMutex, OnceCell, OwnedMutexGuard};

use crate::cache::{CacheStats, SessionCache};
use crate::grant::Signer;
use crate::jobs::{JobStats, Workers};
use crate::key_cache::KeyCache;
use crate::turns::TurnsTo;
use crate::watch::Watchers;

/// A lock for each index that somebody is changing: project id, index name.
type Turns = Mutex<HashMap<(String, String), Weak<AsyncMutex<()>>>>;

/// Between two looks for old jobs of a project.
const COLLECT_JOBS_EVERY: Duration = Duration::from_secs(3600);

/// How a process uses its store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloudOptions {
    /// How often the record of a running job is written. A job whose record was not written eight times is taken over by
    /// whoever asks for it. Default 2 seconds.
    pub job_heartbeat: Duration,
    /// About how many bytes the indexes in memory may take, those that were queried or changed last. One index stays even
    /// if it takes more. Those that are being read may take as much again. Default 512 MiB.
    pub cache_bytes: usize,
}

impl Default for CloudOptions {
    fn default() -> CloudOptions {
        CloudOptions {
            job_heartbeat: Duration::from_secs(2),
            cache_bytes: 512 << 20,
        }
    }
}

/// One store and the indexes of it that this process has in memory.
#[derive(Debug)]
pub struct Cloud {
    store: Store,
    options: CloudOptions,
    cache: SessionCache,
    turns: Turns,
    keys: KeyCache,
    signer: OnceCell<Signer>,
    workers: Workers,
    watchers: Watchers,
    turns_to: TurnsTo,
    /// When old jobs were looked for last, by project id.
    jobs_collected: Mutex<HashMap<String, Instant>>,
}

impl Cloud {
    /// The cloud in the store at `url`: a directory, `file://` or `memory://`. Opened twice in one process it is the
    /// same cloud. Creates the directory on first use.
    ///
    /// # Errors
    /// `InvalidArgument` for a URL that is none of these, `Io` for a directory that cannot be used.
    pub fn open(url: &str) -> Result<Arc<Cloud>> {
        static OPEN: Mutex<Option<HashMap<String, Weak<Cloud>>>> = Mutex::new(None);
        let mut open = OPEN.lock();
        let open = open.get_or_insert_default();
        if let Some(cloud) = open.get(url).and_then(Weak::upgrade) {
            return Ok(cloud);
        }
        let cloud = Cloud::open_with(url, CloudOptions::default())?;
        open.retain(|_, cloud| cloud.strong_count() > 0);
        open.insert(url.to_owned(), Arc::downgrade(&cloud));
        Ok(cloud)
    }

    /// The cloud in the store at `url`, for its caller alone: it shares nothing with another but the store.
    ///
    /// # Errors
    /// As [`open`](Cloud::open).
    pub fn open_with(url: &str, options: CloudOptions) -> Result<Arc<Cloud>> {
        Ok(Arc::new(Cloud {
            store: Store::open(url)?,
            cache: SessionCache::new(options.cache_bytes),
            turns_to: TurnsTo::new(&options),
            options,
            turns: Turns::default(),
            keys: KeyCache::default(),
            signer: OnceCell::new(),
            workers: Workers::default(),
            watchers: Watchers::default(),
            jobs_collected: Mutex::default(),
        }))
    }

    /// What the indexes in memory did and what they take, of all projects.
    pub fn cache_stats(&self) -> CacheStats {
        self.cache.stats()
    }

    /// What the jobs of this process do and did, of all projects.
    pub fn job_stats(&self) -> JobStats {
        self.workers.stats()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The keys that this process knows.
    pub(crate) fn keys(&self) -> &KeyCache {
        &self.keys
    }

    /// Who may do what takes a core or much memory.
    pub(crate) fn turns_to(&self) -> &TurnsTo {
        &self.turns_to
    }

    /// Who waits for new versions.
    pub(crate) fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// What signs with the store's secret, once that was read.
    pub(crate) fn signer_cell(&self) -> &OnceCell<Signer> {
        &self.signer
    }

    /// A project whose credentials were accepted.
    pub(crate) fn opened(self: &Arc<Self>, id: &str, store: ProjectStore, key_id: String) -> Project {
        Project {
            cloud: self.clone(),
            id: id.to_owned(),
            key_id,
            store,
        }
    }
}

/// A project whose credentials were accepted: the owner of indexes and jobs.
#[derive(Debug, Clone)]
pub struct Project {
    cloud: Arc<Cloud>,
    id: String,
    /// The key that opened it, itself or by a token.
    key_id: String,
    pub(crate) store: ProjectStore,
}

impl Project {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of the key that opened it; no secret.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(crate) fn options(&self) -> &CloudOptions {
        &self.cloud.options
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.cloud.workers
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    pub(crate) fn cache(&self) -> &SessionCache {
        &self.cloud.cache
    }

    /// Whether it is time to look for old jobs: all that are kept are looked at, so a process does it once an hour.
    pub(crate) fn collects_jobs_now(&self) -> bool {
        let mut collected = self.cloud.jobs_collected.lock();
        let is_due = collected
            .get(&self.id)
            .is_none_or(|last| last.elapsed() >= COLLECT_JOBS_EVERY);
        if is_due {
            collected.insert(self.id.clone(), Instant::now());
        }
        is_due
    }

    /// Whose turn it is to change an index: changes made in this process run in order of arrival.
    pub(crate) async fn turn(&self, name: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut turns = self.cloud.turns.lock();
            turns.retain(|_, lock| lock.strong_count() > 0);
            let slot = turns.entry((self.id.clone(), name.to_owned())).or_default();
            slot.upgrade().unwrap_or_else(|| {
                let lock = Arc::new(AsyncMutex::new(()));
                *slot = Arc::downgrade(&lock);
                lock
            })
        };
        lock.lock_owned().await
    }
}
