//! An error as an answer: status by kind, and the body of [`ErrorBody`].

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use moss_core::{Error, ErrorKind};
use moss_proto::ErrorBody;

/// What a handler answers.
pub(crate) type Answer<T = Response> = std::result::Result<T, ApiError>;

/// What an answer was an error by, for those outside of the handlers who look at answers.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

/// What a handler answers when it cannot answer 2xx.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    error: Error,
    action: Option<String>,
}

impl ApiError {
    /// An error with another status than its kind has.
    pub(crate) fn with_status(status: StatusCode, error: Error) -> ApiError {
        ApiError {
            status,
            error,
            action: None,
        }
    }

    /// The same error for whoever asked for this manage action, which the body names where the fault is the service's.
    pub(crate) fn of_action(mut self, action: &str) -> ApiError {
        self.action = self.status.is_server_error().then(|| action.to_owned());
        self
    }

    /// `Unauthorized` as 401, which tells a client to take a new token and try once more.
    pub(crate) fn unauthenticated(error: Error) -> ApiError {
        match error.kind() {
            ErrorKind::Unauthorized => ApiError::with_status(StatusCode::UNAUTHORIZED, error),
            _ => error.into(),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        let status = StatusCode::from_u16(moss_proto::status(error.kind()));
        ApiError::with_status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = ErrorBody::new(&self.error);
        body.action = self.action;
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            let second = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, second);
        }
        response.extensions_mut().insert(Fault {
            kind: self.error.kind(),
            message: self.error.to_string(),
        });
        response
    }
}
