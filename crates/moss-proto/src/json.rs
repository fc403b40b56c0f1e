//! JSON to a value, with messages that name the field and never show what stood in it.

use moss_core::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde_json::error::Category;

/// Reads a body.
///
/// # Errors
/// `InvalidArgument` for text that is not JSON and for a field that is missing or out of range, `InvalidType` for a field
/// of another type.
///
/// # Example: the field is named, its content is not shown
/// ```
/// let error = moss_proto::json::read::<moss_proto::DocumentBody>(br#"{"id": "a", "text": 17}"#).unwrap_err();
/// assert_eq!(error.to_string(), "text: expected a string, got integer");
/// ```
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    // Once more, to find out where it is at fault: to keep track of that costs more than the reading.
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, &error.into_inner())
    })?;
    reader.end().map_err(|error| explain(".", &error))?;
    Ok(value)
}

fn explain(path: &str, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    match error.classify() {
        Category::Data => {
            let text = text.split(" at line ").next().unwrap_or_default();
            fault(if path == "." { "" } else { path }, text)
        }
        _ => invalid(format!("the body is not valid JSON: {text}")),
    }
}

/// Words a fault of the data. Serde's own text quotes the value, which may be a document or a credential.
fn fault(path: &str, text: &str) -> Error {
    if let Some(field) = text.strip_prefix("missing field ") {
        let dot = if path.is_empty() { "" } else { "." };
        return invalid(format!("{path}{dot}{} is missing", field.trim_matches('`')));
    }
    let place = if path.is_empty() { "the body" } else { path };
    let Some((got, expected)) = text.rsplit_once(", expected ") else {
        return invalid(format!("{place}: {text}"));
    };
    match got.strip_prefix("invalid type: ") {
        Some(got) => {
            let kind = got.split(['`', '"']).next().unwrap_or_default().trim_end();
            Error::new(
                ErrorKind::InvalidType,
                format!("{place}: expected {expected}, got {kind}"),
            )
        }
        None => invalid(format!("{place}: expected {expected}")),
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manage::{AddDocs, InitUpload};

    fn fault_of<T: for<'a> Deserialize<'a>>(body: &str) -> (ErrorKind, String) {
        let error = read::<T>(body.as_bytes()).err().unwrap();
        (error.kind(), error.to_string())
    }

    #[test]
    fn the_field_is_named_at_any_depth() {
        for (body, kind, message) in [
            ("{}", ErrorKind::InvalidArgument, "indexName is missing"),
            (
                "17",
                ErrorKind::InvalidType,
                "the body: expected an object, got integer",
            ),
            (
                r#"{"indexName": "a", "docs": [{"id": "x", "text": "y"}, {"id": "x"}]}"#,
                ErrorKind::InvalidArgument,
                "docs[1].text is missing",
            ),
            (
                r#"{"indexName": "a", "docs": [{"id": "x", "text": "y", "metadata": {"price": 5}}]}"#,
                ErrorKind::InvalidType,
                "docs[0].metadata.price: expected a string, got integer",
            ),
            (
                r#"{"indexName": "a", "docs": [{"id": "x", "text": "y", "embedding": [1, "secret, expected"]}]}"#,
                ErrorKind::InvalidType,
                "docs[0].embedding[1]: expected f32, got string",
            ),
        ] {
            assert_eq!(fault_of::<AddDocs>(body), (kind, message.to_owned()), "{body}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_arguments_and_broken_text_is_said_to_be() {
        let body = r#"{"indexName": "a", "modelId": "m", "docCount": -1, "dimension": 0}"#;
        let (kind, message) = fault_of::<InitUpload>(body);
        assert_eq!(kind, ErrorKind::InvalidArgument);
        assert_eq!(message, "docCount: expected u32");
        for body in [
            "",
            "{",
            "{\"indexName\": \"a\" \"docs\": []}",
            "{} {}",
            "\u{feff}{}",
        ] {
            let (kind, message) = fault_of::<AddDocs>(body);
            assert_eq!(kind, ErrorKind::InvalidArgument, "{body}");
            assert!(!message.is_empty());
        }
    }
}
