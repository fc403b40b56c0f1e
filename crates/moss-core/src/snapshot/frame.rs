//! Header, section table, padding and checksums: which bytes belong to which section. What a section means is not known
//! here.

use xxhash_rust::xxh3::xxh3_64;

use super::cursor::Cursor;
use super::{FORMAT_VERSION, corrupt};
use crate::Result;

const MAGIC: [u8; 8] = *b"\x89MSEG\r\n\x1a";
/// Bytes before the section table.
const FIXED_BYTES: usize = 40;
/// Bytes of one entry of the section table.
const ENTRY_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 8;
/// Where sections start: a cache line, and the widest vector register.
const ALIGNMENT: usize = 64;

struct Entry {
    kind: u32,
    offset: usize,
    length: usize,
}

/// Builds a segment section by section in one buffer, so that vectors are copied once.
pub(super) struct FrameWriter {
    bytes: Vec<u8>,
    id: [u8; 16],
    section_count: usize,
    entries: Vec<Entry>,
}

impl FrameWriter {
    /// A frame for exactly `section_count` sections, of about `content_bytes` in all.
    pub(super) fn new(id: [u8; 16], section_count: usize, content_bytes: usize) -> FrameWriter {
        let header = header_bytes(section_count);
        let mut bytes = Vec::with_capacity(header + content_bytes + section_count * ALIGNMENT);
        bytes.resize(header, 0);
        FrameWriter {
            bytes,
            id,
            section_count,
            entries: Vec::with_capacity(section_count),
        }
    }

    /// Appends the next section, which `write` adds to the end of the buffer.
    pub(super) fn section(
        &mut self,
        kind: u32,
        write: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
        let offset = self.bytes.len();
        write(&mut self.bytes)?;
        let length = self.bytes.len() - offset;
        self.entries.push(Entry { kind, offset, length });
        Ok(())
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        debug_assert_eq!(self.entries.len(), self.section_count);
        let mut header = Vec::with_capacity(header_bytes(self.section_count));
        header.extend(MAGIC);
        header.extend(FORMAT_VERSION.to_le_bytes());
        header.extend((self.entries.len() as u32).to_le_bytes());
        header.extend(self.id);
        header.extend((self.bytes.len() as u64).to_le_bytes());
        for Entry { kind, offset, length } in &self.entries {
            header.extend(kind.to_le_bytes());
            header.extend(0u32.to_le_bytes());
            header.extend((*offset as u64).to_le_bytes());
            header.extend((*length as u64).to_le_bytes());
            header.extend(xxh3_64(&self.bytes[*offset..offset + length]).to_le_bytes());
        }
        header.extend(xxh3_64(&header).to_le_bytes());
        self.bytes[..header.len()].copy_from_slice(&header);
        self.bytes
    }
}

/// What is done with the checksums of sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checksums {
    Compared,
    PassedOver,
}

/// A segment's id and its sections, every byte verified.
pub(super) struct Frame<'a> {
    pub(super) id: [u8; 16],
    sections: Vec<(u32, &'a [u8])>,
}

impl<'a> Frame<'a> {
    pub(super) fn read(bytes: &'a [u8], checksums: Checksums) -> Result<Frame<'a>> {
        let mut fixed = Cursor::new(bytes);
        if fixed.take(MAGIC.len())? != MAGIC {
            return Err(corrupt("not a segment"));
        }
        let version = fixed.u32()?;
        if version != FORMAT_VERSION {
            return Err(corrupt(format!(
                "format version {version}, this build reads {FORMAT_VERSION}"
            )));
        }
        let section_count = fixed.u32()? as usize;
        let id = fixed.uuid()?;
        let length = fixed.size()?;
        if length != bytes.len() {
            return Err(corrupt(format!(
                "{length} bytes expected, {} are there",
                bytes.len()
            )));
        }
        let mut table = Cursor::new(fixed.take(super::cursor::product(section_count, ENTRY_BYTES)?)?);
        if fixed.u64()? != xxh3_64(&bytes[..FIXED_BYTES + section_count * ENTRY_BYTES]) {
            return Err(corrupt("header checksum differs"));
        }

        let mut sections: Vec<(u32, &[u8])> = Vec::with_capacity(section_count);
        let mut end = header_bytes(section_count);
        for _ in 0..section_count {
            let (kind, zero) = (table.u32()?, table.u32()?);
            let (offset, length, checksum) = (table.size()?, table.size()?, table.u64()?);
            let ascends = sections.last().is_none_or(|(before, _)| *before < kind);
            if zero != 0 || !ascends || offset != end.next_multiple_of(ALIGNMENT) {
                return Err(corrupt(format!("section {kind} is out of place")));
            }
            let section = offset
                .checked_add(length)
                .and_then(|section_end| bytes.get(offset..section_end))
                .ok_or_else(|| corrupt(format!("section {kind} lies outside")))?;
            if bytes[end..offset].iter().any(|&byte| byte != 0) {
                return Err(corrupt(format!("padding before section {kind} is not zero")));
            }
            if checksums == Checksums::Compared && xxh3_64(section) != checksum {
                return Err(corrupt(format!("checksum of section {kind} differs")));
            }
            sections.push((kind, section));
            end = offset + length;
        }
        if end != bytes.len() {
            return Err(corrupt("bytes after the last section"));
        }
        Ok(Frame { id, sections })
    }

    /// The kinds that are there, ascending.
    pub(super) fn kinds(&self) -> impl Iterator<Item = u32> + '_ {
        self.sections.iter().map(|(kind, _)| *kind)
    }

    /// The section of that kind, if it is there.
    pub(super) fn section(&self, kind: u32) -> Option<&'a [u8]> {
        let found = self.sections.iter().find(|(each, _)| *each == kind);
        found.map(|(_, section)| *section)
    }
}

fn header_bytes(section_count: usize) -> usize {
    FIXED_BYTES + section_count * ENTRY_BYTES + CHECKSUM_BYTES
}
