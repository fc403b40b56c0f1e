//! Lists of strings: lengths, then one text.

use super::corrupt;
use super::cursor::Cursor;
use crate::{Error, ErrorKind, Result};

/// A checked list of strings that lie in the segment's bytes.
#[derive(Debug, Clone)]
pub(super) struct Strings<'a> {
    /// Where each string ends in `text`.
    ends: Vec<usize>,
    text: &'a str,
}

impl<'a> Strings<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Strings<'a>> {
        let (count, text_bytes) = (cursor.size()?, cursor.size()?);
        let lengths = cursor.u32s(count)?;
        let text = std::str::from_utf8(cursor.take(text_bytes)?)
            .map_err(|error| corrupt(format!("text is not UTF-8 at byte {}", error.valid_up_to())))?;
        let mut ends = Vec::with_capacity(count);
        let mut end = 0usize;
        for &length in &*lengths {
            end = end
                .checked_add(length as usize)
                .filter(|&end| text.is_char_boundary(end))
                .ok_or_else(|| {
                    corrupt(format!(
                        "string {} ends outside or inside a character",
                        ends.len()
                    ))
                })?;
            ends.push(end);
        }
        if end != text.len() {
            return Err(corrupt(format!(
                "strings cover {end} of {} bytes of text",
                text.len()
            )));
        }
        Ok(Strings { ends, text })
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Checks that there are exactly `count` strings.
    pub(super) fn expect(self, count: usize) -> Result<Strings<'a>> {
        if self.len() != count {
            return Err(corrupt(format!(
                "{} strings where {count} are expected",
                self.len()
            )));
        }
        Ok(self)
    }

    /// All strings, one after the other.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// # Panics
    /// If there is no such string.
    pub(super) fn get(&self, at: usize) -> &'a str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start..self.ends[at]]
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &'a str> + ExactSizeIterator + '_ {
        (0..self.len()).map(|at| self.get(at))
    }
}

/// Appends a list of strings.
///
/// # Errors
/// `TooLarge` for a string of 4 GiB or more.
pub(super) fn write<'s>(
    out: &mut Vec<u8>,
    strings: impl ExactSizeIterator<Item = &'s str> + Clone,
) -> Result<()> {
    let text_bytes: usize = strings.clone().map(str::len).sum();
    out.extend((strings.len() as u64).to_le_bytes());
    out.extend((text_bytes as u64).to_le_bytes());
    out.reserve(strings.len() * 4 + text_bytes);
    for string in strings.clone() {
        let length = u32::try_from(string.len()).map_err(|_| {
            Error::new(
                ErrorKind::TooLarge,
                format!("a string of {} bytes does not fit in a segment", string.len()),
            )
        })?;
        out.extend(length.to_le_bytes());
    }
    strings.for_each(|string| out.extend(string.as_bytes()));
    Ok(())
}

/// Appends numbers, as [`Cursor::u32s`] reads them.
pub(super) fn write_u32s(out: &mut Vec<u8>, numbers: impl Iterator<Item = u32>) {
    numbers.for_each(|number| out.extend(number.to_le_bytes()));
}

/// Appends numbers, as [`Cursor::u64s`] reads them.
pub(super) fn write_u64s(out: &mut Vec<u8>, numbers: impl Iterator<Item = u64>) {
    numbers.for_each(|number| out.extend(number.to_le_bytes()));
}
