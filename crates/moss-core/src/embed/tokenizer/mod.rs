//! Text to token ids, by the WordPiece vocabulary of a published `tokenizer.json`.
//!
//! Gives the ids that the crate `tokenizers` gives, the reference, without its bookkeeping of where each token came from: that
//! took a twentieth of a short query's time. Tests and a fuzzer (`scripts/fuzz`) compare both.

mod characters;
mod file;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use characters::{is_punctuation, normalized};

/// What never joins two words, whatever stands around it. Of all other white space some is removed like a control character.
const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];

/// Begins a token that continues a word.
const CONTINUED: &str = "##";

/// `[CLS] tokens.. [SEP]`, at most `max_tokens` ids in all, never padded.
///
/// "Google's Neural Machine Translation System", Wu et al. 2016, arXiv:1609.08144, section 4.1: a word is cut into the
/// longest tokens that the vocabulary has, from left to right.
pub(super) struct Tokenizer {
    vocabulary: FxHashMap<String, u32>,
    /// Tokens that stand for themselves in a text, such as `[MASK]`; of those that begin alike the longest first.
    added: Vec<(String, u32)>,
    /// The first characters of those.
    added_starts: Vec<char>,
    /// For a word that cannot be cut into tokens.
    unknown: u32,
    /// Longer words are not cut.
    max_word_chars: usize,
    /// `[CLS]` and `[SEP]`.
    frame: [u32; 2],
    max_tokens: usize,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`; the error is the reason alone. `max_tokens` is at least 2.
    ///
    /// Padding and truncation of the file are ignored: the published one of all-MiniLM-L6-v2 pads and cuts to 128,
    /// where the model reads 256.
    pub(super) fn from_json(json: &[u8], max_tokens: usize) -> Result<Tokenizer, String> {
        file::read(json, max_tokens)
    }

    /// The token ids of a text, which is read only as far as it matters.
    pub(super) fn ids(&self, text: &str) -> Vec<u32> {
        let [first, last] = self.frame;
        let mut ids = Ids {
            found: vec![first],
            most: self.max_tokens - 1,
        };
        let mut word = String::new();
        for part in text.split(SPACES) {
            self.push_part(part, &mut word, &mut ids);
            if ids.are_enough() {
                break;
            }
        }
        ids.found.truncate(ids.most);
        ids.found.push(last);
        ids.found
    }

    /// Adds the tokens of a text without [`SPACES`], at least those that are kept. `word` is empty, before and after.
    fn push_part(&self, mut part: &str, word: &mut String, ids: &mut Ids) {
        while !ids.are_enough() {
            let Some((at, token, id)) = self.find_added(part) else {
                return self.push_words(part, word, ids);
            };
            self.push_words(&part[..at], word, ids);
            ids.found.push(id);
            part = &part[at + token.len()..];
        }
    }

    /// Where the first added token begins, and which it is.
    fn find_added(&self, text: &str) -> Option<(usize, &str, u32)> {
        text.match_indices(&self.added_starts[..]).find_map(|(at, _)| {
            let (token, id) = self
                .added
                .iter()
                .find(|(token, _)| text[at..].starts_with(token))?;
            Some((at, &**token, *id))
        })
    }

    fn push_words(&self, text: &str, word: &mut String, ids: &mut Ids) {
        for c in normalized(text) {
            let stands_alone = is_punctuation(c);
            if stands_alone || c.is_whitespace() {
                self.push_word(word, ids);
                if ids.are_enough() {
                    return;
                }
            }
            if stands_alone {
                word.push(c);
                self.push_word(word, ids);
            } else if !c.is_whitespace() {
                word.push(c);
            }
        }
        self.push_word(word, ids);
    }

    /// Adds the tokens of a word, and empties it.
    fn push_word(&self, word: &mut String, ids: &mut Ids) {
        // Bytes are counted faster than characters, and there are no more characters than bytes.
        let is_short = word.len() <= self.max_word_chars || word.chars().count() <= self.max_word_chars;
        if is_short {
            self.cut_word(word, ids);
        } else {
            ids.found.push(self.unknown);
        }
        word.clear();
    }

    /// Leaves anything in `word`.
    fn cut_word(&self, word: &mut String, ids: &mut Ids) {
        let before = ids.found.len();
        let mut start = 0;
        while word.len() > start {
            let Some((end, id)) = self.longest(word, start) else {
                ids.found.truncate(before);
                return ids.found.push(self.unknown);
            };
            ids.found.push(id);
            word.replace_range(..end, CONTINUED);
            start = CONTINUED.len();
        }
    }

    /// The longest beginning of `word` that is a token, of more than `start` bytes: where it ends, and its id.
    fn longest(&self, word: &str, start: usize) -> Option<(usize, u32)> {
        let ends = word[start..].char_indices().rev();
        ends.map(|(at, c)| start + at + c.len_utf8())
            .find_map(|end| Some((end, *self.vocabulary.get(&word[..end])?)))
    }
}

/// The ids found so far.
struct Ids {
    found: Vec<u32>,
    /// How many are kept, before the one that closes the frame. There may be more at the end.
    most: usize,
}

impl Ids {
    fn are_enough(&self) -> bool {
        self.found.len() >= self.most
    }
}
