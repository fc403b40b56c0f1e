//! The authenticator of C: a callback that is told of a request, and two functions that answer it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use parking_lot::{Condvar, Mutex};
use sdk::{Authenticator, Error, ErrorKind, Result};

use crate::boundary::call;
use crate::input::{invalid, text};
use crate::result::MossResult;

/// Asks for a token: answer `request_id` once, from any thread, by moss_resolve_auth_request() or
/// moss_reject_auth_request(). No answer within 30 seconds makes the call that needs the token fail with ErrAuth.
///
/// Comes on a thread of the library, several at once if several calls need a token, and must not block.
pub type MossAuthNotifyFn = Option<unsafe extern "C" fn(request_id: u32, user_data: *mut c_void)>;

/// The callback of one client.
pub(crate) struct Callback {
    notify: unsafe extern "C" fn(u32, *mut c_void),
    user_data: AtomicPtr<c_void>,
    closed: AtomicBool,
    /// How many threads run C's function, and who waits for that to change.
    running: Mutex<usize>,
    ended: Condvar,
}

/// The requests of all clients that nobody has answered yet.
static WAITING: Mutex<Waiting> = Mutex::new(Waiting {
    last_id: 0,
    requests: BTreeMap::new(),
});

struct Waiting {
    last_id: u32,
    requests: BTreeMap<u32, Request>,
}

struct Request {
    owner: *const Callback,
    answer: oneshot::Sender<Result<String>>,
}

// SAFETY: the owner is compared and never followed.
unsafe impl Send for Request {}

thread_local! {
    /// The callback whose function this thread is running.
    static INSIDE: Cell<*const Callback> = const { Cell::new(std::ptr::null()) };
}

impl Callback {
    /// `notify` can be called with `user_data` until [`close`](Callback::close) returns.
    pub(crate) fn new(notify: unsafe extern "C" fn(u32, *mut c_void), user_data: *mut c_void) -> Callback {
        Callback {
            notify,
            user_data: AtomicPtr::new(user_data),
            closed: AtomicBool::new(false),
            running: Mutex::new(0),
            ended: Condvar::new(),
        }
    }

    /// Who asks this callback on behalf of a client.
    pub(crate) fn asker(self: &Arc<Self>) -> Arc<dyn Authenticator> {
        Arc::new(Asker(self.clone()))
    }

    /// Ends what waits for an answer and lets the function be called no more. Waits while it runs on other threads; this one
    /// may be inside of it.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        // Dropping a request tells who waits for it.
        WAITING
            .lock()
            .requests
            .retain(|_, request| !std::ptr::eq(request.owner, self));
        let own = usize::from(std::ptr::eq(INSIDE.get(), self));
        let mut running = self.running.lock();
        self.ended.wait_while(&mut running, |running| *running > own);
    }

    fn notify(&self, id: u32) {
        {
            let mut running = self.running.lock();
            if self.closed.load(Ordering::SeqCst) {
                return;
            }
            *running += 1;
        }
        INSIDE.set(self);
        // SAFETY: not closed when it was counted, so the promise of `new` holds; closing waits for those that are counted.
        unsafe { (self.notify)(id, self.user_data.load(Ordering::Relaxed)) };
        INSIDE.set(std::ptr::null());
        *self.running.lock() -= 1;
        self.ended.notify_all();
    }

    /// A new request and where its answer comes.
    fn request(&self) -> Result<(RequestId, oneshot::Receiver<Result<String>>)> {
        let mut waiting = WAITING.lock();
        if self.closed.load(Ordering::SeqCst) {
            return Err(freed());
        }
        let id = loop {
            waiting.last_id = waiting.last_id.wrapping_add(1);
            if !waiting.requests.contains_key(&waiting.last_id) {
                break waiting.last_id;
            }
        };
        let (answer, receiver) = oneshot::channel();
        let owner = std::ptr::from_ref(self);
        waiting.requests.insert(id, Request { owner, answer });
        Ok((RequestId(id), receiver))
    }
}

/// Takes the request off the list when nobody waits for its answer any more.
struct RequestId(u32);

impl Drop for RequestId {
    fn drop(&mut self) {
        WAITING.lock().requests.remove(&self.0);
    }
}

struct Asker(Arc<Callback>);

impl Authenticator for Asker {
    fn token(&self) -> BoxFuture<'_, Result<String>> {
        async move {
            let (id, answer) = self.0.request()?;
            let (callback, number) = (self.0.clone(), id.0);
            // A thread of its own: C's function may take a lock or call into this library.
            tokio::task::spawn_blocking(move || callback.notify(number));
            answer.await.unwrap_or_else(|_| Err(freed()))
        }
        .boxed()
    }
}

fn freed() -> Error {
    Error::new(ErrorKind::Closed, "the client it belongs to was freed")
}

fn answer(id: u32, answer: Result<String>) -> Result<()> {
    let request = WAITING.lock().requests.remove(&id);
    request
        .and_then(|request| request.answer.send(answer).ok())
        .ok_or_else(|| {
            invalid(format!(
                "no request {id} waits for an answer: it was answered, or took too long"
            ))
        })
}

/// Answers an authenticator's request with a raw token, without "Bearer ".
///
/// Fails with ErrInvalidArgument if nobody waits for it: it was answered before, or took longer than 30 seconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_resolve_auth_request(request_id: u32, token: *const c_char) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let token = unsafe { text(token, "token") }?;
        answer(request_id, Ok(token.to_owned()))
    })
}

/// Answers an authenticator's request with a refusal: the call that needs the token fails with ErrAuth and this message.
///
/// Fails with ErrInvalidArgument if nobody waits for it, as moss_resolve_auth_request().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_reject_auth_request(request_id: u32, message: *const c_char) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let message = unsafe { text(message, "message") }?;
        answer(request_id, Err(Error::new(ErrorKind::Unauthorized, message)))
    })
}
