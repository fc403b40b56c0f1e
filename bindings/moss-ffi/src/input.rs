//! What callers pass in: checked, then read or copied.
//!
//! Every count is checked before anything behind its pointer is read.

use std::ffi::{CStr, c_char};
use std::slice;

use sdk::{Document, Error, ErrorKind, Filter, Metadata, ParentGrouping, Result};

use crate::types::{MossDocumentInfo, MossMetadataEntry};

/// The most documents or ids that one call takes: as many as an index holds.
const MAX_ITEMS: usize = sdk::limits::MAX_DOCUMENTS;

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

/// A text.
///
/// # Safety
/// `text` is NULL or ends in NUL, and lives as long as the result is used.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: as this function's own.
    unsafe { optional_text(text, name) }?.ok_or_else(|| invalid(format!("{name} is NULL")))
}

/// A text that may be NULL.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so it ends in NUL and lives long enough, says the caller.
    let bytes = unsafe { CStr::from_ptr(text) };
    match bytes.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(invalid(format!(
            "{name} is not UTF-8 at byte {}",
            error.valid_up_to()
        ))),
    }
}

/// The `count` items at `items`; NULL with 0 is the empty list.
///
/// # Safety
/// `items` is NULL or points to `count` initialised items, which live as long as the result is used.
unsafe fn array<'a, T>(items: *const T, count: usize, most: usize, name: &str) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    if items.is_null() {
        return Err(invalid(format!("{name} is NULL and has {count} items")));
    }
    if !items.is_aligned() {
        return Err(invalid(format!("{name} is not aligned")));
    }
    if count > most {
        return Err(invalid(format!(
            "{name} has {count} items, at most {most} are taken"
        )));
    }
    // SAFETY: not NULL, aligned, and few enough; the rest says the caller.
    Ok(unsafe { slice::from_raw_parts(items, count) })
}

/// A list of ids.
///
/// # Safety
/// `ids` is NULL or points to `count` texts.
pub(crate) unsafe fn ids(ids: *const *const c_char, count: usize) -> Result<Vec<String>> {
    // SAFETY: as this function's own.
    let ids = unsafe { array(ids, count, MAX_ITEMS, "ids") }?;
    ids.iter()
        .enumerate()
        // SAFETY: as this function's own.
        .map(|(at, id)| Ok(unsafe { text(*id, &format!("ids[{at}]")) }?.to_owned()))
        .collect()
}

/// The ids of a get function: NULL is all, not NULL with count 0 is none.
///
/// # Safety
/// As [`ids`].
pub(crate) unsafe fn wanted_ids(wanted: *const *const c_char, count: usize) -> Result<Option<Vec<String>>> {
    if wanted.is_null() && count == 0 {
        return Ok(None);
    }
    // SAFETY: as this function's own.
    unsafe { ids(wanted, count) }.map(Some)
}

/// A list of documents.
///
/// # Safety
/// `docs` is NULL or points to `count` documents with valid parts.
pub(crate) unsafe fn documents(docs: *const MossDocumentInfo, count: usize) -> Result<Vec<Document>> {
    // SAFETY: as this function's own.
    let docs = unsafe { array(docs, count, MAX_ITEMS, "docs") }?;
    docs.iter()
        .enumerate()
        // SAFETY: as this function's own.
        .map(|(at, doc)| unsafe { document(doc) }.map_err(|error| error.within(format_args!("docs[{at}]"))))
        .collect()
}

/// # Safety
/// The parts of `doc` are valid.
unsafe fn document(doc: &MossDocumentInfo) -> Result<Document> {
    // Every field by name, so that a new one cannot be forgotten here.
    let MossDocumentInfo {
        id,
        text: body,
        metadata: entries,
        metadata_count,
        embedding,
        embedding_dim,
        payload,
    } = *doc;
    // SAFETY: as this function's own.
    unsafe {
        Ok(Document {
            id: text(id, "id")?.to_owned(),
            text: text(body, "text")?.to_owned(),
            metadata: metadata(entries, metadata_count)?,
            embedding: vector(embedding, embedding_dim)?,
            payload: optional_text(payload, "payload")?.map(str::to_owned),
        })
    }
}

/// Metadata: NULL with count 0 is none, not NULL with count 0 is empty. Of a key that comes twice the last value counts.
///
/// # Safety
/// `entries` is NULL or points to `count` entries with valid parts.
unsafe fn metadata(entries: *const MossMetadataEntry, count: usize) -> Result<Option<Metadata>> {
    if entries.is_null() && count == 0 {
        return Ok(None);
    }
    let most = sdk::limits::MAX_METADATA_KEYS;
    if count > most {
        let message = format!("has {count} metadata keys, at most {most} are allowed");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    // SAFETY: as this function's own.
    let entries = unsafe { array(entries, count, most, "metadata") }?;
    let pairs = entries.iter().enumerate().map(|(at, entry)| {
        // SAFETY: as this function's own.
        let (key, value) = unsafe { (text(entry.key, "key"), text(entry.value, "value")) };
        let within = |error: Error| error.within(format_args!("metadata[{at}]"));
        Ok((key.map_err(within)?.to_owned(), value.map_err(within)?.to_owned()))
    });
    pairs.collect::<Result<Metadata>>().map(Some)
}

/// A vector; of length 0 it is none.
///
/// # Safety
/// `values` is NULL or points to `dim` floats.
pub(crate) unsafe fn vector(values: *const f32, dim: usize) -> Result<Option<Vec<f32>>> {
    // SAFETY: as this function's own.
    let values = unsafe { array(values, dim, sdk::limits::MAX_DIMENSION, "embedding") }?;
    Ok((!values.is_empty()).then(|| values.to_vec()))
}

/// A filter in JSON; NULL is none.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn filter(json: *const c_char) -> Result<Option<Filter>> {
    // SAFETY: as this function's own.
    let json = unsafe { optional_text(json, "filter_json") }?;
    json.map(Filter::parse_json).transpose()
}

/// The two fields of a grouping; both NULL is none.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn grouping(
    parent_field: *const c_char,
    order_field: *const c_char,
) -> Result<Option<ParentGrouping>> {
    // SAFETY: as this function's own.
    let fields = unsafe {
        (
            optional_text(parent_field, "parent_field")?,
            optional_text(order_field, "order_field")?,
        )
    };
    match fields {
        (None, None) => Ok(None),
        (Some(parent_field), Some(order_field)) => Ok(Some(ParentGrouping::new(parent_field, order_field))),
        _ => Err(invalid(
            "of parent_field and order_field one is NULL: pass both, or none",
        )),
    }
}
