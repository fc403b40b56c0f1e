//! What a body may cost: its size, the time it takes to cross, and the memory that all large bodies hold together. Those of
//! answers have a budget of their own, so that readers never keep writers waiting.

use std::io;
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
/// A body that crosses slower than this is cut off, after the time that the options allow. Bad mobile connections are ten
/// times faster.
const LEAST_BYTES_PER_SECOND: u32 = 8 << 10;
/// How long bytes above the limit are taken and thrown away, so that the client reads its answer before the connection is
/// closed on it.
const LINGER: Duration = Duration::from_secs(2);

/// Large answers made at the same time: how much room one takes is known when it is made.
const TURNS: usize = 4;
/// Bytes of an answer handed over at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// The memory that large bodies share, those of requests and, apart, those of answers.
pub(crate) struct Bodies {
    room: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    capacity: usize,
    turns: Semaphore,
    grace: Duration,
}

/// Leave to make an answer that may be large.
pub(crate) type Turn<'a> = SemaphorePermit<'a>;

impl Bodies {
    /// `capacity` bytes for requests and as many for answers; `grace` is how long a client may leave its answer alone.
    pub(crate) fn new(capacity: usize, grace: Duration) -> Bodies {
        let capacity = capacity.min(Semaphore::MAX_PERMITS);
        Bodies {
            room: Arc::new(Semaphore::new(capacity)),
            answers: Arc::new(Semaphore::new(capacity)),
            capacity,
            turns: Semaphore::new(TURNS),
            grace,
        }
    }

    /// Waits until an answer that may be large can be made.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        self.turns.acquire().await.expect("turns are never closed")
    }

    /// An answer of these bytes, which has its room until it is sent or given up; the turn in which it was made ends with this.
    /// A client that takes it too slowly is cut off.
    ///
    /// # Errors
    /// 503 if other answers leave no room for some seconds.
    pub(crate) async fn outgoing(&self, bytes: Bytes, _turn: Turn<'_>) -> Answer {
        if bytes.len() <= SMALL_BYTES {
            return Ok(bytes.into_response());
        }
        // One that is larger than all the room goes alone.
        let permits = u32::try_from(bytes.len().min(self.capacity)).unwrap_or(u32::MAX);
        let room = timeout(ROOM_WAIT, self.answers.clone().acquire_many_owned(permits)).await;
        let Ok(Ok(room)) = room else {
            let error = Cut::NoRoom.error();
            return Err(ApiError::with_status(StatusCode::SERVICE_UNAVAILABLE, error));
        };
        let length = [(header::CONTENT_LENGTH, bytes.len())];
        let leaving = Leaving {
            rest: bytes,
            pace: Pace::new(self.grace, Instant::now()),
            _room: room,
        };
        let chunks = stream::try_unfold(leaving, Leaving::next);
        Ok((length, Body::from_stream(chunks)).into_response())
    }

    /// Bytes in use.
    pub(crate) fn held(&self) -> usize {
        2 * self.capacity - self.room.available_permits() - self.answers.available_permits()
    }
}

/// How fast a body crosses: by when its next bytes must.
struct Pace {
    grace: Duration,
    due: Instant,
}

impl Pace {
    fn new(grace: Duration, now: Instant) -> Pace {
        Pace {
            grace,
            due: now + grace,
        }
    }

    /// Bytes crossed. They move the time by which the next must by what they may take at the least pace; what crossed fast
    /// buys no silence after it.
    fn crossed(&mut self, bytes: usize, now: Instant) {
        let earned = Duration::from_secs(bytes as u64) / LEAST_BYTES_PER_SECOND;
        self.due = (self.due + earned).min(now + self.grace);
    }

    /// The client was kept waiting for so long.
    fn excuse(&mut self, pause: Duration) {
        self.due += pause;
    }
}

/// An answer on its way out.
struct Leaving {
    rest: Bytes,
    pace: Pace,
    _room: OwnedSemaphorePermit,
}

impl Leaving {
    /// Asked for whenever the connection took what came before.
    async fn next(mut self) -> io::Result<Option<(Bytes, Leaving)>> {
        let now = Instant::now();
        if now > self.pace.due {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client takes its answer too slowly",
            ));
        }
        let chunk = self.rest.split_to(self.rest.len().min(CHUNK_BYTES));
        self.pace.crossed(chunk.len(), now);
        Ok((!chunk.is_empty()).then_some((chunk, self)))
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
        body: Some(body),
        limit,
        received: 0,
        pace: Pace::new(service.options.body_timeout, Instant::now()),
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
    /// Until it ended.
    body: Option<BodyDataStream>,
    limit: usize,
    received: usize,
    pace: Pace,
    room: Arc<Semaphore>,
    /// The room that this body takes, kept until its request is answered.
    held: Arc<Mutex<Vec<OwnedSemaphorePermit>>>,
    /// Why it was cut off.
    cut: Arc<OnceLock<Cut>>,
}

impl Arriving {
    async fn next(mut self) -> Result<Option<(Bytes, Arriving)>, BoxError> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        let bytes = match timeout_at(self.pace.due, body.next()).await {
            Ok(Some(Ok(bytes))) => bytes,
            Err(_) => return Err(self.cut_off(Cut::Slow)),
            // Nothing is left of it to take.
            Ok(ended) => {
                self.body = None;
                return ended.transpose().map(|_| None).map_err(Into::into);
            }
        };
        self.pace.crossed(bytes.len(), Instant::now());
        let before = self.received.max(SMALL_BYTES);
        self.received += bytes.len();
        if self.received > self.limit {
            return Err(self.cut_off(Cut::TooLarge { limit: self.limit }));
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
            ROOM_WAIT.min(self.pace.grace),
            self.room.clone().acquire_many_owned(permits),
        )
        .await;
        // The client could not send meanwhile.
        self.pace.excuse(asked.elapsed());
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

/// A body that nobody reads to its end, since it was cut off or its request refused: the client reads the answer all the same,
/// instead of a connection that is closed on it.
impl Drop for Arriving {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            linger(body);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(30);

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn what_crossed_fast_buys_no_trickle_after_it() {
        let start = Instant::now();
        let mut pace = Pace::new(GRACE, start);
        pace.crossed(64 << 20, start);
        assert_eq!(pace.due, after(start, 30));
        pace.crossed(1, after(start, 29));
        assert!(pace.due < after(start, 31));
    }

    #[test]
    fn the_least_pace_goes_on_for_ever_and_a_wait_is_excused() {
        let start = Instant::now();
        let mut pace = Pace::new(GRACE, start);
        for second in 1..100 {
            pace.crossed(LEAST_BYTES_PER_SECOND as usize, after(start, second));
            assert_eq!(pace.due, after(start, second + 30));
        }
        pace.excuse(Duration::from_secs(5));
        assert_eq!(pace.due, after(start, 99 + 30 + 5));
    }

    #[tokio::test]
    async fn an_answer_goes_out_whole_and_gives_back_its_room() {
        let bodies = Bodies::new(1 << 20, GRACE);
        let bytes = Bytes::from(vec![7; (1 << 20) + 1]);
        let turn = bodies.turn().await;
        let answer = bodies.outgoing(bytes.clone(), turn).await.unwrap();
        assert_eq!(bodies.held(), 1 << 20);
        let sent = axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .unwrap();
        assert_eq!((sent, bodies.held()), (bytes, 0));
    }

    #[tokio::test]
    async fn an_answer_that_is_taken_too_slowly_is_cut_off() {
        let bodies = Bodies::new(1 << 20, Duration::ZERO);
        let turn = bodies.turn().await;
        let answer = bodies
            .outgoing(Bytes::from(vec![7; 1 << 20]), turn)
            .await
            .unwrap();
        assert!(
            axum::body::to_bytes(answer.into_body(), usize::MAX)
                .await
                .is_err()
        );
        assert_eq!(bodies.held(), 0);
    }
}
