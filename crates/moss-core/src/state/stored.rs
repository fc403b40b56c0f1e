//! A document as a session holds it.

use std::fmt;
use std::sync::Arc;

use crate::snapshot::Row;
use crate::{Document, Metadata};

/// Strings that every document has: its id, its text, its payload or an empty one.
const OWN: usize = 3;
const HAS_PAYLOAD: u8 = 1;
const HAS_METADATA: u8 = 2;

/// All of a document but its vector, which lies in the vector index. A copy shares it.
///
/// Hardly any is ever read again, so it is one piece of memory: a byte of flags, the number of strings and
/// the length of each, then the strings: id, text, payload, keys and values by turns. Numbers have seven bits a byte, the lowest first,
/// as in LEB128 (DWARF 5, 7.6), for most lengths are short. A [`Document`] takes a dozen allocations, most of them for a map of two or
/// three keys: twice as much memory as a short text.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stored(Arc<[u8]>);

impl Stored {
    pub(crate) fn new(row: &Row<'_>) -> Stored {
        Stored::with_buffer(row, &mut Vec::new())
    }

    /// As [`new`](Stored::new), put together in a buffer that serves many.
    pub(super) fn with_buffer(row: &Row<'_>, buffer: &mut Vec<u8>) -> Stored {
        let pairs = row.metadata.iter().flatten();
        let strings = [row.id, row.text, row.payload.unwrap_or_default()]
            .into_iter()
            .chain(pairs.flat_map(|&(key, value)| [key, value]));
        let mut flags = 0;
        if row.payload.is_some() {
            flags |= HAS_PAYLOAD;
        }
        if row.metadata.is_some() {
            flags |= HAS_METADATA;
        }
        let count = OWN + 2 * row.metadata.as_ref().map_or(0, Vec::len);
        buffer.clear();
        buffer.push(flags);
        write_number(buffer, count);
        for string in strings.clone() {
            write_number(buffer, string.len());
        }
        strings.for_each(|string| buffer.extend(string.as_bytes()));
        Stored(buffer.as_slice().into())
    }

    pub(crate) fn id(&self) -> &str {
        self.string(0)
    }

    pub(crate) fn text(&self) -> &str {
        self.string(1)
    }

    pub(crate) fn payload(&self) -> Option<&str> {
        (self.0[0] & HAS_PAYLOAD != 0).then(|| self.string(2))
    }

    /// Keys and values, by ascending key; none of a document without metadata.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let mut strings = self.strings().skip(OWN);
        std::iter::from_fn(move || Some((text(strings.next()?), text(strings.next()?))))
    }

    /// The value of a key.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.pairs().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    pub(crate) fn metadata(&self) -> Option<Metadata> {
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        (self.0[0] & HAS_METADATA != 0).then(|| self.pairs().map(owned).collect())
    }

    /// Bytes of all its strings.
    pub(super) fn string_bytes(&self) -> usize {
        self.strings().map(<[u8]>::len).sum()
    }

    fn strings(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let mut lengths = &self.0[1..];
        let count = read_number(&mut lengths);
        let mut strings = lengths;
        for _ in 0..count {
            read_number(&mut strings);
        }
        (0..count).map(move |_| {
            let (string, rest) = strings.split_at(read_number(&mut lengths));
            strings = rest;
            string
        })
    }

    /// One of the strings that every document has.
    fn string(&self, at: usize) -> &str {
        text(self.strings().nth(at).unwrap_or_default())
    }

    /// The document with this vector.
    pub(crate) fn document(&self, embedding: Option<Vec<f32>>) -> Document {
        Document {
            id: self.id().to_owned(),
            text: self.text().to_owned(),
            metadata: self.metadata(),
            embedding,
            payload: self.payload().map(str::to_owned),
        }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document(None).fmt(f)
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("strings were put in")
}

fn write_number(to: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn read_number(from: &mut &[u8]) -> usize {
    let (mut number, mut shift) = (0, 0);
    while let Some((&byte, rest)) = from.split_first() {
        *from = rest;
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
        shift += 7;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_back_as_they_were() {
        let plain = Document::new("a", "text");
        let empty = Document::new("é", "").with_payload("").with_metadata([("", "")]);
        let full = Document::new("b", "größer")
            .with_payload("päyload")
            .with_metadata([("ß", "1"), ("city", ""), ("a", "ñ")]);
        let none = plain.clone().with_metadata::<String, String>([]);
        for document in [plain, empty, full, none] {
            let stored = Stored::new(&Row::new(&document, &[], 0));
            assert_eq!(stored.document(None), document);
            assert_eq!((stored.id(), stored.text()), (&*document.id, &*document.text));
            assert_eq!(stored.payload(), document.payload.as_deref());
            for (key, value) in document.metadata.iter().flatten() {
                assert_eq!(stored.value(key), Some(value.as_str()));
            }
            assert_eq!(stored.value("other"), None);
        }
    }
}
