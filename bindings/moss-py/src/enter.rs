//! The one door from Python into Moss, and how long work may keep the interpreter to itself.

use std::ops::Deref;
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::errors::to_python;

/// Runs `f` with the interpreter lock released. An error becomes its Python exception, a panic `InternalError`.
pub(crate) fn enter<T, F>(py: Python<'_>, f: F) -> PyResult<T>
where
    T: Send,
    F: FnOnce() -> moss::Result<T> + Send,
{
    py.detach(|| moss::contain(f))
        .map_err(|error| to_python(py, &error))
}

/// A value that is freed on a thread of its own if it is large then, because Python frees objects wherever the last
/// reference goes, and that may be the event loop.
pub(crate) struct FreedElsewhere<T: Send + 'static> {
    value: Option<T>,
    is_large: fn(&T) -> bool,
}

impl<T: Send> FreedElsewhere<T> {
    pub(crate) fn new(value: T, is_large: fn(&T) -> bool) -> FreedElsewhere<T> {
        FreedElsewhere {
            value: Some(value),
            is_large,
        }
    }
}

impl<T: Send> Deref for FreedElsewhere<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("only dropping takes it")
    }
}

impl<T: Send> Drop for FreedElsewhere<T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take().filter(self.is_large) {
            // Where no thread can be had, the closure is dropped here, and the value with it.
            drop(thread::Builder::new().spawn(move || drop(value)));
        }
    }
}

/// Lets other threads run while a long conversion holds the interpreter lock.
///
/// Releasing and at once taking the lock again is not enough: the releasing thread wins that race, and the waiting
/// one starts its 5 ms switch interval anew. So the lock stays released for a moment, once per half millisecond held.
pub(crate) struct Turns {
    since: Instant,
}

impl Turns {
    const HOLD: Duration = Duration::from_micros(500);
    const PAUSE: Duration = Duration::from_micros(200);

    pub(crate) fn new() -> Turns {
        Turns {
            since: Instant::now(),
        }
    }

    /// Call after each item; costs tens of nanoseconds while the turn lasts.
    pub(crate) fn offer(&mut self, py: Python<'_>) {
        if self.since.elapsed() >= Turns::HOLD {
            py.detach(|| thread::sleep(Turns::PAUSE));
            self.since = Instant::now();
        }
    }
}
