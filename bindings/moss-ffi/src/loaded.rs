//! Cloud indexes loaded into memory to be queried.

use std::ffi::c_char;

use libc::size_t;
use sdk::{MemoryPressure, block_on};

use crate::boundary::call;
use crate::client::{MossClient, with_client};
use crate::input::{invalid, text};
use crate::options::{MossLoadIndexOptions, MossQueryOptions, load_options, query_options};
use crate::output::{Out, give_one};
use crate::result::MossResult;
use crate::types::{MossIndexInfo, MossRefreshResult, MossSearchResult};

/// How urgently memory is needed: 0 low, 1 critical.
pub type MossMemoryPressure = u8;

/// Loads the newest version of a cloud index into memory, with the model of its queries; loads it again if it is loaded.
///
/// Release the result with moss_free_index_info().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_load_index(
    client: *mut MossClient,
    name: *const c_char,
    opts: *const MossLoadIndexOptions,
    out: *mut *mut MossIndexInfo,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name, opts) = unsafe { (Out::new(out, "out")?, text(name, "name")?, load_options(opts)?) };
        let info = with_client(client, |client| block_on(client.load_index(name, &opts)))?;
        out.give(give_one(info));
        Ok(())
    })
}

/// Frees a loaded index and stops its refreshing. One that is not loaded fails with ErrNotLoaded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_unload_index(
    client: *mut MossClient,
    name: *const c_char,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let name = unsafe { text(name, "name") }?;
        with_client(client, |client| client.unload_index(name))
    })
}

/// The documents of a loaded index that answer `query` best. `opts` NULL: top_k 5, alpha 0.8. An index that is not loaded
/// fails with ErrNotLoaded.
///
/// Release the answer with moss_free_search_result().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_query(
    client: *const MossClient,
    name: *const c_char,
    query: *const c_char,
    opts: *const MossQueryOptions,
    out: *mut *mut MossSearchResult,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name, query, opts) = unsafe {
            (
                Out::new(out, "out")?,
                text(name, "name")?,
                text(query, "query")?,
                query_options(opts)?,
            )
        };
        out.give(give_one(with_client(client, |client| {
            client.query(name, query, &opts)
        })?));
        Ok(())
    })
}

/// Loads the newer version of a loaded index, if there is one.
///
/// Release the result with moss_free_refresh_result().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_refresh_index(
    client: *mut MossClient,
    name: *const c_char,
    out: *mut *mut MossRefreshResult,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name) = unsafe { (Out::new(out, "out")?, text(name, "name")?) };
        out.give(give_one(with_client(client, |client| {
            block_on(client.refresh_index(name))
        })?));
        Ok(())
    })
}

/// Gives memory back by unloading indexes: all of them at level 1, all but the one queried last at level 0. Sessions stay.
/// `unloaded` says how many it were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_release_memory(
    client: *mut MossClient,
    level: MossMemoryPressure,
    unloaded: *mut size_t,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let unloaded = unsafe { Out::new(unloaded, "unloaded") }?;
        let pressure = match level {
            0 => MemoryPressure::Low,
            1 => MemoryPressure::Critical,
            other => return Err(invalid(format!("level is 0 or 1, got {other}"))),
        };
        unloaded.give(with_client(client, |client| Ok(client.release_memory(pressure)))?);
        Ok(())
    })
}
