//! What is open until it is closed, and counts the calls that use it: the one door of every call.

use std::future::Future;
use std::sync::Arc;

use moss::{Error, ErrorKind};
use parking_lot::{Condvar, Mutex};

use crate::error::Result;

/// A client or session that can be closed while others use it.
pub(crate) struct Handle<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    /// What Swift calls it.
    name: &'static str,
    state: Mutex<State<T>>,
    idle: Condvar,
}

struct State<T> {
    /// `None` once closed.
    value: Option<T>,
    /// Calls that have begun and not ended.
    running: usize,
}

/// One call's use of a handle.
struct Pass<T> {
    shared: Arc<Shared<T>>,
    value: T,
}

impl<T> Drop for Pass<T> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.running -= 1;
        if state.running == 0 {
            self.shared.idle.notify_all();
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Handle<T> {
    /// An open handle. Its clones are cheap and mean the same thing.
    pub(crate) fn new(name: &'static str, value: T) -> Handle<T> {
        let state = State {
            value: Some(value),
            running: 0,
        };
        Handle {
            shared: Arc::new(Shared {
                name,
                state: Mutex::new(state),
                idle: Condvar::new(),
            }),
        }
    }

    /// Refuses further calls, waits for those that run, and frees the value. Closing again only waits.
    pub(crate) fn close(&self) -> Option<T> {
        let mut state = self.shared.state.lock();
        let value = state.value.take();
        self.shared.idle.wait_while(&mut state, |state| state.running > 0);
        value
    }

    /// Runs a call on this thread.
    pub(crate) fn here<R>(&self, call: impl FnOnce(&T) -> moss::Result<R>) -> Result<R> {
        let pass = self.enter()?;
        Ok(moss::contain(|| call(&pass.value))?)
    }

    /// Runs a call on the runtime of Moss, to its end even if nobody waits for it any more.
    pub(crate) async fn there<R, F>(&self, call: impl FnOnce(T) -> F + Send + 'static) -> Result<R>
    where
        R: Send + 'static,
        F: Future<Output = moss::Result<R>> + Send,
    {
        let pass = self.enter()?;
        let work = async move {
            let result = call(pass.value.clone()).await;
            drop(pass);
            result
        };
        ended(in_runtime(|| tokio::spawn(work)).await)
    }

    /// Runs a call that computes or writes for long on a thread of its own.
    pub(crate) async fn aside<R>(
        &self,
        call: impl FnOnce(&T) -> moss::Result<R> + Send + 'static,
    ) -> Result<R>
    where
        R: Send + 'static,
    {
        let pass = self.enter()?;
        ended(in_runtime(|| tokio::task::spawn_blocking(move || call(&pass.value))).await)
    }

    fn enter(&self) -> moss::Result<Pass<T>> {
        let mut state = self.shared.state.lock();
        let Some(value) = state.value.clone() else {
            let message = format!("{} already closed", self.shared.name);
            return Err(Error::new(ErrorKind::Closed, message));
        };
        state.running += 1;
        Ok(Pass {
            shared: self.shared.clone(),
            value,
        })
    }
}

/// Starts something on the runtime of Moss, which has no other door; nothing is waited for.
fn in_runtime<T>(start: impl FnOnce() -> T) -> T {
    moss::block_on(async { start() })
}

/// The result of a task, or the panic that ended it.
fn ended<R>(result: std::result::Result<moss::Result<R>, tokio::task::JoinError>) -> Result<R> {
    Ok(match result {
        Ok(result) => result,
        Err(error) => moss::contain(|| std::panic::resume_unwind(error.into_panic())),
    }?)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc::channel;
    use std::task::{Context, Poll, Wake, Waker};
    use std::thread::{self, Thread};

    use super::*;
    use crate::error::NativeError;

    /// Waits as Swift does: outside of any tokio runtime.
    fn wait<F: Future>(future: F) -> F::Output {
        struct Unpark(Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut future = pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }

    fn code<T>(result: Result<T>) -> i32 {
        match result {
            Ok(_) => 0,
            Err(NativeError::Failed { code, .. }) => code,
        }
    }

    #[test]
    fn closing_waits_for_calls_and_refuses_later_ones() {
        let handle = Arc::new(Handle::new("MossThing", Arc::new(7)));
        let (entered, has_entered) = channel();
        let (leave, may_leave) = channel::<()>();
        let (closed, has_closed) = channel();
        let caller = thread::spawn({
            let handle = handle.clone();
            move || {
                handle.here(|seven| {
                    entered.send(()).unwrap();
                    may_leave.recv().unwrap();
                    Ok(**seven)
                })
            }
        });
        has_entered.recv().unwrap();
        let closer = thread::spawn({
            let handle = handle.clone();
            move || {
                let value = handle.close();
                closed.send(()).unwrap();
                value
            }
        });
        // From the moment that closing began, calls are refused; until the running one ends, it waits.
        while code(handle.here(|_| Ok(()))) == 0 {
            thread::yield_now();
        }
        has_closed.try_recv().unwrap_err();
        leave.send(()).unwrap();
        assert_eq!(caller.join().unwrap().unwrap(), 7);
        assert_eq!(closer.join().unwrap().as_deref(), Some(&7));
        assert!(handle.close().is_none(), "closing again is no error");
        let NativeError::Failed { code, reason } = handle.here(|_| Ok(())).unwrap_err();
        assert_eq!((code, &*reason), (-1, "MossThing already closed"));
    }

    #[test]
    fn a_panic_ends_the_call_and_not_the_handle() {
        let handle = Handle::new("MossThing", ());
        assert_eq!(code(handle.here::<()>(|()| panic!("one"))), -7);
        let aside = wait(handle.aside::<()>(|()| panic!("two")));
        assert_eq!(code(aside), -7);
        let there = handle.there::<(), _>(|()| async { panic!("three") });
        assert_eq!(code(wait(there)), -7);
        handle.here(|()| Ok(())).unwrap();
        // No call counts as running still.
        handle.close();
    }

    #[test]
    fn a_call_runs_to_its_end_though_nobody_waits_for_it() {
        let handle = Handle::new("MossThing", ());
        let (done, is_done) = channel();
        let mut call = Box::pin(handle.there(move |()| async move {
            tokio::task::yield_now().await;
            done.send(()).unwrap();
            Ok(())
        }));
        let _ = futures::FutureExt::now_or_never(&mut call);
        drop(call);
        is_done.recv().unwrap();
    }
}
