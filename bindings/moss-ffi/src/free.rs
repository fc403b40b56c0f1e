//! The release of what `output.rs` gave. NULL is fine everywhere; an object is released once and not used afterwards.

use std::ffi::{CString, c_char};
use std::ptr;

use crate::types::{
    MossDocumentInfo, MossIndexInfo, MossJobStatusResponse, MossMetadataEntry, MossMutationResult,
    MossPushIndexResult, MossQueryResultDoc, MossRefreshResult, MossSearchResult,
};

/// Something whose parts this library allocated.
trait Release {
    /// # Safety
    /// The parts were made by `output.rs` and are not used after this.
    unsafe fn release(&self);
}

/// # Safety
/// `text` is NULL or came from `give_text`, and is not used after this.
unsafe fn drop_text(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: it came from `CString::into_raw`.
        drop(unsafe { CString::from_raw(text) });
    }
}

/// # Safety
/// `values` and `count` came from `give_array`, and are not used after this.
unsafe fn drop_array<T>(values: *mut T, count: usize, release: unsafe fn(&T)) {
    if values.is_null() || count == 0 {
        return;
    }
    // SAFETY: the box that `give_array` leaked.
    let values = unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(values, count)) };
    for value in &values {
        // SAFETY: its parts go with it.
        unsafe { release(value) };
    }
}

/// # Safety
/// `value` is NULL or came from `give_one`, and is not used after this.
unsafe fn drop_one<T: Release>(value: *mut T) {
    if !value.is_null() {
        // SAFETY: the box that `give_one` leaked, and its parts.
        unsafe { Box::from_raw(value).release() };
    }
}

impl Release for MossMetadataEntry {
    unsafe fn release(&self) {
        // SAFETY: as this function's own.
        unsafe {
            drop_text(self.key);
            drop_text(self.value);
        }
    }
}

impl Release for MossDocumentInfo {
    unsafe fn release(&self) {
        // SAFETY: as this function's own.
        unsafe {
            drop_text(self.id);
            drop_text(self.text);
            drop_array(self.metadata, self.metadata_count, MossMetadataEntry::release);
            drop_array(self.embedding, self.embedding_dim, |_| ());
            drop_text(self.payload);
        }
    }
}

impl Release for MossQueryResultDoc {
    unsafe fn release(&self) {
        // SAFETY: as this function's own.
        unsafe {
            drop_text(self.id);
            drop_text(self.text);
            drop_array(self.metadata, self.metadata_count, MossMetadataEntry::release);
            drop_text(self.payload);
        }
    }
}

impl Release for MossSearchResult {
    unsafe fn release(&self) {
        // SAFETY: as this function's own.
        unsafe {
            drop_array(self.docs, self.doc_count, MossQueryResultDoc::release);
            drop_text(self.query);
            drop_text(self.index_name);
        }
    }
}

impl Release for MossIndexInfo {
    unsafe fn release(&self) {
        // SAFETY: as this function's own.
        unsafe {
            drop_text(self.id);
            drop_text(self.name);
            drop_text(self.version);
            drop_text(self.status);
            drop_text(self.created_at);
            drop_text(self.updated_at);
            drop_text(self.model.id);
            drop_text(self.model.version);
        }
    }
}

impl Release for MossMutationResult {
    unsafe fn release(&self) {
        // SAFETY: as this function's own.
        unsafe {
            drop_text(self.job_id);
            drop_text(self.index_name);
        }
    }
}

impl Release for MossPushIndexResult {
    unsafe fn release(&self) {
        // SAFETY: as this function's own.
        unsafe {
            drop_text(self.job_id);
            drop_text(self.index_name);
            drop_text(self.status);
            drop_text(self.version);
            drop_array(self.conflicts, self.conflict_count, |id| drop_text(*id));
        }
    }
}

impl Release for MossRefreshResult {
    unsafe fn release(&self) {
        // SAFETY: as this function's own.
        unsafe {
            drop_text(self.index_name);
            drop_text(self.previous_updated_at);
            drop_text(self.new_updated_at);
        }
    }
}

impl Release for MossJobStatusResponse {
    unsafe fn release(&self) {
        // SAFETY: as this function's own.
        unsafe {
            drop_text(self.job_id);
            drop_text(self.status);
            drop_text(self.current_phase);
            drop_text(self.error);
            drop_text(self.created_at);
            drop_text(self.updated_at);
            drop_text(self.completed_at);
        }
    }
}

/// Releases the result of a mutation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_free_mutation_result(result: *mut MossMutationResult) {
    // SAFETY: forwarded from this function's contract.
    unsafe { drop_one(result) }
}

/// Releases the result of a push.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_free_push_index_result(result: *mut MossPushIndexResult) {
    // SAFETY: forwarded from this function's contract.
    unsafe { drop_one(result) }
}

/// Releases the result of a refresh.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_free_refresh_result(result: *mut MossRefreshResult) {
    // SAFETY: forwarded from this function's contract.
    unsafe { drop_one(result) }
}

/// Releases a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_free_job_status_response(response: *mut MossJobStatusResponse) {
    // SAFETY: forwarded from this function's contract.
    unsafe { drop_one(response) }
}

/// Releases the answer to a query, with its documents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_free_search_result(result: *mut MossSearchResult) {
    // SAFETY: forwarded from this function's contract.
    unsafe { drop_one(result) }
}

/// Releases one index info, not one of a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_free_index_info(info: *mut MossIndexInfo) {
    // SAFETY: forwarded from this function's contract.
    unsafe { drop_one(info) }
}

/// Releases a list of index infos; `count` is the number that came with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_free_index_info_list(infos: *mut MossIndexInfo, count: usize) {
    // SAFETY: forwarded from this function's contract.
    unsafe { drop_array(infos, count, MossIndexInfo::release) }
}

/// Releases a list of documents; `count` is the number that came with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_free_documents(docs: *mut MossDocumentInfo, count: usize) {
    // SAFETY: forwarded from this function's contract.
    unsafe { drop_array(docs, count, MossDocumentInfo::release) }
}

/// Releases a text that a function gave through a `char **`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_free_string(text: *mut c_char) {
    // SAFETY: forwarded from this function's contract.
    unsafe { drop_text(text) }
}
