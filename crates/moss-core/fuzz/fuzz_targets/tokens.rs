//! The ids of any text against those of the crate `tokenizers`, which reads the whole text and cuts afterwards.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../src/embed/tokenizer/mod.rs"]
mod tokenizer;

/// Small numbers, so that short texts are cut.
const MAX_TOKENS: [usize; 4] = [2, 3, 8, 64];

/// The tokenizers of one file.
struct Pair {
    ours: [tokenizer::Tokenizer; MAX_TOKENS.len()],
    reference: tokenizers::Tokenizer,
}

/// The published one where `MOSS_TOKENIZER_JSON` names it, else a small one in which most words have many tokens.
static PAIRS: LazyLock<[Pair; 2]> = LazyLock::new(|| {
    let tiny = include_bytes!("../../tests/golden/tiny-bge/tokenizer.json");
    let published = match std::env::var_os("MOSS_TOKENIZER_JSON") {
        Some(path) => std::fs::read(path).expect("MOSS_TOKENIZER_JSON can be read"),
        None => tiny.to_vec(),
    };
    [pair(tiny), pair(&published)]
});

fn pair(json: &[u8]) -> Pair {
    let mut reference = tokenizers::Tokenizer::from_bytes(json).expect("a tokenizer.json");
    reference.with_padding(None);
    reference.with_truncation(None).expect("no truncation");
    Pair {
        ours: MAX_TOKENS.map(|max| tokenizer::Tokenizer::from_json(json, max).expect("a tokenizer.json")),
        reference,
    }
}

// The first byte says which vocabulary and how many tokens, the rest is the text.
fuzz_target!(|data: &[u8]| {
    let Some((&choice, text)) = data.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(text);
    let pair = &PAIRS[usize::from(choice) % 2];
    let at = usize::from(choice) / 2 % MAX_TOKENS.len();

    let mut encoding = pair.reference.encode_fast(&*text, false).expect("ids");
    // Two tokens frame a text.
    encoding.truncate(MAX_TOKENS[at] - 2, 0, tokenizers::TruncationDirection::Right);
    let expected = pair.reference.post_process(encoding, None, true).expect("ids");
    assert_eq!(pair.ours[at].ids(&text), expected.get_ids(), "{text:?}");
});
