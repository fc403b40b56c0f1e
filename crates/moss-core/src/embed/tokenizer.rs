//! Text to token ids, by the `tokenizers` crate from a published `tokenizer.json`.

use tokenizers::Tokenizer as Inner;

use crate::{Error, ErrorKind, Result};

/// `[CLS] tokens.. [SEP]`, at most `max_tokens` ids in all, never padded.
pub(super) struct Tokenizer {
    inner: Inner,
    max_tokens: usize,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`; the error is the reason alone. `max_tokens` is at least 2.
    ///
    /// Padding and truncation of the file are ignored: the published one of all-MiniLM-L6-v2 pads and cuts to 128,
    /// where the model reads 256.
    pub(super) fn from_json(json: &[u8], max_tokens: usize) -> std::result::Result<Tokenizer, String> {
        let mut inner = Inner::from_bytes(json).map_err(|error| error.to_string())?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| error.to_string())?;
        Ok(Tokenizer { inner, max_tokens })
    }

    /// The token ids of a text.
    ///
    /// A long text is read only as far as it can matter. Words never depend on what follows the next space, so the
    /// first tokens of a prefix that ends before a space are the first tokens of the text. Without this, 1 MiB of
    /// text costs a second to keep 256 tokens of it.
    pub(super) fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let mut bytes = self.max_tokens * 32;
        loop {
            let prefix = prefix_before_space(text, bytes);
            let ids = self.all_ids(prefix)?;
            if ids.len() >= self.max_tokens || prefix.len() == text.len() {
                return Ok(self.truncated(ids));
            }
            bytes = bytes.saturating_mul(4);
        }
    }

    fn all_ids(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self
            .inner
            .encode_fast(text, true)
            .map_err(|error| Error::new(ErrorKind::ModelUnavailable, format!("tokenizer: {error}")))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Keeps the closing `[SEP]`, as the reference does.
    fn truncated(&self, mut ids: Vec<u32>) -> Vec<u32> {
        if ids.len() > self.max_tokens {
            let separator = ids[ids.len() - 1];
            ids.truncate(self.max_tokens - 1);
            ids.push(separator);
        }
        ids
    }
}

/// The longest prefix of at most `bytes` that ends before an ASCII space, or the first that does, or the whole text.
fn prefix_before_space(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let (head, tail) = text.as_bytes().split_at(bytes);
    let end = match head.iter().rposition(|&byte| byte == b' ') {
        Some(at) => Some(at),
        None => tail.iter().position(|&byte| byte == b' ').map(|at| bytes + at),
    };
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny(max_tokens: usize) -> Tokenizer {
        let json = include_bytes!("../../tests/golden/tiny-bge/tokenizer.json");
        Tokenizer::from_json(json, max_tokens).unwrap()
    }

    #[test]
    fn prefixes_end_before_a_space() {
        assert_eq!(prefix_before_space("ab cd ef", 8), "ab cd ef");
        assert_eq!(prefix_before_space("ab cd ef", 7), "ab cd");
        assert_eq!(prefix_before_space("ab cd ef", 1), "ab");
        assert_eq!(prefix_before_space("äöüé cd", 3), "äöüé");
        assert_eq!(prefix_before_space("äöüé", 3), "äöüé");
    }

    #[test]
    fn a_prefix_gives_the_ids_of_the_whole() {
        let tokenizer = tiny(8);
        // Words, combining marks after a space, long words, and prefixes that hold no token at all.
        for text in [
            "refund my money ".repeat(50),
            " \u{301}\u{302}card".repeat(200),
            format!("{} card refund", "x".repeat(5000)),
            format!("{}card", "\u{0} ".repeat(5000)),
        ] {
            let whole = tokenizer.truncated(tokenizer.all_ids(&text).unwrap());
            assert_eq!(tokenizer.ids(&text).unwrap(), whole);
        }
    }

    #[test]
    fn ids_are_those_of_the_reference() {
        let model = crate::embed::packed::Packed::open(&crate::embed::encoder::minilm()).unwrap();
        let tokenizer = Tokenizer::from_json(model.tokenizer_json(), 256).unwrap();
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/tokens.json")).unwrap();
        let items = golden["items"].as_array().unwrap();
        assert!(items.len() >= 500);
        for (at, item) in items.iter().enumerate() {
            let times = item["times"].as_u64().unwrap_or(1) as usize;
            let text = item["text"].as_str().unwrap().repeat(times);
            let expected: Vec<u32> = serde_json::from_value(item["ids"].clone()).unwrap();
            assert_eq!(tokenizer.ids(&text).unwrap(), expected, "text {at}");
        }
    }

    #[test]
    fn broken_json_is_an_error() {
        for json in [&b""[..], b"{}", b"[1]", b"{\"version\":\"1.0\"}", b"\xff"] {
            assert!(Tokenizer::from_json(json, 8).is_err());
        }
    }
}
