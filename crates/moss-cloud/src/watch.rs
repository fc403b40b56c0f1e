//! Learning of new versions: at once of those committed in this process, within a second of others'.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use moss_core::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::Project;

/// Indexes of one project that are watched here at most, whether they exist or not: each is looked at every second.
const MOST_WATCHED: usize = 1000;
/// How often a watched index is looked at for commits of other processes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The newest version of an index, as a watcher hears of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Newest {
    /// Its number, 0 before the first.
    pub version: u64,
    /// Whether it deleted the index.
    pub deleted: bool,
}

/// What somebody watches: one task looks for all who do.
#[derive(Debug)]
struct Watched {
    newest: watch::Sender<Newest>,
    committed: Arc<Notify>,
}

/// The watched indexes of a cloud: project id, index name.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    by_index: Mutex<HashMap<(String, String), Weak<Watched>>>,
}

impl Watchers {
    /// Says that this process committed a version.
    pub(crate) fn committed(&self, project: &str, name: &str) {
        let by_index = self.by_index.lock();
        if by_index.is_empty() {
            return;
        }
        if let Some(watched) = by_index
            .get(&(project.to_owned(), name.to_owned()))
            .and_then(Weak::upgrade)
        {
            watched.committed.notify_one();
        }
    }
}

impl Project {
    /// The newest version of an index, whether there is one or not, and from then on each newer one. The store is asked once
    /// a second for all who watch the index, for as long as anybody does.
    ///
    /// # Errors
    /// `InvalidArgument` for a bad name, `RateLimited` where 1,000 indexes of the project are watched, `Io`.
    pub async fn watch(&self, name: &str) -> Result<watch::Receiver<Newest>> {
        let newest = self.newest(name).await?;
        let mut by_index = self.cloud().watchers().by_index.lock();
        by_index.retain(|_, watched| watched.strong_count() > 0);
        let of_project = by_index.keys().filter(|(project, _)| project == self.id());
        if of_project.count() >= MOST_WATCHED {
            return Err(Error::new(
                ErrorKind::RateLimited,
                format!("{MOST_WATCHED} indexes of the project are watched already"),
            ));
        }
        let slot = by_index
            .entry((self.id().to_owned(), name.to_owned()))
            .or_default();
        if let Some(watched) = slot.upgrade() {
            raise(&watched.newest, newest);
            return Ok(watched.newest.subscribe());
        }
        let (sender, receiver) = watch::channel(newest);
        let watched = Arc::new(Watched {
            newest: sender,
            committed: Arc::default(),
        });
        *slot = Arc::downgrade(&watched);
        tokio::spawn(look(self.clone(), name.to_owned(), watched));
        Ok(receiver)
    }

    async fn newest(&self, name: &str) -> Result<Newest> {
        let head = self.index(name)?.head().await?;
        Ok(head.map_or(Newest::default(), |head| Newest {
            version: head.version,
            deleted: head.deleted,
        }))
    }
}

/// Looks until nobody watches. What fails is tried again.
async fn look(project: Project, name: String, watched: Arc<Watched>) {
    loop {
        tokio::select! {
            () = watched.newest.closed() => return,
            () = watched.committed.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        match project.newest(&name).await {
            Ok(newest) => raise(&watched.newest, newest),
            Err(error) => tracing::warn!(index = name, %error, "a watched index could not be looked at"),
        }
    }
}

/// Tells of a version if it is newer than what was told.
fn raise(sender: &watch::Sender<Newest>, newest: Newest) {
    sender.send_if_modified(|told| {
        let is_newer = newest.version > told.version;
        if is_newer {
            *told = newest;
        }
        is_newer
    });
}
