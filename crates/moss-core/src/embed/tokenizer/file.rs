//! `tokenizer.json` as it is published. What would need other code than there is here is refused.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::{CONTINUED, SPACES, Tokenizer};

#[derive(Deserialize)]
struct File {
    added_tokens: Vec<AddedToken>,
    normalizer: Normalizer,
    pre_tokenizer: PreTokenizer,
    post_processor: PostProcessor,
    model: Model,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
}

#[derive(Deserialize)]
struct Normalizer {
    r#type: String,
    clean_text: bool,
    handle_chinese_chars: bool,
    /// As `lowercase` where it is absent.
    strip_accents: Option<bool>,
    lowercase: bool,
}

#[derive(Deserialize)]
struct PreTokenizer {
    r#type: String,
}

#[derive(Deserialize)]
struct PostProcessor {
    r#type: String,
    #[serde(default)]
    single: Vec<Piece>,
    #[serde(default)]
    special_tokens: BTreeMap<String, SpecialToken>,
}

#[derive(Deserialize)]
enum Piece {
    SpecialToken { id: String },
    Sequence {},
}

#[derive(Deserialize)]
struct SpecialToken {
    ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Model {
    r#type: String,
    unk_token: String,
    continuing_subword_prefix: String,
    max_input_chars_per_word: usize,
    vocab: FxHashMap<String, u32>,
}

/// The tokenizer of a file; the error is the reason alone.
pub(super) fn read(json: &[u8], max_tokens: usize) -> Result<Tokenizer, String> {
    let file: File = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    check(&file)?;
    let vocabulary = file.model.vocab;
    let unknown = &file.model.unk_token;
    let unknown = *vocabulary
        .get(unknown)
        .ok_or_else(|| format!("{unknown:?} is not in the vocabulary"))?;
    let mut added = Vec::with_capacity(file.added_tokens.len());
    for token in file.added_tokens {
        check_added(&token, &vocabulary)?;
        added.push((token.content, token.id));
    }
    added.sort_by_key(|(content, _)| Reverse(content.len()));
    Ok(Tokenizer {
        added_starts: added
            .iter()
            .filter_map(|(content, _)| content.chars().next())
            .collect(),
        frame: frame(&file.post_processor)?,
        max_word_chars: file.model.max_input_chars_per_word,
        vocabulary,
        added,
        unknown,
        max_tokens,
    })
}

/// All models so far have the tokenizer of BERT, uncased.
fn check(file: &File) -> Result<(), String> {
    let normalizer = &file.normalizer;
    for (name, found, known) in [
        ("model", &file.model.r#type, "WordPiece"),
        ("normalizer", &normalizer.r#type, "BertNormalizer"),
        ("pre_tokenizer", &file.pre_tokenizer.r#type, "BertPreTokenizer"),
        (
            "post_processor",
            &file.post_processor.r#type,
            "TemplateProcessing",
        ),
        (
            "continuing_subword_prefix",
            &file.model.continuing_subword_prefix,
            CONTINUED,
        ),
    ] {
        if found != known {
            return Err(format!("{name} {found:?} is not supported, only {known}"));
        }
    }
    let is_uncased = normalizer.lowercase && normalizer.strip_accents != Some(false);
    if !(is_uncased && normalizer.clean_text && normalizer.handle_chinese_chars) {
        return Err("a normalizer that keeps case, accents or control characters is not supported".into());
    }
    Ok(())
}

fn check_added(token: &AddedToken, vocabulary: &FxHashMap<String, u32>) -> Result<(), String> {
    let content = &token.content;
    if token.single_word || token.lstrip || token.rstrip || token.normalized || content.contains(SPACES) {
        return Err(format!(
            "added token {content:?} is not supported: it must be taken as it is written"
        ));
    }
    match vocabulary.get(content) {
        Some(id) if *id == token.id && !content.is_empty() => Ok(()),
        _ => Err(format!(
            "added token {content:?} is not {} in the vocabulary",
            token.id
        )),
    }
}

/// The ids that stand before and after every text.
fn frame(processor: &PostProcessor) -> Result<[u32; 2], String> {
    let [
        Piece::SpecialToken { id: first },
        Piece::Sequence {},
        Piece::SpecialToken { id: last },
    ] = &processor.single[..]
    else {
        return Err("post_processor does not put one token before a text and one after it".into());
    };
    let id = |name: &String| match processor.special_tokens.get(name).map(|token| &token.ids[..]) {
        Some([id]) => Ok(*id),
        _ => Err(format!("post_processor has not one id for {name:?}")),
    };
    Ok([id(first)?, id(last)?])
}
