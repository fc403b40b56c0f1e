//! What a body may cost: its size, the time it takes to arrive, and the memory that all large bodies hold together, those of
//! answers too.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use moss_core::{Error, ErrorKind};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Service;
use crate::error::{Answer, ApiError};

/// Bytes of each body that need no room: small requests are answered whatever the large ones hold.
const SMALL_BYTES: usize = 64 << 10;
/// How long a body waits for room at most before it is refused.
const ROOM_WAIT: Duration = Duration::from_secs(5);
/// A body that comes slower than this is cut off, after the time that the options allow. Bad mobile connections are ten
/// times faster.
const LEAST_BYTES_PER_SECOND: u32 = 8 << 10;
/// How long bytes above the limit are taken and thrown away, so that the client reads its answer before the connection is
/// closed on it.
const LINGER: Duration = Duration::from_secs(2);

/// Large answers made at the same time: how much room one takes is known when it is made.
const TURNS: usize = 4;
/// Bytes of an answer handed over at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// The memory that large bodies share, those of requests and those of answers.
pub(crate) struct Bodies {
    room: Arc<Semaphore>,
    capacity: usize,
    turns: Semaphore,
}

impl Bodies {
    pub(crate) fn new(capacity: usize) -> Bodies {
        let capacity = capacity.min(Semaphore::MAX_PERMITS);
        Bodies {
            room: Arc::new(Semaphore::new(capacity)),
            capacity,
            turns: Semaphore::new(TURNS),
        }
    }

    /// Waits until an answer that may be large can be made.
    pub(crate) async fn turn(&self) -> SemaphorePermit<'_> {
        self.turns.acquire().await.expect("turns are never closed")
    }

    /// An answer of these bytes, which has its room until it is sent or given up; the turn in which it was made ends with this.
    ///
    /// # Errors
    /// 503 if other bodies leave no room for some seconds.
    pub(crate) async fn outgoing(&self, bytes: Bytes, _turn: SemaphorePermit<'_>) -> Answer {
        if bytes.len() <= SMALL_BYTES {
            return Ok(bytes.into_response());
        }
        // One that is larger than all the room goes alone.
        let permits = u32::try_from(bytes.len().min(self.capacity)).unwrap_or(u32::MAX);
        let room = timeout(ROOM_WAIT, self.room.clone().acquire_many_owned(permits)).await;
        let Ok(Ok(room)) = room else {
            let error = Cut::NoRoom.error();
            return Err(ApiError::with_status(StatusCode::SERVICE_UNAVAILABLE, error));
        };
        let length = [(header::CONTENT_LENGTH, bytes.len())];
        let chunks = stream::unfold((bytes, room), |(mut rest, room)| async move {
            let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
            (!chunk.is_empty()).then_some((Ok::<_, Infallible>(chunk), (rest, room)))
        });
        Ok((length, Body::from_stream(chunks)).into_response())
    }

    /// Bytes in use.
    pub(crate) fn held(&self) -> usize {
        self.capacity - self.room.available_permits()
    }
}

/// Lets a request through with a body that is cut off where it breaks a limit: `limit` bytes, and those of the service.
pub(crate) async fn body(
    State((service, limit)): State<(Arc<Service>, usize)>,
    request: Request,
    next: Next,
) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let limit = limit.min(service.bodies.capacity);
    let (parts, body) = request.into_parts();
    let body = body.into_data_stream();
    if declared_bytes(&parts.headers).is_some_and(|bytes| bytes > limit as u64) {
        linger(body);
        return Cut::TooLarge { limit }.answer();
    }
    let cut = Arc::new(OnceLock::new());
    let held = Arc::default();
    let arriving = Arriving {
        body,
        limit,
        received: 0,
        since: Instant::now(),
        grace: service.options.body_timeout,
        room: service.bodies.room.clone(),
        held: Arc::clone(&held),
        cut: cut.clone(),
    };
    let body = Body::from_stream(stream::try_unfold(arriving, Arriving::next));
    let response = next.run(Request::from_parts(parts, body)).await;
    // Until here the handler held the bytes.
    drop(held);
    match cut.get() {
        Some(cut) => cut.answer(),
        None => response,
    }
}

/// A body on its way in.
struct Arriving {
    body: BodyDataStream,
    limit: usize,
    received: usize,
    since: Instant,
    grace: Duration,
    room: Arc<Semaphore>,
    /// The room that this body takes, kept until its request is answered.
    held: Arc<Mutex<Vec<OwnedSemaphorePermit>>>,
    /// Why it was cut off.
    cut: Arc<OnceLock<Cut>>,
}

impl Arriving {
    async fn next(mut self) -> Result<Option<(Bytes, Arriving)>, BoxError> {
        let on_average =
            self.since + self.grace + Duration::from_secs(self.received as u64) / LEAST_BYTES_PER_SECOND;
        // What came fast buys no silence after it.
        let due = on_average.min(Instant::now() + self.grace);
        let bytes = match timeout_at(due, self.body.next()).await {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => bytes?,
            Err(_) => return Err(self.cut_off(Cut::Slow)),
        };
        let before = self.received.max(SMALL_BYTES);
        self.received += bytes.len();
        if self.received > self.limit {
            let error = self.cut_off(Cut::TooLarge { limit: self.limit });
            linger(self.body);
            return Err(error);
        }
        let large = self.received.saturating_sub(before);
        if large > 0 && !self.take_room(large).await {
            return Err(self.cut_off(Cut::NoRoom));
        }
        Ok(Some((bytes, self)))
    }

    /// Whether there was room for so many more bytes, or soon came to be.
    async fn take_room(&mut self, bytes: usize) -> bool {
        // What arrives at once is a few hundred KiB.
        let Ok(permits) = u32::try_from(bytes) else {
            return false;
        };
        let asked = Instant::now();
        let room = timeout(
            ROOM_WAIT.min(self.grace),
            self.room.clone().acquire_many_owned(permits),
        )
        .await;
        // The client could not send meanwhile.
        self.since += asked.elapsed();
        match room {
            Ok(Ok(room)) => {
                let mut held = self.held.lock();
                match held.last_mut() {
                    Some(all) => all.merge(room),
                    None => held.push(room),
                }
                true
            }
            _ => false,
        }
    }

    fn cut_off(&self, why: Cut) -> BoxError {
        let message = why.error().to_string();
        // A body ends once.
        _ = self.cut.set(why);
        message.into()
    }
}

/// Why a body was cut off.
#[derive(Debug)]
enum Cut {
    TooLarge { limit: usize },
    Slow,
    NoRoom,
}

impl Cut {
    fn error(&self) -> Error {
        match self {
            Cut::TooLarge { limit } => Error::new(
                ErrorKind::TooLarge,
                format!("the body is above the limit of {limit} bytes"),
            ),
            Cut::Slow => Error::new(ErrorKind::Cloud, "the body came too slowly"),
            Cut::NoRoom => Error::new(
                ErrorKind::Cloud,
                "the service is busy with other large bodies, try again",
            ),
        }
    }

    fn answer(&self) -> Response {
        let status = match self {
            Cut::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Cut::Slow => StatusCode::REQUEST_TIMEOUT,
            Cut::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
        };
        ApiError::with_status(status, self.error()).into_response()
    }
}

fn declared_bytes(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Takes the rest of a body for a moment, while its request is answered.
fn linger(mut body: BodyDataStream) {
    let rest = async move { while let Some(Ok(_)) = body.next().await {} };
    tokio::spawn(timeout(LINGER, rest));
}
