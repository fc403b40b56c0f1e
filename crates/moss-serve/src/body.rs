//! Bodies in and out: limits, and JSON read and written where a large one stalls nobody.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use moss_core::{Error, ErrorKind, Result};
use moss_proto::MAX_JSON_BYTES;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Answer;

/// Bytes that are read in well under a millisecond, on the thread that drives the connections.
const SMALL: usize = 64 << 10;

/// A body as the router's limit lets it through.
pub(crate) type Body = std::result::Result<Bytes, BytesRejection>;

/// The bytes of a body.
///
/// # Errors
/// `TooLarge` above the limit, `InvalidArgument` for one that ended early.
pub(crate) fn whole(body: Body) -> Result<Bytes> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::new(
            ErrorKind::TooLarge,
            format!("the body is above the limit of {MAX_JSON_BYTES} bytes"),
        ),
        _ => Error::new(ErrorKind::InvalidArgument, "the body ended early"),
    })
}

/// Runs `read` on the bytes, away from the connections if they are many.
pub(crate) async fn parse<T: Send + 'static>(
    bytes: Bytes,
    read: impl FnOnce(&[u8]) -> Result<T> + Send + 'static,
) -> Result<T> {
    if bytes.len() <= SMALL {
        read(&bytes)
    } else {
        moss_cloud::blocking(move || read(&bytes)).await
    }
}

/// A body of JSON.
pub(crate) async fn json<T: DeserializeOwned + Send + 'static>(body: Body) -> Result<T> {
    parse(whole(body)?, |bytes| moss_proto::json::read(bytes)).await
}

/// An answer that may be large.
pub(crate) async fn large<T: Serialize + Send + 'static>(answer: T) -> Answer {
    let json = moss_cloud::blocking(move || {
        serde_json::to_vec(&answer)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("writing the answer: {error}")))
    });
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    Ok((content_type, json.await?).into_response())
}
