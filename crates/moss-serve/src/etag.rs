//! Versions as ETags, so that polling is conditional.

use axum::http::{HeaderMap, HeaderValue, header};

/// The `ETag` of a version: its number in quotes.
pub(crate) fn of(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("digits in quotes make a header")
}

/// Whether the client has this version already, by `If-None-Match`.
pub(crate) fn is_known(headers: &HeaderMap, version: u64) -> bool {
    let version = version.to_string();
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    known
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_in_every_spelling_of_its_tag() {
        let knows = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]);
            is_known(&headers, 12)
        };
        for value in ["\"12\"", "W/\"12\"", "\"1\", \"12\"", "*", "12"] {
            assert!(knows(value), "{value}");
        }
        for value in ["\"1\"", "\"121\"", ""] {
            assert!(!knows(value), "{value}");
        }
        assert_eq!(of(12), "\"12\"");
    }
}
