//! One request to a service: what is tried again and what is not, and its answer read within limits.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use moss_core::{Error, ErrorKind, Result};
use moss_proto::ErrorBody;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, header};

use crate::runtime::on_runtime;

/// A service that cannot be connected to in this time is not reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection is not used again after this time: the service closes it after 60 s, and a request that meets the closing fails.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);
/// The longest wait that a service may ask for.
const MAX_ASKED_WAIT: Duration = Duration::from_secs(30);
/// An error is a line, not a document.
const MAX_ERROR_BYTES: u64 = 1 << 20;

/// How long to wait, but for what a request says itself. Tests wait less.
#[derive(Debug, Clone)]
pub(super) struct Waits {
    /// Between the tries, three in all.
    pub(super) tries: [Duration; 2],
    /// For an answer to begin, and between two parts of it.
    pub(super) stall: Duration,
    /// Before a lost stream of events is opened again: the first, doubled up to the last.
    pub(super) reopen: (Duration, Duration),
}

impl Default for Waits {
    fn default() -> Waits {
        Waits {
            tries: [Duration::from_secs(1), Duration::from_secs(2)],
            stall: Duration::from_secs(60),
            reopen: (Duration::from_secs(1), Duration::from_secs(60)),
        }
    }
}

/// When a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or a second one is known to be the first.
    Always,
    /// Only where the service was not reached or said that it is too busy.
    IfNotAccepted,
}

/// What a failure says of another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// The service did nothing.
    Harmless,
    /// The service may have done what was asked.
    Twice,
    /// It would fail alike.
    Useless,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failure {
    error: Error,
    again: Again,
    /// What the service answered, if it did.
    status: Option<StatusCode>,
    /// How long it asked to wait.
    asked_wait: Option<Duration>,
}

/// What came of a request.
pub(super) type Tried<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Nothing, or not all, came back.
    fn unreached(origin: &str, again: Again, why: impl fmt::Display) -> Failure {
        Failure {
            error: Error::new(ErrorKind::Network, format!("{origin}: {why}")),
            again,
            status: None,
            asked_wait: None,
        }
    }

    /// Whether the credentials were refused.
    pub(super) fn is_unauthorized(&self) -> bool {
        self.status == Some(StatusCode::UNAUTHORIZED)
    }

    fn permits(&self, repeat: Repeat) -> bool {
        self.again == Again::Harmless || (self.again == Again::Twice && repeat == Repeat::Always)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure {
            error,
            again: Again::Useless,
            status: None,
            asked_wait: None,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        failure.error
    }
}

/// The connections to a service. A cheap handle, shared by cloning.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    pub(super) client: Client,
    pub(super) waits: Waits,
    origin: Arc<str>,
}

impl Requests {
    pub(super) fn new(origin: &str, waits: Waits) -> Result<Requests> {
        let no_client = |error: reqwest::Error| {
            Error::new(ErrorKind::Network, format!("no HTTP client: {}", cause(&error)))
        };
        let client = match builder(origin).build() {
            // Where no CA certificates are installed. They are of no use to plain HTTP.
            Err(error) if origin.starts_with("http://") => {
                tracing::debug!(error = cause(&error), "no HTTPS");
                builder(origin).tls_certs_only([]).build()
            }
            built => built,
        };
        Ok(Requests {
            client: client.map_err(no_client)?,
            waits,
            origin: origin.into(),
        })
    }

    /// The whole body of an answer that says success, of at most `limit` bytes. `patience` is for it to begin.
    pub(super) async fn whole(
        &self,
        repeat: Repeat,
        patience: Duration,
        limit: u64,
        make: impl Fn() -> RequestBuilder,
    ) -> Tried<Bytes> {
        self.tries(repeat, || {
            let (response, origin) = (self.send(make(), patience), self.origin.clone());
            let stall = self.waits.stall;
            async move { read_body(response.await?, limit, stall, &origin).await }
        })
        .await
    }

    /// An answer that says success, whose body is read as it comes.
    pub(super) async fn open(&self, make: impl Fn() -> RequestBuilder) -> Tried<Response> {
        let patience = self.waits.stall;
        self.tries(Repeat::IfNotAccepted, || self.send(make(), patience))
            .await
    }

    /// Up to three tries of what may be tried again.
    async fn tries<T: Send + 'static, F: Future<Output = Tried<T>> + Send + 'static>(
        &self,
        repeat: Repeat,
        attempt: impl Fn() -> F,
    ) -> Tried<T> {
        let mut waits = self.waits.tries.into_iter();
        loop {
            let failure = match on_runtime(attempt()).await? {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            let Some(wait) = waits.next().filter(|_| failure.permits(repeat)) else {
                return Err(failure);
            };
            tracing::debug!(error = %failure.error, "trying again");
            tokio::time::sleep(failure.asked_wait.unwrap_or(wait)).await;
        }
    }

    /// Sends a request once. An answer that is no success is a failure with what it says.
    fn send(
        &self,
        request: RequestBuilder,
        patience: Duration,
    ) -> impl Future<Output = Tried<Response>> + Send + use<> {
        let (origin, stall) = (self.origin.clone(), self.waits.stall);
        async move {
            let response = match tokio::time::timeout(patience, request.send()).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) if error.is_builder() => {
                    let error =
                        Error::new(ErrorKind::InvalidArgument, format!("{origin}: {}", cause(&error)));
                    return Err(error.into());
                }
                Ok(Err(error)) => {
                    let again = if error.is_connect() {
                        Again::Harmless
                    } else {
                        Again::Twice
                    };
                    return Err(Failure::unreached(&origin, again, cause(&error)));
                }
                Err(_) => {
                    let why = format!("no answer in {} s", patience.as_secs());
                    return Err(Failure::unreached(&origin, Again::Twice, why));
                }
            };
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            let asked_wait = asked_wait(&response);
            let body = read_body(response, MAX_ERROR_BYTES, stall, &origin).await;
            Err(Failure {
                error: ErrorBody::read(status.as_u16(), &body.unwrap_or_default()),
                again: match status {
                    StatusCode::TOO_MANY_REQUESTS => Again::Harmless,
                    status if status.is_server_error() => Again::Twice,
                    _ => Again::Useless,
                },
                status: Some(status),
                asked_wait,
            })
        }
    }
}

fn builder(origin: &str) -> reqwest::ClientBuilder {
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .user_agent(concat!("moss/", env!("CARGO_PKG_VERSION")));
    // No proxy reaches the loopback of this machine.
    if is_loopback(origin) {
        builder.no_proxy()
    } else {
        builder
    }
}

fn is_loopback(origin: &str) -> bool {
    let url = Url::parse(origin).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// What `Retry-After` says, in seconds.
fn asked_wait(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?).min(MAX_ASKED_WAIT))
}

/// What the system said, at the end of the chain of causes.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// The body, as long as parts of it keep coming and it is not above the limit.
async fn read_body(mut response: Response, limit: u64, stall: Duration, origin: &str) -> Tried<Bytes> {
    let failed =
        |again, why: String| Failure::unreached(origin, again, format_args!("reading an answer: {why}"));
    let announced = response.content_length().unwrap_or_default().min(limit);
    let mut body = BytesMut::with_capacity(announced as usize);
    loop {
        match tokio::time::timeout(stall, response.chunk()).await {
            Ok(Ok(None)) => return Ok(body.freeze()),
            Ok(Ok(Some(chunk))) if (body.len() + chunk.len()) as u64 <= limit => {
                body.extend_from_slice(&chunk);
            }
            Ok(Ok(Some(_))) => return Err(failed(Again::Useless, format!("more than {limit} bytes"))),
            Ok(Err(error)) => return Err(failed(Again::Twice, cause(&error))),
            Err(_) => {
                let why = format!("nothing more came for {} s", stall.as_secs());
                return Err(failed(Again::Twice, why));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_its_loopback() {
        for origin in [
            "http://localhost:8080",
            "http://127.0.0.1:80/moss",
            "https://[::1]",
        ] {
            assert!(is_loopback(origin), "{origin}");
        }
        for origin in ["http://localhost.example", "https://10.0.0.1", "http://moss"] {
            assert!(!is_loopback(origin), "{origin}");
        }
    }
}
