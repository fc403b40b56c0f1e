//! The handles that C holds: numbers in the shape of pointers, looked up on every call.
//!
//! A handle is never followed as a pointer and never given out twice, so one that was freed, is of the other kind, or is
//! no handle at all is refused instead of read.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use sdk::{Error, ErrorKind, Result};

/// Above the first page, which Go takes for a fault when it finds such a pointer on a stack; even, as pointers are.
const FIRST: usize = 0x10000;
const STEP: usize = 16;

static NEXT: AtomicUsize = AtomicUsize::new(FIRST);

/// The live handles of one kind.
pub(crate) struct Handles<T> {
    kind: &'static str,
    live: RwLock<FxHashMap<usize, Arc<Slot<T>>>>,
}

/// What a handle stands for. Calls hold `open` for reading while they run; closing takes it for writing.
pub(crate) struct Slot<T> {
    open: RwLock<bool>,
    value: T,
}

impl<T> Handles<T> {
    pub(crate) const fn new(kind: &'static str) -> Handles<T> {
        Handles {
            kind,
            live: RwLock::new(FxHashMap::with_hasher(rustc_hash::FxBuildHasher)),
        }
    }

    /// A new handle of `value`.
    pub(crate) fn open<H>(&self, value: T) -> *mut H {
        let number = NEXT.fetch_add(STEP, Ordering::Relaxed);
        let open = RwLock::new(true);
        self.live.write().insert(number, Arc::new(Slot { open, value }));
        ptr::without_provenance_mut(number)
    }

    /// Runs `work` on what the handle stands for.
    ///
    /// # Errors
    /// `Closed` for what is no live handle of this kind; the failures of `work`.
    pub(crate) fn with<H, R>(&self, handle: *const H, work: impl FnOnce(&T) -> Result<R>) -> Result<R> {
        let slot = self.find(handle)?;
        let open = slot.open.read();
        match *open {
            true => work(&slot.value),
            false => Err(self.closed()),
        }
    }

    fn find<H>(&self, handle: *const H) -> Result<Arc<Slot<T>>> {
        if handle.is_null() {
            return Err(Error::new(
                ErrorKind::Closed,
                format!("the {} is NULL", self.kind),
            ));
        }
        let found = self.live.read().get(&handle.addr()).cloned();
        found.ok_or_else(|| self.closed())
    }

    /// Ends a handle: from here on it is refused. Runs `interrupt`, so that calls in flight end soon, and waits for them.
    /// NULL is fine.
    ///
    /// # Errors
    /// `Closed` for what is no live handle of this kind.
    pub(crate) fn close<H>(&self, handle: *mut H, interrupt: impl FnOnce(&T)) -> Result<()> {
        if handle.is_null() {
            return Ok(());
        }
        let removed = self.live.write().remove(&handle.addr());
        let slot = removed.ok_or_else(|| self.closed())?;
        interrupt(&slot.value);
        *slot.open.write() = false;
        Ok(())
    }

    fn closed(&self) -> Error {
        let message = format!("this is no live {}: it was freed, or never was one", self.kind);
        Error::new(ErrorKind::Closed, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NUMBERS: Handles<u32> = Handles::new("number");
    static OTHERS: Handles<u32> = Handles::new("other");

    fn kind(result: Result<u32>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn only_live_handles_of_the_kind_are_followed() {
        let handle: *mut u8 = NUMBERS.open(7);
        assert_eq!(NUMBERS.with(handle, |number| Ok(*number)).unwrap(), 7);
        assert_eq!(kind(OTHERS.with(handle, |number| Ok(*number))), ErrorKind::Closed);
        assert_eq!(
            kind(NUMBERS.with(ptr::null::<u8>(), |number| Ok(*number))),
            ErrorKind::Closed
        );
        NUMBERS.close(handle, |_| ()).unwrap();
        let second: *mut u8 = NUMBERS.open(8);
        assert_eq!(
            kind(NUMBERS.with(handle, |number| Ok(*number))),
            ErrorKind::Closed
        );
        assert_eq!(
            NUMBERS.close(handle, |_| ()).unwrap_err().kind(),
            ErrorKind::Closed
        );
        NUMBERS.close(second, |_| ()).unwrap();
        NUMBERS.close(ptr::null_mut::<u8>(), |_| ()).unwrap();
    }

    #[test]
    fn closing_waits_for_calls_in_flight() {
        let handle: usize = NUMBERS.open::<u8>(7).addr();
        let pointer = move || ptr::without_provenance_mut::<u8>(handle);
        let (inside, is_inside) = std::sync::mpsc::channel();
        let (leave, may_leave) = std::sync::mpsc::channel::<()>();
        let finished = Arc::new(AtomicUsize::new(0));
        let flag = finished.clone();
        let caller = std::thread::spawn(move || {
            NUMBERS.with(pointer(), |_| {
                inside.send(()).unwrap();
                may_leave.recv().unwrap();
                flag.store(1, Ordering::SeqCst);
                Ok(())
            })
        });
        is_inside.recv().unwrap();
        NUMBERS.close(pointer(), |_| leave.send(()).unwrap()).unwrap();
        assert_eq!(finished.load(Ordering::SeqCst), 1);
        caller.join().unwrap().unwrap();
    }
}
