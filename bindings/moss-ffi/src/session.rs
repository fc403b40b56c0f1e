//! Sessions: documents in memory, and their way to the cloud and the disk.

use std::ffi::{CString, c_char};
use std::path::Path;
use std::ptr;

use sdk::{GetOptions, OnConflict, ParentGrouping, PushOptions, Result, Session, block_on};

use crate::boundary::{call, call_value};
use crate::handle::Handles;
use crate::input::{self, grouping, invalid, optional_text, text};
use crate::options::{
    MossAddDocsOptions, MossLoadIndexOptions, MossQueryOptions, add_options, load_options, query_options,
};
use crate::output::{Out, c_string, give_array, give_one, give_text, outs};
use crate::result::MossResult;
use crate::types::{MossDocumentInfo, MossPushIndexResult, MossSearchResult};

/// A read-write index in memory, with a name in the cloud.
pub struct MossSession(());

/// What a session's handle stands for.
struct Entry {
    session: Session,
    name: CString,
}

static SESSIONS: Handles<Entry> = Handles::new("session");

pub(crate) fn open_session(session: Session) -> *mut MossSession {
    let name = c_string(session.name());
    SESSIONS.open(Entry { session, name })
}

fn with_session<R>(session: *const MossSession, work: impl FnOnce(&Session) -> Result<R>) -> Result<R> {
    SESSIONS.with(session, |entry| work(&entry.session))
}

/// Releases a session, after the calls that are in flight on other threads. What was not pushed is gone.
#[unsafe(no_mangle)]
pub extern "C" fn moss_session_free(session: *mut MossSession) {
    call_value(|| SESSIONS.close(session, |_| ()));
}

/// The session's name, owned by the session and valid until it is freed; NULL for a handle that is not live.
#[unsafe(no_mangle)]
pub extern "C" fn moss_session_name(session: *const MossSession) -> *const c_char {
    call_value(|| SESSIONS.with(session, |entry| Ok(entry.name.as_ptr()))).unwrap_or(ptr::null())
}

/// How many documents the session holds; 0 for a handle that is not live.
#[unsafe(no_mangle)]
pub extern "C" fn moss_session_doc_count(session: *const MossSession) -> usize {
    call_value(|| with_session(session, |session| Ok(session.doc_count()))).unwrap_or(0)
}

/// The id of the model in force, which a load can change in an empty session. Release it with moss_free_string().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_model_id(
    session: *const MossSession,
    out: *mut *mut c_char,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let out = unsafe { Out::new(out, "out") }?;
        out.give(give_text(with_session(
            session,
            |session| Ok(session.model_id()),
        )?));
        Ok(())
    })
}

/// Adds documents or replaces those whose id exists: all of them or, on failure, none. The next query sees them.
///
/// `added` and `updated` count the new and the replaced ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_add_docs(
    session: *mut MossSession,
    docs: *const MossDocumentInfo,
    doc_count: usize,
    opts: *const MossAddDocsOptions,
    added: *mut usize,
    updated: *mut usize,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let ((added, updated), docs, opts) = unsafe {
            (
                outs((added, "added"), (updated, "updated"))?,
                input::documents(docs, doc_count)?,
                add_options(opts.as_ref().map(|opts| opts.upsert)),
            )
        };
        let upserted = with_session(session, |session| session.add_docs(docs, &opts))?;
        added.give(upserted.added);
        updated.give(upserted.updated);
        Ok(())
    })
}

/// Removes documents; `deleted` says how many there were. Unknown ids are ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_delete_docs(
    session: *mut MossSession,
    ids: *const *const c_char,
    id_count: usize,
    deleted: *mut usize,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (deleted, ids) = unsafe { (Out::new(deleted, "deleted")?, input::ids(ids, id_count)?) };
        deleted.give(with_session(session, |session| session.delete_docs(&ids))?);
        Ok(())
    })
}

/// Documents by id, in that order, unknown ids left out. `ids` NULL: all, by id; not NULL with count 0: none.
///
/// Release them with moss_free_documents().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_get_docs(
    session: *const MossSession,
    ids: *const *const c_char,
    id_count: usize,
    out: *mut *mut MossDocumentInfo,
    out_count: *mut usize,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (places, ids) = unsafe {
            (
                outs((out, "out"), (out_count, "out_count"))?,
                input::wanted_ids(ids, id_count)?,
            )
        };
        let mut options = GetOptions::new();
        options.ids = ids;
        get(session, &options, places)
    })
}

/// Documents by id, filter and order, with siblings folded into one.
///
/// `ids` as in moss_session_get_docs(). `filter_json` NULL: no filter. `sort_by` NULL: in the order of `ids`, else by id; not
/// NULL: by that metadata key, numeric where both values are numbers. `parent_field` and `order_field`: documents of one value
/// of the first become one, joined in the order of the second; both NULL: no folding.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_get_docs_ex(
    session: *const MossSession,
    ids: *const *const c_char,
    id_count: usize,
    filter_json: *const c_char,
    sort_by: *const c_char,
    ascending: bool,
    parent_field: *const c_char,
    order_field: *const c_char,
    out: *mut *mut MossDocumentInfo,
    out_count: *mut usize,
) -> MossResult {
    call(|| {
        let mut options = GetOptions::new();
        // SAFETY: forwarded from this function's contract.
        let places = unsafe {
            let places = outs((out, "out"), (out_count, "out_count"))?;
            options.ids = input::wanted_ids(ids, id_count)?;
            options.filter = input::filter(filter_json)?;
            options.sort_by = optional_text(sort_by, "sort_by")?.map(str::to_owned);
            options.ascending = ascending;
            options.group_by = grouping(parent_field, order_field)?;
            places
        };
        get(session, &options, places)
    })
}

fn get(
    session: *const MossSession,
    options: &GetOptions,
    (out, out_count): (Out<*mut MossDocumentInfo>, Out<usize>),
) -> Result<()> {
    let (docs, count) = give_array(with_session(session, |session| session.get_docs(options))?);
    out.give(docs);
    out_count.give(count);
    Ok(())
}

/// The documents that answer `query` best. `opts` NULL: top_k 5, alpha 0.8.
///
/// Release the answer with moss_free_search_result().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_query(
    session: *const MossSession,
    query: *const c_char,
    opts: *const MossQueryOptions,
    out: *mut *mut MossSearchResult,
) -> MossResult {
    // SAFETY: forwarded from this function's contract.
    call(|| unsafe { ask(session, query, opts, || Ok(None), out) })
}

/// As moss_session_query(), with siblings folded into one result: documents of one value of the metadata key `parent_field`,
/// joined in the order of `order_field`. Both NULL: no folding.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_query_grouped(
    session: *const MossSession,
    query: *const c_char,
    opts: *const MossQueryOptions,
    parent_field: *const c_char,
    order_field: *const c_char,
    out: *mut *mut MossSearchResult,
) -> MossResult {
    // SAFETY: forwarded from this function's contract.
    call(|| unsafe { ask(session, query, opts, || grouping(parent_field, order_field), out) })
}

/// # Safety
/// As [`moss_session_query`].
unsafe fn ask(
    session: *const MossSession,
    query: *const c_char,
    opts: *const MossQueryOptions,
    group_by: impl FnOnce() -> Result<Option<ParentGrouping>>,
    out: *mut *mut MossSearchResult,
) -> Result<()> {
    // SAFETY: as this function's own.
    let (out, query, mut opts) =
        unsafe { (Out::new(out, "out")?, text(query, "query")?, query_options(opts)?) };
    opts.group_by = group_by()?;
    out.give(give_one(with_session(session, |session| {
        session.query(query, &opts)
    })?));
    Ok(())
}

/// Stores the session under its name, with its vectors. Whoever opens the name after this sees it.
///
/// If somebody else pushed in the meantime both contents are merged by id; the first push of a session that was opened without
/// loading replaces the stored one. Release the result with moss_free_push_index_result().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_push_index(
    session: *mut MossSession,
    out: *mut *mut MossPushIndexResult,
) -> MossResult {
    // SAFETY: forwarded from this function's contract.
    call(|| push(session, unsafe { Out::new(out, "out") }?, PushOptions::new()))
}

/// As moss_session_push_index(), and says what happens if somebody else pushed in the meantime: `on_conflict` is "merge",
/// "replace", or "fail", which makes the call fail with ErrConflict. NULL is the default of moss_session_push_index().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_push_index_ex(
    session: *mut MossSession,
    on_conflict: *const c_char,
    out: *mut *mut MossPushIndexResult,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, on_conflict) =
            unsafe { (Out::new(out, "out")?, optional_text(on_conflict, "on_conflict")?) };
        let mut options = PushOptions::new();
        options.on_conflict = on_conflict.map(str::parse::<OnConflict>).transpose()?;
        push(session, out, options)
    })
}

fn push(session: *mut MossSession, out: Out<*mut MossPushIndexResult>, options: PushOptions) -> Result<()> {
    out.give(give_one(with_session(session, |session| {
        block_on(session.push_index(&options))
    })?));
    Ok(())
}

/// Replaces the session's content by that of the cloud index `name`; `count` says how many documents it has, 0 if there is no
/// such index. The session keeps its own name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_load_index(
    session: *mut MossSession,
    name: *const c_char,
    opts: *const MossLoadIndexOptions,
    count: *mut usize,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (count, name, opts) = unsafe {
            (
                Out::new(count, "count")?,
                text(name, "name")?,
                load_options(opts)?,
            )
        };
        count.give(with_session(session, |session| {
            block_on(session.load_index(name, &opts))
        })?);
        Ok(())
    })
}

/// Writes the session to the directory `path`/name, in place of what was saved there, whole or not at all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_save_to_disk(
    session: *const MossSession,
    path: *const c_char,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let path = unsafe { directory(path) }?;
        with_session(session, |session| session.save_to_disk(path))
    })
}

/// Replaces the session's content by what moss_session_save_to_disk() wrote; `count` says how many documents it has, 0 if
/// nothing was saved.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_load_from_disk(
    session: *mut MossSession,
    path: *const c_char,
    count: *mut usize,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (count, path) = unsafe { (Out::new(count, "count")?, directory(path)?) };
        count.give(with_session(session, |session| {
            block_on(session.load_from_disk(path))
        })?);
        Ok(())
    })
}

/// # Safety
/// As [`text`].
unsafe fn directory<'a>(path: *const c_char) -> Result<&'a Path> {
    // SAFETY: as this function's own.
    match unsafe { text(path, "path") }? {
        "" => Err(invalid("path is empty")),
        path => Ok(Path::new(path)),
    }
}

/// Writes the vector that a query of `text` searches by into `buf`, which has room for `capacity` floats; `dim` says how many
/// there are.
///
/// If there is too little room the call fails with ErrInvalidArgument, `buf` is as it was and `dim` says what is needed, so
/// that capacity 0 (and `buf` NULL) asks for the length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_session_embed_query(
    session: *const MossSession,
    text: *const c_char,
    buf: *mut f32,
    capacity: usize,
    dim: *mut usize,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (dim, text) = unsafe { (Out::new(dim, "dim")?, input::text(text, "text")?) };
        if buf.is_null() && capacity > 0 {
            return Err(invalid(format!("buf is NULL and has room for {capacity} floats")));
        }
        let vector = with_session(session, |session| session.embed_query(text))?;
        dim.give(vector.len());
        if capacity < vector.len() {
            let needed = vector.len();
            return Err(invalid(format!(
                "buf has room for {capacity} floats, {needed} are needed"
            )));
        }
        // SAFETY: not NULL, with room for `capacity` floats, says the caller, and so for these; the vector is our own.
        unsafe { ptr::copy_nonoverlapping(vector.as_ptr(), buf, vector.len()) };
        Ok(())
    })
}
