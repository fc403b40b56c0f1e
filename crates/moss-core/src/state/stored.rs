//! A document as a session holds it.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::snapshot::Row;
use crate::{Document, Metadata};

/// All of a document but its vector, which lies in the vector index.
///
/// Hardly any is ever read again, so its strings lie in one piece. A [`Document`] takes a dozen allocations, most of them for a map of
/// two or three keys: twice as much memory as a short text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: Arc<str>,
    /// The text, the payload, then keys and values by turns; keys ascend.
    strings: Box<str>,
    /// Bytes of each of them; of one pair they lie here.
    lengths: SmallVec<[u32; 4]>,
    has_payload: bool,
    has_metadata: bool,
}

impl Stored {
    /// # Panics
    /// For a string of 4 GiB, which neither a checked document nor a segment has.
    pub(crate) fn new(row: &Row<'_>) -> Stored {
        let metadata = row.metadata.iter().flatten();
        let parts = [row.text, row.payload.unwrap_or_default()]
            .into_iter()
            .chain(metadata.flat_map(|&(key, value)| [key, value]));
        let mut strings = String::with_capacity(parts.clone().map(str::len).sum());
        let mut lengths = SmallVec::with_capacity(2 + 2 * row.metadata.as_ref().map_or(0, Vec::len));
        for part in parts {
            strings.push_str(part);
            lengths.push(u32::try_from(part.len()).expect("strings are shorter than 4 GiB"));
        }
        Stored {
            id: row.id.into(),
            strings: strings.into(),
            lengths,
            has_payload: row.payload.is_some(),
            has_metadata: row.metadata.is_some(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.strings[..self.lengths[0] as usize]
    }

    pub(crate) fn payload(&self) -> Option<&str> {
        let start = self.lengths[0] as usize;
        self.has_payload
            .then(|| &self.strings[start..start + self.lengths[1] as usize])
    }

    /// Keys and values, by ascending key; none of a document without metadata.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let (own, pairs) = self.lengths.split_at(2);
        let mut rest = &self.strings[(own[0] + own[1]) as usize..];
        pairs.as_chunks::<2>().0.iter().map(move |&[key, value]| {
            let (pair, further) = rest.split_at((key + value) as usize);
            rest = further;
            pair.split_at(key as usize)
        })
    }

    /// The value of a key.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.pairs().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    pub(crate) fn metadata(&self) -> Option<Metadata> {
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        self.has_metadata.then(|| self.pairs().map(owned).collect())
    }

    /// Bytes of all its strings.
    pub(super) fn string_bytes(&self) -> usize {
        self.id.len() + self.strings.len()
    }

    /// The document with this vector.
    pub(crate) fn document(&self, embedding: Option<Vec<f32>>) -> Document {
        Document {
            id: self.id.to_string(),
            text: self.text().to_owned(),
            metadata: self.metadata(),
            embedding,
            payload: self.payload().map(str::to_owned),
        }
    }
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
            for (key, value) in document.metadata.iter().flatten() {
                assert_eq!(stored.value(key), Some(value.as_str()));
            }
            assert_eq!(stored.value("other"), None);
        }
    }
}
