//! The numbers that calls return.

use sdk::ErrorKind;

/// What a call says: 0, or what kind of failure it was. The message is in moss_last_error().
///
/// New kinds may be added; treat a number that you do not know as a failure.
///
/// Where the short names collide with those of another header, define MOSS_NO_SHORT_NAMES before this one is included and
/// use the long ones: MOSS_OK, MOSS_ERR_CLOSED and so on.
#[cfg(not(moss_no_short_names))]
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MossResult {
    /// It worked.
    OK = 0,
    /// The handle is NULL, freed already, or of another kind.
    ErrClosed = -1,
    /// An argument that no call can work with: NULL, not UTF-8, out of range, a bad filter, a vector of another length.
    ErrInvalidArgument = -2,
    /// The credentials or the token were refused.
    ErrAuth = -3,
    /// The service was not reached.
    ErrNetwork = -4,
    /// No such index or job.
    ErrNotFound = -5,
    /// The files of a model are absent, unreadable or not the expected ones.
    ErrModel = -6,
    /// A bug in Moss.
    ErrInternal = -7,
    /// The index is bound to another model.
    ErrModelMismatch = -8,
    /// The name is taken, or somebody else pushed in the meantime.
    ErrConflict = -9,
    /// The index is not loaded: call moss_client_load_index() first.
    ErrNotLoaded = -10,
    /// A job failed or did not end in time.
    ErrJob = -11,
    /// The service refused: too large, too many requests, or any other status.
    ErrCloud = -12,
    /// Stored bytes are damaged.
    ErrCorrupt = -13,
    /// The disk could not be read or written.
    ErrIo = -14,
}

const RESULTS: [MossResult; 15] = {
    use MossResult::*;
    [
        OK,
        ErrClosed,
        ErrInvalidArgument,
        ErrAuth,
        ErrNetwork,
        ErrNotFound,
        ErrModel,
        ErrInternal,
        ErrModelMismatch,
        ErrConflict,
        ErrNotLoaded,
        ErrJob,
        ErrCloud,
        ErrCorrupt,
        ErrIo,
    ]
};

impl From<ErrorKind> for MossResult {
    fn from(kind: ErrorKind) -> MossResult {
        let same = |result: &MossResult| *result as i32 == kind.code();
        RESULTS.into_iter().find(same).unwrap_or(MossResult::ErrInternal)
    }
}

/// The same as `OK`.
pub const MOSS_OK: i32 = 0;
/// The same as `ErrClosed`.
pub const MOSS_ERR_CLOSED: i32 = -1;
/// The same as `ErrInvalidArgument`.
pub const MOSS_ERR_INVALID_ARGUMENT: i32 = -2;
/// The same as `ErrAuth`.
pub const MOSS_ERR_AUTH: i32 = -3;
/// The same as `ErrNetwork`.
pub const MOSS_ERR_NETWORK: i32 = -4;
/// The same as `ErrNotFound`.
pub const MOSS_ERR_NOT_FOUND: i32 = -5;
/// The same as `ErrModel`.
pub const MOSS_ERR_MODEL: i32 = -6;
/// The same as `ErrInternal`.
pub const MOSS_ERR_INTERNAL: i32 = -7;
/// The same as `ErrModelMismatch`.
pub const MOSS_ERR_MODEL_MISMATCH: i32 = -8;
/// The same as `ErrConflict`.
pub const MOSS_ERR_CONFLICT: i32 = -9;
/// The same as `ErrNotLoaded`.
pub const MOSS_ERR_NOT_LOADED: i32 = -10;
/// The same as `ErrJob`.
pub const MOSS_ERR_JOB: i32 = -11;
/// The same as `ErrCloud`.
pub const MOSS_ERR_CLOUD: i32 = -12;
/// The same as `ErrCorrupt`.
pub const MOSS_ERR_CORRUPT: i32 = -13;
/// The same as `ErrIo`.
pub const MOSS_ERR_IO: i32 = -14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_number_of_its_code() {
        for kind in ErrorKind::ALL {
            assert_eq!(MossResult::from(kind) as i32, kind.code(), "{kind:?}");
        }
    }

    #[test]
    fn the_long_names_are_the_same_numbers() {
        let long = [
            MOSS_OK,
            MOSS_ERR_CLOSED,
            MOSS_ERR_INVALID_ARGUMENT,
            MOSS_ERR_AUTH,
            MOSS_ERR_NETWORK,
            MOSS_ERR_NOT_FOUND,
            MOSS_ERR_MODEL,
            MOSS_ERR_INTERNAL,
            MOSS_ERR_MODEL_MISMATCH,
            MOSS_ERR_CONFLICT,
            MOSS_ERR_NOT_LOADED,
            MOSS_ERR_JOB,
            MOSS_ERR_CLOUD,
            MOSS_ERR_CORRUPT,
            MOSS_ERR_IO,
        ];
        assert_eq!(long, RESULTS.map(|result| result as i32));
    }
}
