//! Clients and the sessions they open.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use sdk::{Client, MemoryPressure, Result, block_on};

use crate::authenticator::{Callback, MossAuthNotifyFn};
use crate::boundary::{call, call_value};
use crate::handle::Handles;
use crate::input::{invalid, optional_text, text};
use crate::options::{MossSessionOptions, session_options};
use crate::output::Out;
use crate::result::MossResult;
use crate::session::{MossSession, open_session};

/// A project's door to the cloud, its sessions and its loaded indexes.
pub struct MossClient(());

/// What a client's handle stands for.
struct Entry {
    client: Client,
    callback: Option<Arc<Callback>>,
}

impl Drop for Entry {
    /// Sessions hold the client too, but not what it has loaded, which nobody can ask or unload any more.
    fn drop(&mut self) {
        self.client.release_memory(MemoryPressure::Critical);
    }
}

static CLIENTS: Handles<Entry> = Handles::new("client");

/// Runs `work` on a client.
pub(crate) fn with_client<R>(
    client: *const MossClient,
    work: impl FnOnce(&Client) -> Result<R>,
) -> Result<R> {
    CLIENTS.with(client, |entry| work(&entry.client))
}

/// # Safety
/// The texts are NULL or end in NUL, `out` is NULL or can be written.
unsafe fn new_with_key(
    project_id: *const c_char,
    project_key: *const c_char,
    base_url: *const c_char,
    device_id: *const c_char,
    out: *mut *mut MossClient,
) -> Result<()> {
    // SAFETY: as this function's own.
    unsafe {
        let out = Out::new(out, "out")?;
        let project_id = text(project_id, "project_id")?;
        let project_key = text(project_key, "project_key")?;
        optional_text(device_id, "device_id")?;
        let client = match optional_text(base_url, "base_url")? {
            Some(base_url) => Client::with_base_url(project_id, project_key, base_url)?,
            None => Client::new(project_id, project_key)?,
        };
        let callback = None;
        out.give(CLIENTS.open(Entry { client, callback }));
    }
    Ok(())
}

/// # Safety
/// As [`new_with_key`]; `notify` can be called with `user_data` until the client is closed.
unsafe fn new_with_callback(
    project_id: *const c_char,
    notify: MossAuthNotifyFn,
    user_data: *mut c_void,
    base_url: *const c_char,
    device_id: *const c_char,
    out: *mut *mut MossClient,
) -> Result<()> {
    // SAFETY: as this function's own.
    unsafe {
        let out = Out::new(out, "out")?;
        let project_id = text(project_id, "project_id")?;
        let notify = notify.ok_or_else(|| invalid("notify is NULL"))?;
        let base_url = optional_text(base_url, "base_url")?;
        optional_text(device_id, "device_id")?;
        let callback = Arc::new(Callback::new(notify, user_data));
        let client = Client::with_authenticator(project_id, callback.asker(), base_url)?;
        let callback = Some(callback);
        out.give(CLIENTS.open(Entry { client, callback }));
    }
    Ok(())
}

/// Makes a client of the cloud that the environment names: MOSS_CLOUD_API_MANAGE_URL, else MOSS_STORE, else the store in
/// ~/.moss/store, which this process opens itself. Nothing is read or sent; the key is checked on first use.
///
/// Release the client with moss_client_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_new(
    project_id: *const c_char,
    project_key: *const c_char,
    out: *mut *mut MossClient,
) -> MossResult {
    let none = std::ptr::null();
    // SAFETY: forwarded from this function's contract.
    call(|| unsafe { new_with_key(project_id, project_key, none, none, out) })
}

/// The same as moss_client_new(). `device_id` may be NULL and is not used: Moss sends no telemetry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_new_with_device_id(
    project_id: *const c_char,
    project_key: *const c_char,
    device_id: *const c_char,
    out: *mut *mut MossClient,
) -> MossResult {
    let none = std::ptr::null();
    // SAFETY: forwarded from this function's contract.
    call(|| unsafe { new_with_key(project_id, project_key, none, device_id, out) })
}

/// Makes a client of the cloud at `base_url`: the manage URL of a service, a directory, or the URL of a store. NULL is the
/// cloud that the environment names, as in moss_client_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_new_with_base_url(
    project_id: *const c_char,
    project_key: *const c_char,
    base_url: *const c_char,
    out: *mut *mut MossClient,
) -> MossResult {
    // SAFETY: forwarded from this function's contract.
    call(|| unsafe { new_with_key(project_id, project_key, base_url, std::ptr::null(), out) })
}

/// Makes a client that asks `notify` for a token at every call of the cloud, instead of holding a key. `base_url` is that of
/// moss_client_new_with_base_url(), or NULL. For a store that this process opens itself the token is the project key.
///
/// `user_data` is handed to `notify` as it is, and must live until moss_client_free() has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_new_with_authenticator(
    project_id: *const c_char,
    notify: MossAuthNotifyFn,
    user_data: *mut c_void,
    base_url: *const c_char,
    out: *mut *mut MossClient,
) -> MossResult {
    let none = std::ptr::null();
    // SAFETY: forwarded from this function's contract.
    call(|| unsafe { new_with_callback(project_id, notify, user_data, base_url, none, out) })
}

/// The same as moss_client_new_with_authenticator(). `device_id` may be NULL and is not used: Moss sends no telemetry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_new_with_authenticator_and_device_id(
    project_id: *const c_char,
    notify: MossAuthNotifyFn,
    user_data: *mut c_void,
    base_url: *const c_char,
    device_id: *const c_char,
    out: *mut *mut MossClient,
) -> MossResult {
    // SAFETY: forwarded from this function's contract.
    call(|| unsafe { new_with_callback(project_id, notify, user_data, base_url, device_id, out) })
}

/// Releases a client; its sessions live on. Waits for calls that are in flight on other threads, and answers what its
/// authenticator has not: sessions of a client with an authenticator cannot reach the cloud afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn moss_client_free(client: *mut MossClient) {
    call_value(|| {
        CLIENTS.close(client, |entry| {
            if let Some(callback) = &entry.callback {
                callback.close();
            }
        })
    });
}

/// Opens the session `name`: what is stored under it comes back with its vectors, and where nothing is stored the session is
/// empty. The credentials are checked and the model is loaded here.
///
/// Fails with ErrModelMismatch if `opts` name another model than the stored one. Release the session with
/// moss_session_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_session(
    client: *const MossClient,
    name: *const c_char,
    opts: *const MossSessionOptions,
    out: *mut *mut MossSession,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name, opts) =
            unsafe { (Out::new(out, "out")?, text(name, "name")?, session_options(opts)?) };
        let session = with_client(client, |client| block_on(client.session(name, &opts)))?;
        out.give(open_session(session));
        Ok(())
    })
}
