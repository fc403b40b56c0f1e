//! Words for the keyword side: Unicode word split, lower case, English stems, stop list.
//!
//! Texts and questions go through the same steps, so that they meet in the same terms. Counting and ranking
//! are in [`crate::lexical`]; the tokens of the embedding model are another matter, in [`crate::embed`].

mod stop;

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// Number of the rules of this module, stored beside every list of terms.
///
/// Any change of what [`analyze`] returns raises it, a newer Unicode version in the word splitter included:
/// terms of different rules do not meet.
pub const ANALYZER: u32 = 1;

/// Longest word that is stemmed, in bytes.
///
/// The stemmer's time grows with the square of the length on repeated `ay`, so one hostile word of a
/// megabyte would take minutes. No English word comes near.
const MAX_STEMMED_BYTES: usize = 64;

/// The terms of one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Distinct terms in ascending byte order, each with its number of occurrences; 255 also stands for more.
    pub terms: Vec<(String, u8)>,
    /// Words of the text, repetitions and stop words included.
    pub length: u32,
}

/// The terms of a document's text, stop words included: a question of nothing but stop words needs them.
///
/// About 0.4 microseconds a word.
///
/// ```
/// let terms = moss_core::text::analyze("Refunds! I want a refund.");
/// let expected = [("a", 1), ("i", 1), ("refund", 2), ("want", 1)];
/// assert!(terms.terms.iter().map(|(term, tf)| (term.as_str(), *tf)).eq(expected));
/// assert_eq!(terms.length, 5);
/// ```
pub fn analyze(text: &str) -> Terms {
    let stemmer = stemmer();
    let mut words: Vec<String> = text
        .unicode_words()
        .map(|word| stem(&stemmer, &fold(word)).into_owned())
        .collect();
    // A text is at most a megabyte (limits::MAX_TEXT_BYTES).
    let length = u32::try_from(words.len()).unwrap_or(u32::MAX);
    words.sort_unstable();
    let mut terms: Vec<(String, u8)> = Vec::with_capacity(words.len());
    for word in words {
        match terms.last_mut() {
            Some((last, tf)) if *last == word => *tf = tf.saturating_add(1),
            _ => terms.push((word, 1)),
        }
    }
    Terms { terms, length }
}

/// The distinct terms of a question in ascending byte order, without stop words unless nothing else is left.
///
/// ```
/// use moss_core::text::analyze_query;
/// assert_eq!(analyze_query("Where is my refund?"), ["refund"]);
/// assert_eq!(analyze_query("to be"), ["be", "to"]);
/// assert!(analyze_query("?!").is_empty());
/// ```
pub fn analyze_query(text: &str) -> Vec<String> {
    let stemmer = stemmer();
    let words: Vec<Cow<'_, str>> = text.unicode_words().map(fold).collect();
    let telling = words.iter().any(|word| !stop::is_stop_word(word));
    let mut terms: Vec<String> = words
        .iter()
        .filter(|word| !telling || !stop::is_stop_word(word))
        .map(|word| stem(&stemmer, word).into_owned())
        .collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Whether the text holds any word; a question without one has no keyword side.
pub fn has_word(text: &str) -> bool {
    text.unicode_words().next().is_some()
}

fn stemmer() -> Stemmer {
    Stemmer::create(Algorithm::English)
}

/// Lower case, and one form of apostrophe: speech-to-text and word processors differ there.
fn fold(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(word.to_ascii_lowercase());
        }
        return Cow::Borrowed(word);
    }
    Cow::Owned(word.to_lowercase().replace('\u{2019}', "'"))
}

fn stem<'a>(stemmer: &Stemmer, word: &'a str) -> Cow<'a, str> {
    if word.len() > MAX_STEMMED_BYTES {
        return Cow::Borrowed(word);
    }
    stemmer.stem(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        analyze(text).terms.into_iter().map(|(term, _)| term).collect()
    }

    #[test]
    fn forms_of_a_word_meet() {
        for (left, right) in [
            ("Refunds", "refund"),
            ("CHARGED", "charging"),
            ("Zürich", "ZÜRICH"),
            ("customer’s", "customer's"),
            ("don’t", "DON'T"),
        ] {
            assert_eq!(words(left), words(right), "{left} {right}");
        }
    }

    #[test]
    fn splits_where_unicode_splits() {
        assert_eq!(words("order-id 3.50, (ok)"), ["3.50", "id", "ok", "order"]);
        assert_eq!(
            words("東京 ﬁn"),
            ["ﬁn", "東", "京"]
                .map(String::from)
                .into_iter()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn repetitions_count_and_saturate() {
        let terms = analyze(&"cash back cash ".repeat(200));
        let expected = [("back".to_owned(), 200), ("cash".to_owned(), 255)];
        assert_eq!(terms.terms, expected);
        assert_eq!(terms.length, 600);
        assert_eq!(analyze(" .,!? \u{1f600}"), Terms::default());
    }

    #[test]
    fn stop_words_leave_a_question_only_when_a_word_stays() {
        assert_eq!(
            analyze_query("What's the status of THE refund"),
            ["refund", "status"]
        );
        assert_eq!(analyze_query("Who is it?"), ["is", "it", "who"]);
        assert_eq!(analyze_query("refund refunds"), ["refund"]);
        assert!(words("the refund").contains(&"the".to_owned()));
    }

    #[test]
    fn a_question_without_a_word() {
        for text in ["", "  \n", "?!…", "\u{1f600}"] {
            assert!(!has_word(text) && analyze_query(text).is_empty(), "{text:?}");
        }
        assert!(has_word("…é"));
    }

    #[test]
    fn a_hostile_word_is_kept_and_costs_no_more_than_others() {
        let word = "ay".repeat(1 << 19);
        assert_eq!(words(&word), [word]);
    }

    proptest! {
        /// The splitter has a way of its own for ASCII; a text must not lose its terms by one accent in it.
        #[test]
        fn ascii_and_unicode_ways_agree(text in "[ -~\t\n]{0,80}") {
            let accented = analyze(&format!("{text} é"));
            let mut terms = analyze(&text).terms;
            terms.push(("é".into(), 1));
            prop_assert_eq!(accented.terms, terms);
        }

        #[test]
        fn terms_are_distinct_sorted_and_cover_questions(text in "\\PC{0,60}|([Tt]he|is|[a-z']{1,9}|’| ){0,20}") {
            let terms = analyze(&text);
            prop_assert!(terms.terms.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert_eq!(terms.length as usize, terms.terms.iter().map(|(_, tf)| *tf as usize).sum::<usize>());
            let query = analyze_query(&text);
            prop_assert_eq!(query.is_empty(), terms.length == 0);
            prop_assert_eq!(has_word(&text), terms.length > 0);
            for term in query {
                prop_assert!(terms.terms.binary_search_by(|(own, _)| own.cmp(&term)).is_ok());
            }
        }
    }
}
