//! An error of Moss as Swift gets it: the number of its kind, and its message.

/// A failed call.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub(crate) enum NativeError {
    /// The one case: [`moss::ErrorKind::code`] and what a person reads.
    #[error("{reason}")]
    Failed { code: i32, reason: String },
}

impl From<moss::Error> for NativeError {
    fn from(error: moss::Error) -> NativeError {
        NativeError::Failed {
            code: error.kind().code(),
            reason: error.to_string(),
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, NativeError>;
