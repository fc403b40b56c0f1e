//! What belongs to no handle.

use std::ffi::{CStr, c_char};

use sdk::Result;

use crate::boundary::call;
use crate::input::{invalid, text};
use crate::result::MossResult;

/// The version of the header, to compare with moss_sdk_version(): major number.
pub const MOSS_VERSION_MAJOR: i32 = 0;
/// The version of the header: minor number.
pub const MOSS_VERSION_MINOR: i32 = 1;
/// The version of the header: patch number.
pub const MOSS_VERSION_PATCH: i32 = 0;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("a version holds no NUL"),
};

/// The version of the library, like "0.1.0". Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn moss_sdk_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Says where downloaded models are kept, in place of the user's cache directory. Call it before the first client is made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_set_model_cache_dir(path: *const c_char) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        set_cache_dir(unsafe { text(path, "path") }?)
    })
}

fn set_cache_dir(path: &str) -> Result<()> {
    if path.is_empty() {
        return Err(invalid("path is empty"));
    }
    sdk::set_model_cache_dir(path);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_the_version_of_the_library() {
        let header = format!("{MOSS_VERSION_MAJOR}.{MOSS_VERSION_MINOR}.{MOSS_VERSION_PATCH}");
        assert_eq!(header, env!("CARGO_PKG_VERSION"));
        assert_eq!(VERSION.to_str().unwrap(), sdk::VERSION);
    }
}
