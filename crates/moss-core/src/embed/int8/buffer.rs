//! Numbers between the steps of a pass.

use std::ops::{Deref, DerefMut};

/// A line of the cache, and a vector of 512 bits.
const LINE: usize = 64;

/// Numbers that begin where a line of the cache does, so that no vector of them lies in two. Kept from call to call.
#[derive(Default)]
pub(super) struct Buffer<T> {
    numbers: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> Buffer<T> {
    /// Makes it so long; what it holds then is anything.
    pub(super) fn set_len(&mut self, len: usize) {
        let room = len + LINE / size_of::<T>();
        if self.numbers.len() < room {
            self.numbers.resize(room, T::default());
            // Where that cannot be told, nothing depends on it.
            let start = self.numbers.as_ptr().align_offset(LINE);
            self.start = start.min(room - len);
        }
        self.len = len;
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.numbers[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Buffer<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.numbers[self.start..self.start + self.len]
    }
}
