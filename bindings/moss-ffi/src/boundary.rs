//! The one way into the library: failures and panics become a number and a message of the calling thread.

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::ptr;

use sdk::{Error, Result};

use crate::output::c_string;
use crate::result::MossResult;

thread_local! {
    static LAST_ERROR: RefCell<Option<CString>> = const { RefCell::new(None) };
}

/// Runs the body of a call.
pub(crate) fn call(body: impl FnOnce() -> Result<()>) -> MossResult {
    match sdk::contain(body) {
        Ok(()) => MossResult::OK,
        Err(error) => {
            record(&error);
            error.kind().into()
        }
    }
}

/// Runs the body of a call that has no result to report by; `None` is a failure.
pub(crate) fn call_value<T>(body: impl FnOnce() -> Result<T>) -> Option<T> {
    sdk::contain(body).inspect_err(record).ok()
}

fn record(error: &Error) {
    let message = c_string(error.to_string());
    // A thread that is ending has no last error any more.
    let _ = LAST_ERROR.try_with(|last| last.replace(Some(message)));
}

/// The message of the last call that failed on this thread; NULL before any failure.
///
/// A call that works leaves it as it is. Owned by the library, valid until the next failure on this thread.
#[unsafe(no_mangle)]
pub extern "C" fn moss_last_error() -> *const c_char {
    let last = LAST_ERROR.try_with(|last| last.borrow().as_ref().map(|message| message.as_ptr()));
    last.ok().flatten().unwrap_or(ptr::null())
}
