//! The words of many documents as columns of numbers: what a segment stores of the keyword side.

use std::borrow::Cow;

use crate::{Error, ErrorKind, Result};

/// The words of many documents, document after document.
///
/// | Column | One entry per | Meaning |
/// | --- | --- | --- |
/// | `words` | - | the distinct words back to back, in ascending byte order |
/// | `word_bytes` | word | its length in bytes |
/// | `counts` | document | how many distinct words it has |
/// | `lengths` | document | how many words it has, repetitions included |
/// | `terms` | document and distinct word | number of the word, ascending within a document |
/// | `tfs` | document and distinct word | how often, 1 to 255; 255 also stands for more |
///
/// Equal documents in equal order give equal columns, whatever index they come from. Columns may lie elsewhere, as in the bytes of a
/// segment.
///
/// ```
/// use moss_core::lexical::TermTable;
/// // "cash back cash", "back"
/// let table = TermTable::new(
///     "backcash", vec![4, 4], vec![2, 1], vec![3, 1], vec![0, 1, 0], vec![1, 2, 1],
/// )?;
/// assert_eq!(table.documents(), 2);
/// # Ok::<(), moss_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermTable<'a> {
    words: Cow<'a, str>,
    word_bytes: Cow<'a, [u32]>,
    counts: Cow<'a, [u32]>,
    lengths: Cow<'a, [u32]>,
    terms: Cow<'a, [u32]>,
    tfs: Cow<'a, [u8]>,
}

/// One document of a [`TermTable`]: slices of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableDocument<'a> {
    pub(crate) terms: &'a [u32],
    pub(crate) tfs: &'a [u8],
    pub(crate) length: u32,
}

impl<'a> TermTable<'a> {
    /// A table of these columns, every rule of the type checked. O(size).
    ///
    /// # Errors
    /// `CacheCorrupt` naming the column: such columns come from stored bytes.
    pub fn new(
        words: impl Into<Cow<'a, str>>,
        word_bytes: impl Into<Cow<'a, [u32]>>,
        counts: impl Into<Cow<'a, [u32]>>,
        lengths: impl Into<Cow<'a, [u32]>>,
        terms: impl Into<Cow<'a, [u32]>>,
        tfs: impl Into<Cow<'a, [u8]>>,
    ) -> Result<TermTable<'a>> {
        let table = TermTable::unchecked(words, word_bytes, counts, lengths, terms, tfs);
        table.check()?;
        Ok(table)
    }

    pub(super) fn check(&self) -> Result<()> {
        self.check_words()?;
        self.check_documents()
    }

    fn check_words(&self) -> Result<()> {
        let mut at = 0usize;
        let mut previous = "";
        for &bytes in &*self.word_bytes {
            let end = at.checked_add(bytes as usize);
            let Some(word) = end.and_then(|end| self.words.get(at..end)) else {
                return Err(corrupt("word lengths do not fit the words"));
            };
            if word <= previous {
                return Err(corrupt("words are not in ascending order"));
            }
            previous = word;
            at += word.len();
        }
        if at != self.words.len() {
            return Err(corrupt("word lengths do not fit the words"));
        }
        Ok(())
    }

    fn check_documents(&self) -> Result<()> {
        let entries: u64 = self.counts.iter().map(|&count| u64::from(count)).sum();
        if self.counts.len() != self.lengths.len()
            || self.terms.len() != self.tfs.len()
            || self.terms.len() as u64 != entries
        {
            return Err(corrupt("term columns differ in length"));
        }
        for document in self.iter() {
            if document.terms.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(corrupt("terms of a document are not in ascending order"));
            }
            if document
                .terms
                .last()
                .is_some_and(|&term| term as usize >= self.word_bytes.len())
            {
                return Err(corrupt("a term has no word"));
            }
            if document.tfs.contains(&0) {
                return Err(corrupt("a term occurs zero times"));
            }
            let sum: u64 = document.tfs.iter().map(|&tf| u64::from(tf)).sum();
            let length = u64::from(document.length);
            if length < sum || (length > sum && !document.tfs.contains(&u8::MAX)) {
                return Err(corrupt("a document's length differs from its terms"));
            }
        }
        Ok(())
    }

    /// Columns that the caller has just built by the rules of the type, or checks next.
    pub(super) fn unchecked(
        words: impl Into<Cow<'a, str>>,
        word_bytes: impl Into<Cow<'a, [u32]>>,
        counts: impl Into<Cow<'a, [u32]>>,
        lengths: impl Into<Cow<'a, [u32]>>,
        terms: impl Into<Cow<'a, [u32]>>,
        tfs: impl Into<Cow<'a, [u8]>>,
    ) -> TermTable<'a> {
        TermTable {
            words: words.into(),
            word_bytes: word_bytes.into(),
            counts: counts.into(),
            lengths: lengths.into(),
            terms: terms.into(),
            tfs: tfs.into(),
        }
    }

    /// How many documents the table holds.
    pub fn documents(&self) -> usize {
        self.counts.len()
    }

    /// The distinct words back to back.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Bytes of each word.
    pub fn word_bytes(&self) -> &[u32] {
        &self.word_bytes
    }

    /// Distinct words of each document.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Words of each document, repetitions included.
    pub fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// Word numbers, document after document.
    pub fn terms(&self) -> &[u32] {
        &self.terms
    }

    /// Occurrences beside [`terms`](TermTable::terms).
    pub fn tfs(&self) -> &[u8] {
        &self.tfs
    }

    /// The words in ascending order, which is the order of their numbers.
    pub fn dictionary(&self) -> impl Iterator<Item = &str> {
        let mut rest = &*self.words;
        self.word_bytes.iter().map(move |&bytes| {
            let (word, after) = rest.split_at(bytes as usize);
            rest = after;
            word
        })
    }

    /// The documents in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = TableDocument<'_>> {
        let (mut terms, mut tfs) = (&*self.terms, &*self.tfs);
        self.counts
            .iter()
            .zip(&*self.lengths)
            .map(move |(&count, &length)| {
                let (own_terms, later_terms) = terms.split_at(count as usize);
                let (own_tfs, later_tfs) = tfs.split_at(count as usize);
                (terms, tfs) = (later_terms, later_tfs);
                TableDocument {
                    terms: own_terms,
                    tfs: own_tfs,
                    length,
                }
            })
    }
}

fn corrupt(message: &str) -> Error {
    Error::new(ErrorKind::CacheCorrupt, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Columns = (String, Vec<u32>, Vec<u32>, Vec<u32>, Vec<u32>, Vec<u8>);

    fn good() -> Columns {
        let words = "backcashà".to_owned();
        (
            words,
            vec![4, 4, 2],
            vec![2, 0, 2],
            vec![3, 0, 900],
            vec![0, 1, 0, 2],
            vec![1, 2, 1, 255],
        )
    }

    fn make((words, word_bytes, counts, lengths, terms, tfs): Columns) -> Result<TermTable<'static>> {
        TermTable::new(words, word_bytes, counts, lengths, terms, tfs)
    }

    #[test]
    fn documents_and_words_read_back() {
        let table = make(good()).unwrap();
        assert_eq!(table.dictionary().collect::<Vec<_>>(), ["back", "cash", "à"]);
        let documents: Vec<_> = table.iter().collect();
        assert_eq!(documents.len(), 3);
        assert_eq!(
            documents[1],
            TableDocument {
                terms: &[],
                tfs: &[],
                length: 0
            }
        );
        assert_eq!(
            documents[2],
            TableDocument {
                terms: &[0, 2],
                tfs: &[1, 255],
                length: 900
            }
        );
        assert_eq!(make(Columns::default()).unwrap(), TermTable::default());
    }

    #[test]
    fn every_broken_rule_is_corrupt() {
        type Spoil = fn(&mut Columns);
        let faults: &[(&str, Spoil)] = &[
            ("a word cut inside a character", |c| c.1 = vec![4, 5, 1]),
            ("words beyond the end", |c| c.1[2] = u32::MAX),
            ("words left over", |c| c.1[2] = 0),
            ("bytes without a word", |c| c.0.push('z')),
            ("words out of order", |c| c.0 = "cashbackà".into()),
            ("a word twice", |c| c.0 = "backbackà".into()),
            ("a count too many", |c| c.2[0] = 3),
            ("a count near overflow", |c| c.2[0] = u32::MAX),
            ("a document without length", |c| {
                let _ = c.3.pop();
            }),
            ("a term without frequency", |c| {
                let _ = c.5.pop();
            }),
            ("a term without word", |c| c.4[3] = 3),
            ("a term twice", |c| c.4[1] = 0),
            ("a frequency of zero", |c| c.5[0] = 0),
            ("a length below its terms", |c| c.3[0] = 2),
            ("a length above its terms", |c| c.3[0] = 4),
        ];
        for (name, spoil) in faults {
            let mut columns = good();
            spoil(&mut columns);
            let error = make(columns).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::CacheCorrupt, "{name}");
        }
    }
}
