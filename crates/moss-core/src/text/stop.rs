//! The stop list: words so common in English questions that they tell nothing about the answer.

/// Ascending byte order, for the binary search. Function words only: verbs and nouns of any domain stay out,
/// and so does "not", which changes what is asked.
const STOP_WORDS: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could",
    "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in",
    "into", "is", "it", "its", "me", "my", "of", "on", "or", "our", "she", "should", "so", "some", "such",
    "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "us",
    "was", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "with",
    "would", "you", "your",
];

/// Whether a lower-case word is on the list, by itself or before an apostrophe ("what's", "i'm").
pub(super) fn is_stop_word(word: &str) -> bool {
    let head = word.split('\'').next().unwrap_or(word);
    STOP_WORDS.binary_search(&head).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_found() {
        assert!(STOP_WORDS.is_sorted());
        for word in ["a", "the", "your", "what's", "i'm"] {
            assert!(is_stop_word(word), "{word}");
        }
        for word in ["refund", "not", "don't", "", "thee"] {
            assert!(!is_stop_word(word), "{word}");
        }
    }
}
