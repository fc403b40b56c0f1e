//! Bodies in and out: JSON read and written where a large one stalls nobody.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::IntoResponse;
use bytes::BytesMut;
use futures::StreamExt;
use moss_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Service;
use crate::error::Answer;
use crate::limits::Turn;

/// Bytes that are read in well under a millisecond, on the thread that drives the connections.
const SMALL: usize = 64 << 10;

/// The bytes of a body, as the limits of its route let it through.
///
/// They go into one buffer as they come: whoever sends a byte at a time must not make a list of millions.
///
/// # Errors
/// `InvalidArgument` for one that ended early.
pub(crate) async fn read(body: Body) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        bytes.extend_from_slice(&part.map_err(|_| ended_early())?);
    }
    Ok(bytes.freeze())
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
    parse(read(body).await?, |bytes| moss_proto::json::read(bytes)).await
}

/// A body of JSON that may be absent.
pub(crate) async fn json_or_default<T: DeserializeOwned + Default + Send + 'static>(body: Body) -> Result<T> {
    let bytes = read(body).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    parse(bytes, |bytes| moss_proto::json::read(bytes)).await
}

/// An answer of JSON that may be large, with its room; `turn` is the one in which it was made.
///
/// # Errors
/// 503 if other bodies leave no room for some seconds.
pub(crate) async fn large<T: Serialize + Send + 'static>(
    service: &Service,
    turn: Turn<'_>,
    answer: T,
) -> Answer {
    let json = moss_cloud::blocking(move || {
        serde_json::to_vec(&answer)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("writing the answer: {error}")))
    });
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    let body = service.bodies.outgoing(json.await?.into(), turn).await?;
    Ok((content_type, body).into_response())
}
