//! What BERT's normalizer makes of the characters of a text, and which of them are words by themselves.
//!
//! The tables are those that the reference reads, of an old version of Unicode: of newer ones other ids would come.

use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::UnicodeNormalization;

/// The characters of a text without control characters and accents, in lower case, with spaces around ideographs. White space
/// stays white space, if not the same.
pub(super) fn normalized(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|&c| !is_removed(c))
        .flat_map(|c| match is_ideograph(c) {
            true => [Some(' '), Some(c), Some(' ')],
            false => [Some(c), None, None],
        })
        .flatten()
        .nfd()
        .map(|(c, _)| c)
        .filter(|&c| c.is_ascii() || !c.is_mark_nonspacing())
        .flat_map(char::to_lowercase)
}

/// Whether a character is a word wherever it stands.
pub(super) fn is_punctuation(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_punctuation(),
        false => c.is_punctuation(),
    }
}

/// Tab and ends of lines are not among the characters looked at here.
fn is_removed(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_control(),
        false => c == char::REPLACEMENT_CHARACTER || c.is_other(),
    }
}

/// The blocks of CJK ideographs, as BERT lists them.
fn is_ideograph(c: char) -> bool {
    matches!(
        c,
        '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{2a6df}'
            | '\u{2a700}'..='\u{2b73f}'
            | '\u{2b740}'..='\u{2b81f}'
            | '\u{2b920}'..='\u{2ceaf}'
            | '\u{2f800}'..='\u{2fa1f}'
    )
}
