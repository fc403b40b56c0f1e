//! Errors on the wire: the status of each kind, and the body whose `code` carries the kind across.

use moss_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

/// The body of every answer that is not 2xx: `{"error", "action"?, "code"?}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What was wrong, for a person.
    pub error: String,
    /// The manage action that failed; sent with the service's own faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// [`ErrorKind::name`]; other services send none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl ErrorBody {
    /// The body of an error.
    pub fn new(error: &Error) -> ErrorBody {
        ErrorBody {
            error: error.to_string(),
            action: None,
            code: Some(error.kind().name().to_owned()),
        }
    }

    /// The error that an answer with this status and body stands for: of the kind in `code`, else of the kind that the
    /// status alone says, else `Cloud`.
    pub fn read(status: u16, body: &[u8]) -> Error {
        let body = serde_json::from_slice::<ErrorBody>(body).ok();
        let code = body.as_ref().and_then(|body| body.code.as_deref());
        let kind = code.and_then(ErrorKind::from_name).unwrap_or(match status {
            401 | 403 => ErrorKind::Unauthorized,
            413 => ErrorKind::TooLarge,
            429 => ErrorKind::RateLimited,
            // Of a proxy that does not reach the service; the service itself sends a code.
            502..=504 => ErrorKind::Network,
            _ => ErrorKind::Cloud,
        });
        let message = body.map_or_else(
            || format!("the service answered with status {status}"),
            |body| body.error,
        );
        Error::new(kind, message)
    }
}

/// The HTTP status that an error of this kind is answered with. The token endpoint says 401 for `Unauthorized`, and so
/// does every route that refuses a bearer token.
pub fn status(kind: ErrorKind) -> u16 {
    use ErrorKind::*;
    match kind {
        InvalidArgument | InvalidType | InvalidFilter | InvalidFilterType | UnknownModel
        | MixedEmbeddings | EmbeddingMissing | EmbeddingRequired | DimensionMismatch => 400,
        Unauthorized => 403,
        IndexNotFound | JobNotFound | UploadMissing => 404,
        ModelMismatch | IndexExists | Conflict => 409,
        TooLarge => 413,
        RateLimited => 429,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_the_wire() {
        for kind in ErrorKind::ALL {
            let sent = Error::new(kind, "what was wrong");
            let body = serde_json::to_vec(&ErrorBody::new(&sent)).unwrap();
            assert_eq!(ErrorBody::read(status(kind), &body), sent);
        }
    }

    #[test]
    fn answers_of_others_get_the_kind_of_their_status() {
        for (status, kind) in [
            (401, ErrorKind::Unauthorized),
            (413, ErrorKind::TooLarge),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Cloud),
            (502, ErrorKind::Network),
            (504, ErrorKind::Network),
        ] {
            let error = ErrorBody::read(status, b"<html>bad gateway</html>");
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(&status.to_string()), "{error}");
        }
        let error = ErrorBody::read(400, br#"{"error": "no such thing", "code": "FromTheFuture"}"#);
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Cloud, "no such thing")
        );
    }
}
