//! A store with its projects, and the door to one of them.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use moss_core::{Error, ErrorKind, Result};
use moss_store::{Created, ProjectStore, Store};
use parking_lot::Mutex;

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::cache::SessionCache;
use crate::key::ProjectRecord;
use crate::time::now_ms;

/// Bytes of a project id or key.
const MAX_CREDENTIAL_BYTES: usize = 256;

/// A lock for each index that somebody is changing: project id, index name.
type Turns = Mutex<HashMap<(String, String), Weak<AsyncMutex<()>>>>;

/// One store and the indexes of it that this process has in memory.
#[derive(Debug)]
pub struct Cloud {
    store: Store,
    cache: SessionCache,
    turns: Turns,
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
        let cloud = Arc::new(Cloud {
            store: Store::open(url)?,
            cache: SessionCache::default(),
            turns: Turns::default(),
        });
        open.retain(|_, cloud| cloud.strong_count() > 0);
        open.insert(url.to_owned(), Arc::downgrade(&cloud));
        Ok(cloud)
    }

    /// The project of this id, which `key` opens. An id is registered with its key on first use.
    ///
    /// # Errors
    /// `Unauthorized` for any other key later; `InvalidArgument` for an empty or oversized id or key.
    pub async fn project(self: &Arc<Self>, id: &str, key: &str) -> Result<Project> {
        check_credential("project id", id)?;
        check_credential("project key", key)?;
        let store = self.store.project(id)?;
        let record = match store.record().await? {
            Some(record) => record,
            None => register(&store, key).await?,
        };
        record.check(id, key)?;
        Ok(Project {
            cloud: self.clone(),
            id: id.to_owned(),
            store,
        })
    }
}

/// Registers a project, unless somebody else does at this very moment.
async fn register(store: &ProjectStore, key: &str) -> Result<ProjectRecord> {
    let record = ProjectRecord::new(key, now_ms());
    match store.create_record(&record).await? {
        Created::New => Ok(record),
        Created::Exists => store.record().await?.ok_or_else(|| {
            Error::new(
                ErrorKind::Io,
                "the record of the project vanished while it was read",
            )
        }),
    }
}

fn check_credential(what: &str, value: &str) -> Result<()> {
    let fault = match value.len() {
        0 => "must not be empty".to_owned(),
        bytes if bytes > MAX_CREDENTIAL_BYTES => {
            format!("has {bytes} bytes, at most {MAX_CREDENTIAL_BYTES} are allowed")
        }
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::InvalidArgument, format!("{what} {fault}")))
}

/// A project whose key was accepted: the owner of indexes and jobs.
#[derive(Debug, Clone)]
pub struct Project {
    cloud: Arc<Cloud>,
    id: String,
    pub(crate) store: ProjectStore,
}

impl Project {
    pub(crate) fn cache(&self) -> &SessionCache {
        &self.cloud.cache
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
