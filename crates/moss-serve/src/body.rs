//! Bodies in and out: JSON read and written where a large one stalls nobody.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::header;
use axum::response::IntoResponse;
use moss_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Answer;

/// Bytes that are read in well under a millisecond, on the thread that drives the connections.
const SMALL: usize = 64 << 10;

/// A body as the limits of its route let it through.
pub(crate) type Body = std::result::Result<Bytes, BytesRejection>;

/// The bytes of a body.
///
/// # Errors
/// `InvalidArgument` for one that ended early.
pub(crate) fn whole(body: Body) -> Result<Bytes> {
    body.map_err(|_| ended_early())
}

/// The bytes of a body that is read only now, since it may be large and first of all somebody had to say who he is.
///
/// # Errors
/// As [`whole`].
pub(crate) async fn read(body: axum::body::Body) -> Result<Bytes> {
    let bytes = axum::body::to_bytes(body, usize::MAX).await;
    bytes.map_err(|_| ended_early())
}

fn ended_early() -> Error {
    Error::new(ErrorKind::InvalidArgument, "the body ended early")
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

/// A body of JSON that may be absent.
pub(crate) async fn json_or_default<T: DeserializeOwned + Default + Send + 'static>(body: Body) -> Result<T> {
    let bytes = whole(body)?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    parse(bytes, |bytes| moss_proto::json::read(bytes)).await
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
