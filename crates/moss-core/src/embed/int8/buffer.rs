//! Numbers between the steps of a pass.

use std::ops::{Deref, DerefMut};

use crate::lanes::LANES;

/// Numbers that begin where a line of the cache does, so that no vector of them lies in two. Kept from call to call.
#[derive(Default)]
pub(super) struct Buffer {
    numbers: Vec<f32>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// Makes it so long; what it holds then is anything.
    pub(super) fn set_len(&mut self, len: usize) {
        if self.numbers.len() < len + LANES {
            self.numbers.resize(len + LANES, 0.0);
            // Where that cannot be told, nothing depends on it.
            let start = self.numbers.as_ptr().align_offset(LANES * size_of::<f32>());
            self.start = start.min(LANES);
        }
        self.len = len;
    }
}

impl Deref for Buffer {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        &self.numbers[self.start..self.start + self.len]
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[self.start..self.start + self.len]
    }
}
