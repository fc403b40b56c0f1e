//! The one async runtime of the process.
//!
//! Bindings run every future here. It is made on first use, has two workers, and is made anew in a forked child,
//! where the parent's threads do not exist.

use std::future::Future;
use std::sync::Arc;

use moss_core::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const WORKERS: usize = 2;

static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

/// Runs a future on the process's runtime and waits for it on this thread.
///
/// For bindings and programs without a runtime of their own. Futures of this crate run on any tokio runtime.
///
/// # Panics
/// On a thread that drives a tokio runtime already.
///
/// ```
/// assert_eq!(moss::block_on(async { 1 + 1 }), 2);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    runtime().block_on(future)
}

/// Runs work on the process's runtime, whatever runtime awaits it; dropped, it ends.
///
/// What speaks on shared connections runs so: the tasks that drive them would stop with the runtime of the caller that opened
/// them first.
pub(crate) async fn on_runtime<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    let mut task = JoinSet::new();
    task.spawn_on(work, runtime().handle());
    match task.join_next().await {
        Some(Ok(done)) => Ok(done),
        Some(Err(error)) => Err(ended_early(&error)),
        None => Err(ended_early(&"no task")),
    }
}

/// The error of work whose task did not come to its end.
pub(crate) fn ended_early(why: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("the work ended early: {why}"))
}

/// The runtime of this process.
pub(crate) fn runtime() -> Arc<Runtime> {
    let process = std::process::id();
    let mut slot = RUNTIME.lock();
    match &*slot {
        Some((owner, runtime)) if *owner == process => return runtime.clone(),
        _ => {}
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("moss")
        .enable_all()
        .build()
        .expect("the operating system gives two threads");
    let runtime = Arc::new(runtime);
    // Dropping the parent's runtime would wait for threads that did not survive the fork.
    std::mem::forget(slot.replace((process, runtime.clone())));
    runtime
}
