//! What Elixir holds: handles to sessions and clients, and how they are freed.
//!
//! A handle belongs to the process that claims it. When that process ends the content goes at once, whatever garbage
//! other processes keep of the reference; a call under way holds the content until it is done.

use std::panic::RefUnwindSafe;
use std::sync::{OnceLock, mpsc};
use std::thread;

use moss::Result;
use parking_lot::Mutex;
use rustler::{Encoder, Env, LocalPid, Monitor, Resource, ResourceArc, Term};

/// A session as Elixir holds it.
pub(crate) type Session = Handle<moss::Session>;
/// A client as Elixir holds it.
pub(crate) type Client = Handle<moss::Client>;

/// A value until its owner ends.
pub(crate) struct Handle<T: Send + 'static> {
    value: Mutex<Option<T>>,
    /// Who is told when nobody holds this handle any more.
    heir: OnceLock<LocalPid>,
}

impl<T: Clone + Send> Handle<T> {
    /// Runs a call. The lock is not held meanwhile, so that no call waits for another one here.
    pub(crate) fn call<R>(&self, call: impl FnOnce(&T) -> Result<R>) -> Answer<R> {
        self.call_flat(|value| with_stack(|| call(value)))
    }

    /// The same on the stack of the scheduler, for calls that neither embed nor read a filter: a new stack costs ten
    /// microseconds and more.
    pub(crate) fn call_flat<R>(&self, call: impl FnOnce(&T) -> Result<R>) -> Answer<R> {
        let value = self.value.lock().clone();
        match value {
            Some(value) => answer(|| call(&value)),
            None => Answer::Closed,
        }
    }
}

impl<T: Send> Handle<T> {
    /// Reads what is known at once. The lock is held, so that the last reference to the value is never dropped here.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&T) -> Result<R>) -> Answer<R> {
        match &*self.value.lock() {
            Some(value) => answer(|| read(value)),
            None => Answer::Closed,
        }
    }

    fn close(&self) {
        if let Some(value) = self.value.lock().take() {
            free_elsewhere(Box::new(value));
        }
    }
}

// A value that a panic left torn says so itself, see `moss::contain`; the slot is only ever emptied.
impl<T: Send> RefUnwindSafe for Handle<T> {}

impl<T: Send> Drop for Handle<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T: Send> Resource for Handle<T> {
    const IMPLEMENTS_DESTRUCTOR: bool = true;
    const IMPLEMENTS_DOWN: bool = true;

    fn destructor(self, env: Env<'_>) {
        if let Some(heir) = self.heir.get() {
            // One that has ended already needs no telling.
            let _ = env.send(heir, unreferenced());
        }
    }

    fn down(&self, _env: Env<'_>, _owner: LocalPid, _monitor: Monitor) {
        self.close();
    }
}

/// A new handle, which nobody owns yet: it lives as long as it is referenced.
pub(crate) fn hand_out<T: Send>(value: T) -> ResourceArc<Handle<T>> {
    ResourceArc::new(Handle {
        value: Mutex::new(Some(value)),
        heir: OnceLock::new(),
    })
}

/// Makes the calling process the owner: its end closes the handle.
pub(crate) fn claim<T: Send>(env: Env<'_>, handle: &ResourceArc<Handle<T>>) -> Answer<Done> {
    match env.monitor(handle, &env.pid()) {
        Some(_) => Answer::Ok(Done),
        None => Answer::Closed,
    }
}

/// Sends `:unreferenced` to a process when the last reference to the handle is gone; the first process named stays.
pub(crate) fn tell<T: Send>(handle: &Handle<T>, heir: LocalPid) -> Answer<Done> {
    handle.heir.get_or_init(|| heir);
    Answer::Ok(Done)
}

/// Frees on a thread of its own. The runtime drops handles on the schedulers that run Elixir, and freeing a large session
/// takes many milliseconds.
fn free_elsewhere(value: Box<dyn Send>) {
    static GRAVES: OnceLock<Option<mpsc::Sender<Box<dyn Send>>>> = OnceLock::new();
    let graves = GRAVES.get_or_init(|| {
        let (graves, dead) = mpsc::channel::<Box<dyn Send>>();
        let digger = thread::Builder::new().name("moss-free".to_owned());
        digger.spawn(move || dead.into_iter().for_each(drop)).ok()?;
        Some(graves)
    });
    // Without a thread the value is freed here.
    if let Some(graves) = graves {
        drop(graves.send(value));
    }
}

/// What a call gives Elixir.
pub(crate) enum Answer<T> {
    /// `{:ok, value}`.
    Ok(T),
    /// `{:error, message}`.
    Failed(String),
    /// `{:error, :closed}`: the handle's owner is gone.
    Closed,
}

/// Runs a call; a panic in it becomes an error.
pub(crate) fn answer<T>(call: impl FnOnce() -> Result<T>) -> Answer<T> {
    match moss::contain(call) {
        Ok(value) => Answer::Ok(value),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

/// Runs work on a stack of the size that threads of Rust have. Dirty schedulers have 320 KiB, and an overflow would end the
/// process.
pub(crate) fn with_stack<R>(work: impl FnOnce() -> R) -> R {
    const ENOUGH: usize = 1 << 20;
    const NEW: usize = 2 << 20;
    stacker::maybe_grow(ENOUGH, NEW, work)
}

impl<T> Answer<T> {
    pub(crate) fn map<R>(self, map: impl FnOnce(T) -> R) -> Answer<R> {
        match self {
            Answer::Ok(value) => Answer::Ok(map(value)),
            Answer::Failed(message) => Answer::Failed(message),
            Answer::Closed => Answer::Closed,
        }
    }

    /// The same, with the value of success as it is.
    pub(crate) fn bare(self) -> Bare<T> {
        Bare(self)
    }
}

/// An [`Answer`] whose success is the value alone.
pub(crate) struct Bare<T>(Answer<T>);

/// A value that only says that it is done: `:ok`.
pub(crate) struct Done;

rustler::atoms! { closed, unreferenced }

impl Encoder for Done {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        rustler::types::atom::ok().encode(env)
    }
}

impl<T: Encoder> Encoder for Answer<T> {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        use rustler::types::atom::{error, ok};
        match self {
            Answer::Ok(value) => (ok(), value).encode(env),
            Answer::Failed(message) => (error(), message).encode(env),
            Answer::Closed => (error(), closed()).encode(env),
        }
    }
}

impl<T: Encoder> Encoder for Bare<T> {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match &self.0 {
            Answer::Ok(value) => value.encode(env),
            other => other.encode(env),
        }
    }
}
