//! What callers are given: places for results, and Rust values as C structs.
//!
//! Every pointer made here is released by `free.rs`, which mirrors this file.

use std::ffi::{CString, c_char};
use std::ptr;

use sdk::{
    Document, IndexInfo, JobStatus, Metadata, ModelRef, MutationResult, PushResult, RefreshResult, Result,
    ScoredDocument, SearchResult,
};

use crate::input::invalid;
use crate::types::{
    MossDocumentInfo, MossIndexInfo, MossJobStatusResponse, MossMetadataEntry, MossModelRef,
    MossMutationResult, MossPushIndexResult, MossQueryResultDoc, MossRefreshResult, MossSearchResult,
};

/// What a place for a result holds when there is none.
pub(crate) trait Blank {
    fn blank() -> Self;
}

impl<T> Blank for *mut T {
    fn blank() -> Self {
        ptr::null_mut()
    }
}

impl Blank for usize {
    fn blank() -> Self {
        0
    }
}

impl Blank for bool {
    fn blank() -> Self {
        false
    }
}

/// The caller's place for a result, blank until something is given.
pub(crate) struct Out<T>(*mut T);

impl<T: Blank> Out<T> {
    /// Blanks the place, so that a failure after this leaves nothing in it.
    ///
    /// # Safety
    /// `place` is NULL or can be written until the result is dropped.
    ///
    /// # Errors
    /// `InvalidArgument` for NULL.
    pub(crate) unsafe fn new(place: *mut T, name: &str) -> Result<Out<T>> {
        if place.is_null() {
            return Err(invalid(format!("{name} is NULL")));
        }
        // SAFETY: not NULL, so it can be written, says the caller; what was there is not read or dropped.
        unsafe { place.write(T::blank()) };
        Ok(Out(place))
    }

    pub(crate) fn give(self, value: T) {
        // SAFETY: by the contract of `new`.
        unsafe { self.0.write(value) }
    }
}

/// Two places for results; both are blanked even if one is NULL.
///
/// # Safety
/// As [`Out::new`].
pub(crate) unsafe fn outs<A: Blank, B: Blank>(
    (first, first_name): (*mut A, &str),
    (second, second_name): (*mut B, &str),
) -> Result<(Out<A>, Out<B>)> {
    // SAFETY: as this function's own.
    let (first, second) = unsafe { (Out::new(first, first_name), Out::new(second, second_name)) };
    Ok((first?, second?))
}

/// A text for C. What cannot stand in one, NUL, becomes U+FFFD, so that nothing behind it is lost.
pub(crate) fn c_string(text: impl Into<String>) -> CString {
    CString::new(text.into()).unwrap_or_else(|error| {
        let bytes = error.into_vec();
        let text = String::from_utf8_lossy(&bytes).replace('\0', "\u{FFFD}");
        CString::new(text).unwrap_or_default()
    })
}

pub(crate) fn give_text(text: impl Into<String>) -> *mut c_char {
    c_string(text).into_raw()
}

fn give_optional(text: Option<impl Into<String>>) -> *mut c_char {
    text.map_or(ptr::null_mut(), give_text)
}

/// A text that is NULL where it is empty, since it is not known then.
fn give_known(text: String) -> *mut c_char {
    give_optional(Some(text).filter(|text| !text.is_empty()))
}

/// A struct on the heap.
pub(crate) fn give_one<T>(value: impl Into<T>) -> *mut T {
    Box::into_raw(Box::new(value.into()))
}

/// An array on the heap and its length; NULL if it is empty.
pub(crate) fn give_array<T, V: Into<T>>(values: impl IntoIterator<Item = V>) -> (*mut T, usize) {
    let values: Box<[T]> = values.into_iter().map(Into::into).collect();
    let count = values.len();
    match count {
        0 => (ptr::null_mut(), 0),
        _ => (Box::into_raw(values).cast(), count),
    }
}

/// Where the pointer of metadata without entries points: not NULL, since NULL is no metadata.
struct Nothing(MossMetadataEntry);

// SAFETY: nobody writes it, and its pointers are NULL.
unsafe impl Sync for Nothing {}

static NOTHING: Nothing = Nothing(MossMetadataEntry {
    key: ptr::null_mut(),
    value: ptr::null_mut(),
});

fn give_metadata(metadata: Option<Metadata>) -> (*mut MossMetadataEntry, usize) {
    match metadata {
        None => (ptr::null_mut(), 0),
        Some(entries) if entries.is_empty() => (ptr::from_ref(&NOTHING.0).cast_mut(), 0),
        Some(entries) => give_array(entries),
    }
}

impl From<(String, String)> for MossMetadataEntry {
    fn from((key, value): (String, String)) -> Self {
        MossMetadataEntry {
            key: give_text(key),
            value: give_text(value),
        }
    }
}

// Every conversion takes its value apart by name, so that a new field cannot be forgotten here.

impl From<Document> for MossDocumentInfo {
    fn from(document: Document) -> Self {
        let Document {
            id,
            text,
            metadata,
            embedding,
            payload,
        } = document;
        let (metadata, metadata_count) = give_metadata(metadata);
        let (embedding, embedding_dim) = give_array(embedding.unwrap_or_default());
        MossDocumentInfo {
            id: give_text(id),
            text: give_text(text),
            metadata,
            metadata_count,
            embedding,
            embedding_dim,
            payload: give_optional(payload),
        }
    }
}

impl From<ScoredDocument> for MossQueryResultDoc {
    fn from(document: ScoredDocument) -> Self {
        let (metadata, metadata_count) = give_metadata(document.metadata);
        MossQueryResultDoc {
            id: give_text(document.id),
            text: give_text(document.text),
            metadata,
            metadata_count,
            score: document.score,
            payload: give_optional(document.payload),
        }
    }
}

impl From<SearchResult> for MossSearchResult {
    fn from(result: SearchResult) -> Self {
        let SearchResult {
            docs,
            query,
            index_name,
            time_taken_ms,
        } = result;
        let (docs, doc_count) = give_array(docs);
        MossSearchResult {
            docs,
            doc_count,
            query: give_text(query),
            index_name: give_optional(index_name),
            time_taken_ms,
        }
    }
}

impl From<IndexInfo> for MossIndexInfo {
    fn from(info: IndexInfo) -> Self {
        let IndexInfo {
            id,
            name,
            version,
            status,
            doc_count,
            created_at,
            updated_at,
            model,
        } = info;
        let ModelRef {
            id: model_id,
            version: model_version,
        } = model;
        MossIndexInfo {
            id: give_text(id),
            name: give_text(name),
            version: give_known(version),
            status: give_text(status),
            doc_count,
            created_at: give_known(created_at),
            updated_at: give_known(updated_at),
            model: MossModelRef {
                id: give_text(model_id),
                version: give_known(model_version),
            },
        }
    }
}

impl From<MutationResult> for MossMutationResult {
    fn from(result: MutationResult) -> Self {
        let MutationResult {
            job_id,
            index_name,
            doc_count,
        } = result;
        MossMutationResult {
            job_id: give_text(job_id),
            index_name: give_text(index_name),
            doc_count,
        }
    }
}

impl From<PushResult> for MossPushIndexResult {
    fn from(result: PushResult) -> Self {
        let PushResult {
            job_id,
            index_name,
            doc_count,
            status,
            version,
            conflicts,
        } = result;
        let (conflicts, conflict_count) = give_array(conflicts.into_iter().map(give_text));
        MossPushIndexResult {
            job_id: give_text(job_id),
            index_name: give_text(index_name),
            doc_count,
            status: give_text(status),
            version: give_text(version),
            conflicts,
            conflict_count,
        }
    }
}

impl From<RefreshResult> for MossRefreshResult {
    fn from(result: RefreshResult) -> Self {
        let RefreshResult {
            index_name,
            previous_updated_at,
            new_updated_at,
            was_updated,
        } = result;
        MossRefreshResult {
            index_name: give_text(index_name),
            previous_updated_at: give_text(previous_updated_at),
            new_updated_at: give_text(new_updated_at),
            was_updated,
        }
    }
}

impl From<JobStatus> for MossJobStatusResponse {
    fn from(job: JobStatus) -> Self {
        let JobStatus {
            job_id,
            status,
            progress,
            current_phase,
            error,
            created_at,
            updated_at,
            completed_at,
            error_kind: _,
        } = job;
        MossJobStatusResponse {
            job_id: give_text(job_id),
            status: give_text(status),
            progress,
            current_phase: give_optional(current_phase),
            error: give_optional(error),
            created_at: give_known(created_at),
            updated_at: give_known(updated_at),
            completed_at: give_optional(completed_at),
        }
    }
}
