//! Looking for news on the process's runtime: when somebody tells of them, and now and then.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::runtime::runtime;
use crate::service::Events;

/// Calls for a look at news and every so often while its owner lives; dropped, it stops.
#[derive(Debug)]
pub(crate) struct Poller {
    interval: Duration,
    /// The task that looks, and the process whose runtime runs it.
    task: Mutex<Option<(u32, AbortHandle)>>,
}

impl Poller {
    /// A poller that waits so many seconds, at least one, between looks. It does not run yet.
    pub(crate) fn new(interval_secs: u64) -> Poller {
        Poller {
            interval: Duration::from_secs(interval_secs.max(1)),
            task: Mutex::new(None),
        }
    }

    /// Starts looking, unless this process does already. A forked child calls this at its first use of the owner, since it
    /// has none of its parent's threads.
    pub(crate) fn ensure<T, F>(
        &self,
        owner: &Arc<T>,
        news: impl FnOnce() -> Option<Events>,
        look: fn(Arc<T>) -> F,
    ) where
        T: Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let process = std::process::id();
        let mut task = self.task.lock();
        // A look that panicked has ended the task.
        let runs = |(holder, task): &(u32, AbortHandle)| *holder == process && !task.is_finished();
        if task.as_ref().is_some_and(runs) {
            return;
        }
        let (interval, owner, mut news) = (self.interval, Arc::downgrade(owner), news());
        let spawned = runtime().spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(interval) => {}
                    () = told(&mut news) => {}
                }
                let Some(owner) = owner.upgrade() else { return };
                look(owner).await;
            }
        });
        // The parent's handle is of a runtime that is gone: nothing to abort.
        *task = Some((process, spawned.abort_handle()));
    }
}

/// Returns when there is news; never where nobody tells.
async fn told(news: &mut Option<Events>) {
    match news {
        Some(news) => news.changed().await,
        None => std::future::pending().await,
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        if let Some((process, task)) = self.task.lock().take()
            && process == std::process::id()
        {
            task.abort();
        }
    }
}
