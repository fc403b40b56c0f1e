//! The terms section: the columns of a [`TermTable`].

use super::cursor::Cursor;
use super::strings::{self, Strings};
use crate::Result;
use crate::lexical::TermTable;

pub(super) fn read(section: &[u8], rows: usize) -> Result<TermTable<'_>> {
    let mut cursor = Cursor::new(section);
    let entries = cursor.size()?;
    let lengths = cursor.u32s(rows)?;
    let counts = cursor.u32s(rows)?;
    let terms = cursor.u32s(entries)?;
    let tfs = cursor.take(entries)?;
    let dictionary = Strings::read(&mut cursor)?;
    cursor.end()?;
    let word_bytes: Vec<u32> = dictionary.iter().map(|word| word.len() as u32).collect();
    TermTable::new(dictionary.text(), word_bytes, counts, lengths, terms, tfs)
}

pub(super) fn write(out: &mut Vec<u8>, table: &TermTable<'_>) -> Result<()> {
    out.extend((table.terms().len() as u64).to_le_bytes());
    strings::write_u32s(out, table.lengths().iter().copied());
    strings::write_u32s(out, table.counts().iter().copied());
    strings::write_u32s(out, table.terms().iter().copied());
    out.extend(table.tfs());
    let words: Vec<&str> = table.dictionary().collect();
    strings::write(out, words.iter().copied())
}
