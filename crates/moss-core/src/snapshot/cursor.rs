//! Reading numbers from bytes that nobody vouches for. Every length is compared with what is there before it sizes
//! anything.

use std::borrow::Cow;

use bytemuck::AnyBitPattern;

use super::corrupt;
use crate::Result;

/// The unread rest of some bytes.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes }
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(bytes) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(corrupt(format!(
                "{bytes} bytes expected, {} are left",
                self.rest.len()
            ))),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn uuid(&mut self) -> Result<[u8; 16]> {
        self.array()
    }

    /// A number that counts or measures something in memory.
    pub(super) fn size(&mut self) -> Result<usize> {
        let size = self.u64()?;
        usize::try_from(size).map_err(|_| corrupt(format!("{size} is more than memory can hold")))
    }

    pub(super) fn u32s(&mut self, count: usize) -> Result<Cow<'a, [u32]>> {
        self.numbers(count, u32::from_le_bytes)
    }

    pub(super) fn u64s(&mut self, count: usize) -> Result<Cow<'a, [u64]>> {
        self.numbers(count, u64::from_le_bytes)
    }

    pub(super) fn f32s(&mut self, count: usize) -> Result<Cow<'a, [f32]>> {
        self.numbers(count, f32::from_le_bytes)
    }

    /// Numbers, in place where they can be used as they lie.
    fn numbers<T: AnyBitPattern, const BYTES: usize>(
        &mut self,
        count: usize,
        read: fn([u8; BYTES]) -> T,
    ) -> Result<Cow<'a, [T]>> {
        let bytes = self.take(product(count, BYTES)?)?;
        if cfg!(target_endian = "little")
            && let Ok(numbers) = bytemuck::try_cast_slice(bytes)
        {
            return Ok(Cow::Borrowed(numbers));
        }
        Ok(bytes.as_chunks().0.iter().map(|&each| read(each)).collect())
    }

    /// Ends the reading: nothing may be left.
    pub(super) fn end(self) -> Result<()> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(corrupt(format!("{left} bytes too many"))),
        }
    }
}

/// `count * each`, or corrupt where that is more than memory can hold.
pub(super) fn product(count: usize, each: usize) -> Result<usize> {
    count.checked_mul(each).ok_or_else(|| {
        corrupt(format!(
            "{count} times {each} bytes are more than memory can hold"
        ))
    })
}
