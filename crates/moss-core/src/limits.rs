//! Every bound on what a host may hand in. A number from outside passes here before it sizes an allocation or a
//! recursion, because an abort cannot be caught.

use crate::{Error, ErrorKind, Result};

/// Documents in one index or session.
pub const MAX_DOCUMENTS: usize = 1_000_000;
/// Bytes of a document's text.
pub const MAX_TEXT_BYTES: usize = 1 << 20;
/// Bytes of a document's payload.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;
/// Metadata keys of one document.
pub const MAX_METADATA_KEYS: usize = 64;
/// Bytes of one metadata value.
pub const MAX_METADATA_VALUE_BYTES: usize = 4 << 10;
/// Bytes of one metadata key.
pub const MAX_METADATA_KEY_BYTES: usize = 1 << 10;
/// Bytes of a document id.
pub const MAX_ID_BYTES: usize = 1 << 10;
/// Bytes of an index or session name.
pub const MAX_NAME_BYTES: usize = 256;
/// Length of a custom vector. The widest text encoders in use stay below it.
pub const MAX_DIMENSION: usize = 16_384;
/// Nesting of `$and` and `$or` in a filter.
pub const MAX_FILTER_DEPTH: usize = 64;
/// Bytes of a query text.
pub const MAX_QUERY_BYTES: usize = 1 << 20;

/// Bytes of a model file. A hundred times the models in use.
pub const MAX_MODEL_BYTES: u64 = 8 << 30;

/// Checks the name of an index or session: 1 to 256 bytes of UTF-8 without control characters.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("index name must not be empty"));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(Error::invalid(format!(
            "index name has {} bytes, at most {MAX_NAME_BYTES} are allowed",
            name.len()
        )));
    }
    if let Some(c) = name.chars().find(|c| c.is_control()) {
        return Err(Error::invalid(format!(
            "index name contains the control character {:?}",
            c
        )));
    }
    Ok(())
}

/// Checks that `count` documents fit in one index.
///
/// # Errors
/// `TooLarge`.
pub fn check_document_count(count: usize) -> Result<()> {
    if count > MAX_DOCUMENTS {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("{count} documents are more than the {MAX_DOCUMENTS} that one index holds"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        check_name("conv-123").unwrap();
        check_name(&"é".repeat(128)).unwrap();
        for bad in ["", "a\0b", "a\nb", &"é".repeat(129)] {
            assert_eq!(
                check_name(bad).unwrap_err().kind(),
                ErrorKind::InvalidArgument,
                "{bad:?}"
            );
        }
    }
}
