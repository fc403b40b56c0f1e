//! What every binding does at its border to another language.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use moss_core::{Error, ErrorKind, Result};

/// Runs a call of another language. A panic in it becomes `Internal`; the process and every handle live on.
///
/// ```
/// let error = moss::contain::<()>(|| panic!("row 7 is gone")).unwrap_err();
/// assert_eq!(error.kind(), moss::ErrorKind::Internal);
/// assert_eq!(error.to_string(), "a bug in moss: row 7 is gone");
/// ```
pub fn contain<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    // Whatever a call may leave half changed is behind Moss's own locks, and a session whose write was cut off refuses
    // further use.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Error::new(ErrorKind::Internal, format!("a bug in moss: {what}"))
}

/// The switch by which the tests of a binding prove that a panic in the core stops at its border: with
/// `MOSS_TEST_PANIC` set when a client is made, queries of its sessions panic.
pub(crate) fn panics_on_purpose() -> bool {
    std::env::var_os("MOSS_TEST_PANIC").is_some_and(|value| !value.is_empty())
}
