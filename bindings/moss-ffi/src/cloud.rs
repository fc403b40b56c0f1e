//! Cloud indexes: make, change, read, list, delete, and the jobs that did it.

use std::ffi::c_char;

use sdk::block_on;

use crate::boundary::call;
use crate::client::{MossClient, with_client};
use crate::input::{self, optional_text, text};
use crate::options::{MossMutationOptions, add_options};
use crate::output::{Out, give_array, give_one, outs};
use crate::result::MossResult;
use crate::types::{MossDocumentInfo, MossIndexInfo, MossJobStatusResponse, MossMutationResult};

/// Makes a cloud index of these documents and waits until it is built. `model_id` NULL: "custom" if a document has a vector,
/// else the default model. A name in use fails with ErrConflict.
///
/// Release the result with moss_free_mutation_result().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_create_index(
    client: *const MossClient,
    name: *const c_char,
    docs: *const MossDocumentInfo,
    doc_count: usize,
    model_id: *const c_char,
    out: *mut *mut MossMutationResult,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name, docs, model_id) = unsafe {
            (
                Out::new(out, "out")?,
                text(name, "name")?,
                input::documents(docs, doc_count)?,
                optional_text(model_id, "model_id")?,
            )
        };
        let made = with_client(client, |client| {
            block_on(client.create_index(name, docs, model_id))
        })?;
        out.give(give_one(made));
        Ok(())
    })
}

/// Adds documents to a cloud index, or replaces those whose id exists, and waits until that is done.
///
/// Release the result with moss_free_mutation_result().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_add_docs(
    client: *const MossClient,
    name: *const c_char,
    docs: *const MossDocumentInfo,
    doc_count: usize,
    opts: *const MossMutationOptions,
    out: *mut *mut MossMutationResult,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name, docs, opts) = unsafe {
            (
                Out::new(out, "out")?,
                text(name, "name")?,
                input::documents(docs, doc_count)?,
                add_options(opts.as_ref().map(|opts| opts.upsert)),
            )
        };
        let added = with_client(client, |client| block_on(client.add_docs(name, docs, &opts)))?;
        out.give(give_one(added));
        Ok(())
    })
}

/// Deletes documents from a cloud index and waits until that is done. Unknown ids are ignored; no ids at all is an error.
///
/// Release the result with moss_free_mutation_result().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_delete_docs(
    client: *const MossClient,
    name: *const c_char,
    ids: *const *const c_char,
    id_count: usize,
    out: *mut *mut MossMutationResult,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name, ids) = unsafe {
            (
                Out::new(out, "out")?,
                text(name, "name")?,
                input::ids(ids, id_count)?,
            )
        };
        let deleted = with_client(client, |client| block_on(client.delete_docs(name, &ids)))?;
        out.give(give_one(deleted));
        Ok(())
    })
}

/// Deletes a cloud index. `deleted` is true; an index that does not exist fails with ErrNotFound.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_delete_index(
    client: *const MossClient,
    name: *const c_char,
    deleted: *mut bool,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (deleted, name) = unsafe { (Out::new(deleted, "deleted")?, text(name, "name")?) };
        deleted.give(with_client(client, |client| block_on(client.delete_index(name)))?);
        Ok(())
    })
}

/// What is known of a cloud index. Release it with moss_free_index_info().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_get_index(
    client: *const MossClient,
    name: *const c_char,
    out: *mut *mut MossIndexInfo,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name) = unsafe { (Out::new(out, "out")?, text(name, "name")?) };
        out.give(give_one(with_client(client, |client| {
            block_on(client.get_index(name))
        })?));
        Ok(())
    })
}

/// All cloud indexes of the project, by name. Release them with moss_free_index_info_list().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_list_indexes(
    client: *const MossClient,
    out: *mut *mut MossIndexInfo,
    out_count: *mut usize,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, out_count) = unsafe { outs((out, "out"), (out_count, "out_count")) }?;
        let (infos, count) = give_array(with_client(client, |client| block_on(client.list_indexes()))?);
        out.give(infos);
        out_count.give(count);
        Ok(())
    })
}

/// Documents of a cloud index, without vectors: by id in that order, unknown ids left out. `ids` NULL: all, by id; not NULL
/// with count 0: none.
///
/// Release them with moss_free_documents().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_get_docs(
    client: *const MossClient,
    name: *const c_char,
    ids: *const *const c_char,
    id_count: usize,
    out: *mut *mut MossDocumentInfo,
    out_count: *mut usize,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let ((out, out_count), name, ids) = unsafe {
            (
                outs((out, "out"), (out_count, "out_count"))?,
                text(name, "name")?,
                input::wanted_ids(ids, id_count)?,
            )
        };
        let found = with_client(client, |client| block_on(client.get_docs(name, ids.as_deref())))?;
        let (docs, count) = give_array(found);
        out.give(docs);
        out_count.give(count);
        Ok(())
    })
}

/// The job of that id, as results of mutations and pushes name it. Release it with moss_free_job_status_response().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_get_job_status(
    client: *const MossClient,
    job_id: *const c_char,
    out: *mut *mut MossJobStatusResponse,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, job_id) = unsafe { (Out::new(out, "out")?, text(job_id, "job_id")?) };
        out.give(give_one(with_client(client, |client| {
            block_on(client.get_job_status(job_id))
        })?));
        Ok(())
    })
}
