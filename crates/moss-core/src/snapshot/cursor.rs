//! Reading numbers from bytes that nobody vouches for. Every length is compared with what is there before it sizes
//! anything.

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

    pub(super) fn u32s(&mut self, count: usize) -> Result<Vec<u32>> {
        let bytes = self.take(product(count, 4)?)?;
        Ok(bytes
            .chunks_exact(4)
            .map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]))
            .collect())
    }

    pub(super) fn u64s(&mut self, count: usize) -> Result<Vec<u64>> {
        let bytes = self.take(product(count, 8)?)?;
        Ok(bytes
            .chunks_exact(8)
            .map(|c| u64::from_le_bytes([c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]]))
            .collect())
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
