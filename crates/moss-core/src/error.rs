//! One error type for every crate and binding: a kind the caller can act on, and a message a person can read.

use std::fmt;

/// What went wrong, as far as a caller would act differently.
///
/// Bindings map the kind and never the text. The numbers of [`code`](ErrorKind::code) are part of the C ABI and
/// are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The handle was closed; open it again.
    Closed,
    /// An argument has the right type and a value outside its range.
    InvalidArgument,
    /// An argument has the wrong type.
    InvalidType,
    /// A filter says something that the grammar does not allow.
    InvalidFilter,
    /// A part of a filter has the wrong type.
    InvalidFilterType,
    /// The model id is not one that Moss knows.
    UnknownModel,
    /// Some documents of a batch carry a vector and some do not.
    MixedEmbeddings,
    /// A document of a `custom` index has no vector.
    EmbeddingMissing,
    /// A query of a `custom` index has no vector.
    EmbeddingRequired,
    /// A vector has another length than the index.
    DimensionMismatch,
    /// The credentials or the token were refused.
    Unauthorized,
    /// The service was not reached.
    Network,
    /// The project has no such index.
    IndexNotFound,
    /// There is no such job.
    JobNotFound,
    /// A build was started before its upload arrived.
    UploadMissing,
    /// The files of a model are absent, unreadable or not the expected ones.
    ModelUnavailable,
    /// A bug in Moss.
    Internal,
    /// The index is bound to another model.
    ModelMismatch,
    /// The name is taken.
    IndexExists,
    /// Somebody else pushed in the meantime.
    Conflict,
    /// The index is not loaded here.
    IndexNotLoaded,
    /// The job ended as failed.
    JobFailed,
    /// The job did not end in time.
    JobTimeout,
    /// The service answered with a status that has no kind of its own.
    Cloud,
    /// A body, an upload or a document is above its limit.
    TooLarge,
    /// Too many requests.
    RateLimited,
    /// Stored bytes are damaged.
    CacheCorrupt,
    /// The disk could not be read or written.
    Io,
}

impl ErrorKind {
    /// Every kind, so that each binding can prove its map to be total.
    pub const ALL: [ErrorKind; 28] = {
        use ErrorKind::*;
        [
            Closed,
            InvalidArgument,
            InvalidType,
            InvalidFilter,
            InvalidFilterType,
            UnknownModel,
            MixedEmbeddings,
            EmbeddingMissing,
            EmbeddingRequired,
            DimensionMismatch,
            Unauthorized,
            Network,
            IndexNotFound,
            JobNotFound,
            UploadMissing,
            ModelUnavailable,
            Internal,
            ModelMismatch,
            IndexExists,
            Conflict,
            IndexNotLoaded,
            JobFailed,
            JobTimeout,
            Cloud,
            TooLarge,
            RateLimited,
            CacheCorrupt,
            Io,
        ]
    };

    /// The kind's name, as it travels in the `code` field of an HTTP error body.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::Closed => "Closed",
            ErrorKind::InvalidArgument => "InvalidArgument",
            ErrorKind::InvalidType => "InvalidType",
            ErrorKind::InvalidFilter => "InvalidFilter",
            ErrorKind::InvalidFilterType => "InvalidFilterType",
            ErrorKind::UnknownModel => "UnknownModel",
            ErrorKind::MixedEmbeddings => "MixedEmbeddings",
            ErrorKind::EmbeddingMissing => "EmbeddingMissing",
            ErrorKind::EmbeddingRequired => "EmbeddingRequired",
            ErrorKind::DimensionMismatch => "DimensionMismatch",
            ErrorKind::Unauthorized => "Unauthorized",
            ErrorKind::Network => "Network",
            ErrorKind::IndexNotFound => "IndexNotFound",
            ErrorKind::JobNotFound => "JobNotFound",
            ErrorKind::UploadMissing => "UploadMissing",
            ErrorKind::ModelUnavailable => "ModelUnavailable",
            ErrorKind::Internal => "Internal",
            ErrorKind::ModelMismatch => "ModelMismatch",
            ErrorKind::IndexExists => "IndexExists",
            ErrorKind::Conflict => "Conflict",
            ErrorKind::IndexNotLoaded => "IndexNotLoaded",
            ErrorKind::JobFailed => "JobFailed",
            ErrorKind::JobTimeout => "JobTimeout",
            ErrorKind::Cloud => "Cloud",
            ErrorKind::TooLarge => "TooLarge",
            ErrorKind::RateLimited => "RateLimited",
            ErrorKind::CacheCorrupt => "CacheCorrupt",
            ErrorKind::Io => "Io",
        }
    }

    /// The kind of that [`name`](ErrorKind::name), if there is one.
    pub fn from_name(name: &str) -> Option<ErrorKind> {
        ErrorKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The number of the C ABI and of Swift's `MossError.code`; 0 is success and no kind.
    pub fn code(self) -> i32 {
        use ErrorKind::*;
        match self {
            Closed => -1,
            InvalidArgument | InvalidType | InvalidFilter | InvalidFilterType | UnknownModel
            | MixedEmbeddings | EmbeddingMissing | EmbeddingRequired | DimensionMismatch => -2,
            Unauthorized => -3,
            Network => -4,
            IndexNotFound | JobNotFound | UploadMissing => -5,
            ModelUnavailable => -6,
            Internal => -7,
            ModelMismatch => -8,
            IndexExists | Conflict => -9,
            IndexNotLoaded => -10,
            JobFailed | JobTimeout => -11,
            Cloud | TooLarge | RateLimited => -12,
            CacheCorrupt => -13,
            Io => -14,
        }
    }
}

/// An error of Moss: its [`kind`](Error::kind) and a message that names what was wrong and what to do.
///
/// The message never carries a credential or the text of a document, and is not part of the API.
///
/// ```
/// use moss_core::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::InvalidArgument, "alpha must be between 0 and 1, got 1.5");
/// assert_eq!(error.kind(), ErrorKind::InvalidArgument);
/// assert_eq!(error.to_string(), "alpha must be between 0 and 1, got 1.5");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    /// An error of this kind with this message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error {
            kind,
            message: message.into(),
        }
    }

    /// What the caller can branch on.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The same error with `context: ` before its message.
    pub fn within(mut self, context: impl fmt::Display) -> Error {
        self.message = format!("{context}: {}", self.message);
        self
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::InvalidArgument, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A result with Moss's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_name(kind.name()), Some(kind));
            assert_eq!(format!("{kind:?}"), kind.name());
            assert!(kind.code() < 0);
        }
    }
}
