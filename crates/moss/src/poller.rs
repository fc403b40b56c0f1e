//! Looking for news on the process's runtime: when somebody tells of them, and now and then.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moss_core::Result;
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::runtime::runtime;
use crate::service::Events;

/// The least pause after a look.
const LEAST_PAUSE: Duration = Duration::from_millis(100);
/// The wait after the first look that failed; each next one is twice as long, up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(1);

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
        F: Future<Output = Result<()>> + Send + 'static,
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
            let mut failures = 0;
            loop {
                tokio::select! {
                    () = tokio::time::sleep(wait_after(failures, interval)) => {}
                    () = told(&mut news) => {}
                }
                let Some(owner) = owner.upgrade() else { return };
                let began = Instant::now();
                failures = match look(owner).await {
                    Ok(()) => 0,
                    Err(_) => failures + 1,
                };
                // An index that changes all the time takes half of the time at most, and one look is for all that came meanwhile.
                tokio::time::sleep(began.elapsed().max(LEAST_PAUSE)).await;
            }
        });
        // The parent's handle is of a runtime that is gone: nothing to abort.
        *task = Some((process, spawned.abort_handle()));
    }
}

/// How long to wait for a look after so many that failed in a row: the news that called for them may not be told again.
fn wait_after(failures: u32, interval: Duration) -> Duration {
    match failures {
        0 => interval,
        _ => FIRST_RETRY
            .saturating_mul(1 << (failures - 1).min(16))
            .min(interval),
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    #[test]
    fn a_look_that_failed_is_soon_tried_again() {
        let interval = Duration::from_secs(600);
        let waits = [0, 1, 2, 3, 11, 100].map(|failures| wait_after(failures, interval).as_secs());
        assert_eq!(waits, [600, 1, 2, 4, 600, 600]);
        assert_eq!(wait_after(1, Duration::from_millis(5)), Duration::from_millis(5));
    }

    /// Counts its looks.
    struct Owner(AtomicU32);

    #[test]
    fn looks_leave_as_much_time_as_they_take() {
        let owner = Arc::new(Owner(AtomicU32::new(0)));
        let poller = Poller {
            interval: Duration::from_millis(1),
            task: Mutex::new(None),
        };
        let began = Instant::now();
        poller.ensure(
            &owner,
            || None,
            |owner| async move {
                owner.0.fetch_add(1, Relaxed);
                Ok(())
            },
        );
        while owner.0.load(Relaxed) < 3 {
            std::thread::yield_now();
        }
        assert!(began.elapsed() >= 2 * LEAST_PAUSE);
    }
}
