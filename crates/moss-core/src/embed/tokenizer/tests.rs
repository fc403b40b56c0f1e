//! The ids against those of the crate `tokenizers`, which reads the whole text and cuts afterwards.

use proptest::prelude::*;
use tokenizers::TruncationParams;

use super::Tokenizer;

const TINY: &[u8] = include_bytes!("../../../tests/golden/tiny-bge/tokenizer.json");

/// The `tokenizer.json` of the published model.
fn published() -> Vec<u8> {
    let model = crate::embed::packed::Packed::open(&crate::embed::encoder::minilm()).unwrap();
    model.tokenizer_json().to_vec()
}

fn reference(json: &[u8]) -> tokenizers::Tokenizer {
    let mut tokenizer = tokenizers::Tokenizer::from_bytes(json).unwrap();
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).unwrap();
    tokenizer
}

fn reference_ids(tokenizer: &tokenizers::Tokenizer, text: &str, max_tokens: usize) -> Vec<u32> {
    let mut encoding = tokenizer.encode(text, false).unwrap();
    let cut = TruncationParams::default();
    // Two tokens frame a text.
    encoding.truncate(max_tokens - 2, cut.stride, cut.direction);
    let framed = tokenizer.post_process(encoding, None, true).unwrap();
    framed.get_ids().to_vec()
}

/// What texts are made of, and what makes them hard: every kind of white space, what is removed, marks, ideographs, words of
/// many tokens and of too many characters, and tokens that stand for themselves.
fn pieces() -> impl Strategy<Value = String> {
    let hard = prop::sample::select(vec![
        " ",
        "\t",
        "\n",
        "\r",
        "\u{b}",
        "\u{c}",
        "\u{85}",
        "\u{a0}",
        "\u{1680}",
        "\u{2003}",
        "\u{2028}",
        "\u{200b}",
        "\u{3000}",
        "\u{feff}",
        "\0",
        "\u{7f}",
        "\u{ad}",
        "\u{fffd}",
        "\u{e000}",
        "\u{301}",
        "\u{323}",
        "\u{302e}",
        "\u{20dd}",
        "e\u{301}",
        "é",
        "ö",
        "İ",
        "ß",
        "ẞ",
        "ﬁ",
        "Σ",
        "Å",
        "한",
        "각",
        "中",
        "豈",
        "\u{20000}",
        "か",
        "が",
        "،",
        "。",
        "¿",
        "-",
        "'",
        "#",
        "##",
        "##s",
        "$",
        "😀",
        "[",
        "]",
        "[SEP]",
        "[CLS]",
        "[MASK]",
        "[PAD]",
        "[UNK]",
        "[sep]",
        "[[SEP]]",
        "[SEP",
        "card",
        "Refund",
        "money",
        "unaffordable",
        "pneumonoultramicroscopic",
        "2026",
    ]);
    prop_oneof![
        6 => hard.prop_map(str::to_owned),
        2 => any::<char>().prop_map(String::from),
        2 => "[a-z]{1,8}",
        1 => (prop::sample::select(vec!["x", "é", "中", "\u{301}", " \u{301}", "ing"]), 90..110usize)
            .prop_map(|(part, times)| part.repeat(times)),
    ]
}

#[test]
fn ids_of_any_text_are_those_of_the_reference() {
    for json in [TINY.to_vec(), published()] {
        let reference = reference(&json);
        let tokenizers =
            [2, 3, 5, 16, 256].map(|max_tokens| Tokenizer::from_json(&json, max_tokens).unwrap());
        let texts = prop::collection::vec(pieces(), 0..40);
        proptest!(ProptestConfig::with_cases(2000), |(pieces in texts, at in 0..tokenizers.len())| {
            let (text, tokenizer) = (pieces.concat(), &tokenizers[at]);
            let expected = reference_ids(&reference, &text, tokenizer.max_tokens);
            prop_assert_eq!(tokenizer.ids(&text), expected, "{:?}", text);
        });
    }
}

#[test]
fn every_character_is_what_it_is_in_the_reference() {
    let json = published();
    let reference = reference(&json);
    let tokenizer = Tokenizer::from_json(&json, 1 << 20).unwrap();
    let characters: Vec<char> = ('\0'..=char::MAX).collect();
    for some in characters.chunks(4096) {
        let text: String = some.iter().map(|c| format!("a{c}b ")).collect();
        let expected = reference_ids(&reference, &text, 1 << 20);
        assert!(
            tokenizer.ids(&text) == expected,
            "between {:?} and {:?}",
            some[0],
            some[some.len() - 1]
        );
    }
}

#[test]
fn ids_are_those_of_the_golden_file() {
    let tokenizer = Tokenizer::from_json(&published(), 256).unwrap();
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/golden/tokens.json")).unwrap();
    let items = golden["items"].as_array().unwrap();
    assert!(items.len() >= 500);
    for (at, item) in items.iter().enumerate() {
        let times = item["times"].as_u64().unwrap_or(1) as usize;
        let text = item["text"].as_str().unwrap().repeat(times);
        let expected: Vec<u32> = serde_json::from_value(item["ids"].clone()).unwrap();
        assert_eq!(tokenizer.ids(&text), expected, "text {at}");
    }
}

#[test]
fn a_megabyte_is_read_at_once() {
    // The reference takes seconds, and what looks for tokens in all of a long word takes minutes.
    let tokenizer = Tokenizer::from_json(&published(), 4).unwrap();
    let unknown = tokenizer.unknown;
    let [first, last] = tokenizer.frame;
    for (part, times) in [
        ("x", 1),
        ("é", 1),
        ("e\u{301}\u{323}", 1),
        ("\u{301}", 0),
        ("\0 ", 0),
        ("[UNK]", 2),
    ] {
        let ids = tokenizer.ids(&part.repeat((1 << 20) / part.len()));
        assert_eq!(
            ids,
            [vec![first], vec![unknown; times], vec![last]].concat(),
            "{part:?}"
        );
    }
}

#[test]
fn broken_json_is_an_error() {
    for json in [&b""[..], b"{}", b"[1]", b"{\"version\":\"1.0\"}", b"\xff"] {
        assert!(Tokenizer::from_json(json, 8).is_err());
    }
}

#[test]
fn files_of_other_tokenizers_are_refused() {
    let published = std::str::from_utf8(TINY).unwrap();
    let value: serde_json::Value = serde_json::from_str(published).unwrap();
    let changes: [(&str, serde_json::Value); 9] = [
        ("/model/type", "BPE".into()),
        ("/model/unk_token", "<unk>".into()),
        ("/model/continuing_subword_prefix", "@@".into()),
        ("/normalizer/lowercase", false.into()),
        ("/normalizer/strip_accents", false.into()),
        ("/pre_tokenizer/type", "Whitespace".into()),
        ("/post_processor/type", "BertProcessing".into()),
        ("/post_processor/single/0/SpecialToken/id", "[X]".into()),
        ("/added_tokens/4/lstrip", true.into()),
    ];
    for (place, with) in changes {
        let mut changed = value.clone();
        *changed.pointer_mut(place).unwrap() = with;
        assert!(
            Tokenizer::from_json(changed.to_string().as_bytes(), 8).is_err(),
            "{place}"
        );
    }
}
