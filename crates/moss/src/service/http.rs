//! Requests to a service: the token, what is tried again and what is not, and answers read within limits.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use moss_core::{Error, ErrorKind, Result};
use moss_proto::identity::{TokenAnswer, TokenRequest};
use moss_proto::manage::ManageRequest;
use moss_proto::{ErrorBody, PROJECT_ID_HEADER};
use reqwest::{Body, Client, Method, RequestBuilder, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::{Urls, to_json};
use crate::credentials::Credentials;

const JSON: &str = "application/json";
/// A service that cannot be connected to in this time is not reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For an answer to begin, and between two parts of it.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// For a whole upload.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// Waits between the tries, three in all.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// The longest wait that a service may ask for.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// A token is renewed this long before it ends.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// No token is believed to live longer: a day.
const MAX_TOKEN_SECS: u64 = 24 * 60 * 60;
/// A body may be sent no slower than this many bytes a second.
const LEAST_BYTES_PER_SECOND: u64 = 64 << 10;

/// When a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or a second one is known to be the first.
    Always,
    /// Only where the service was not reached or said that it is too busy.
    IfNotAccepted,
}

/// A token and when to renew it, by this process's own clock: that of the service may be an hour off.
#[derive(Clone)]
struct HeldToken {
    token: String,
    renew_at: Instant,
}

/// How the exchange of a key for a token went last.
#[derive(Default)]
enum Exchanged {
    #[default]
    Never,
    Token(HeldToken),
    /// When it failed: for those that had asked by then.
    Failed(Instant, Error),
}

/// The connections to a service for one project.
pub(super) struct Http {
    client: Client,
    urls: Urls,
    project_id: String,
    credentials: Credentials,
    /// What a key was exchanged for.
    token: Mutex<Exchanged>,
}

impl fmt::Debug for Http {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("urls", &self.urls)
            .field("project_id", &self.project_id)
            .finish_non_exhaustive()
    }
}

impl Http {
    pub(super) fn new(urls: Urls, project_id: &str, credentials: Credentials) -> Result<Http> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("moss/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::new(ErrorKind::Network, format!("no HTTP client: {}", cause(&error))))?;
        Ok(Http {
            client,
            urls,
            project_id: project_id.to_owned(),
            credentials,
            token: Mutex::default(),
        })
    }

    pub(super) fn project_id(&self) -> &str {
        &self.project_id
    }

    pub(super) fn origin(&self) -> &str {
        self.urls.origin()
    }

    /// Checks the credentials with the service now.
    pub(super) async fn authenticate(&self) -> Result<()> {
        match &self.credentials {
            Credentials::Key(_) => {
                let mut exchanged = self.token.lock().await;
                *exchanged = Exchanged::Token(self.exchange().await?);
                Ok(())
            }
            // A token of somebody else's making is checked where it is used.
            Credentials::Authenticator(_) => self.credentials.secret().await.map(drop),
        }
    }

    /// A management action.
    pub(super) async fn manage<T: DeserializeOwned>(
        &self,
        request: &ManageRequest,
        repeat: Repeat,
    ) -> Result<T> {
        let body = Bytes::from(request.to_json(&self.project_id));
        let url = self.urls.manage();
        let patience = patience_for(&body);
        let make = || {
            let request = self.client.post(&url).header(header::CONTENT_TYPE, JSON);
            request.body(body.clone())
        };
        read_json(self.send(repeat, patience, make).await?).await
    }

    /// The cloud query.
    pub(super) async fn query<T: DeserializeOwned>(&self, body: Vec<u8>) -> Result<T> {
        let body = Bytes::from(body);
        self.json(Repeat::Always, || {
            self.client.post(&self.urls.query).body(body.clone())
        })
        .await
    }

    /// What is at a path.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let url = self.urls.at(path);
        self.json(Repeat::Always, || self.client.get(&url)).await
    }

    /// Posts JSON to a path.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
        repeat: Repeat,
    ) -> Result<T> {
        let (url, body) = (self.urls.at(path), Bytes::from(body));
        self.json(repeat, || self.client.post(&url).body(body.clone()))
            .await
    }

    /// Puts bytes to a path; putting them twice is putting them once.
    pub(super) async fn put<T: DeserializeOwned>(&self, path: &str, bytes: Bytes) -> Result<T> {
        let url = self.urls.at(path);
        let make = || {
            let request = self.client.put(&url).timeout(UPLOAD_TIMEOUT);
            request
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .body(bytes.clone())
        };
        let response = self.send(Repeat::Always, UPLOAD_TIMEOUT, make).await?;
        read_json(response).await
    }

    /// Puts bytes to a URL that carries its own authority.
    pub(super) async fn upload(&self, url: &str, bytes: Bytes) -> Result<()> {
        let body = || Body::from(bytes.clone());
        let make = || self.client.put(url).timeout(UPLOAD_TIMEOUT).body(body());
        let response = self.attempt(Repeat::Always, UPLOAD_TIMEOUT, || async { Ok(make()) });
        expect_success(response.await?).await.map(drop)
    }

    /// The `length` bytes at a path.
    pub(super) async fn download(&self, path: &str, length: u64) -> Result<Bytes> {
        let url = self.urls.at(path);
        let response = self
            .send(Repeat::Always, STALL_TIMEOUT, || self.client.get(&url))
            .await?;
        read_body(response, length).await
    }

    /// A response whose body is read as it comes.
    pub(super) async fn stream(&self, path: &str) -> Result<Response> {
        let url = self.urls.at(path);
        self.send(Repeat::IfNotAccepted, STALL_TIMEOUT, || self.client.get(&url))
            .await
    }

    async fn json<T: DeserializeOwned>(
        &self,
        repeat: Repeat,
        make: impl Fn() -> RequestBuilder,
    ) -> Result<T> {
        let make = || make().header(header::CONTENT_TYPE, JSON);
        read_json(self.send(repeat, STALL_TIMEOUT, make).await?).await
    }

    /// Sends a request with a token; a refused token is renewed once.
    async fn send(
        &self,
        repeat: Repeat,
        patience: Duration,
        make: impl Fn() -> RequestBuilder,
    ) -> Result<Response> {
        let with_token = || async {
            let request = make().bearer_auth(self.token().await?);
            Ok(request.header(PROJECT_ID_HEADER, self.project_id.as_bytes()))
        };
        let mut response = self.attempt(repeat, patience, with_token).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            *self.token.lock().await = Exchanged::Never;
            response = self.attempt(repeat, patience, with_token).await?;
        }
        expect_success(response).await
    }

    /// Up to three tries of what may be tried again. The answer may be of any status.
    async fn attempt<F: Future<Output = Result<RequestBuilder>>>(
        &self,
        repeat: Repeat,
        patience: Duration,
        make: impl Fn() -> F,
    ) -> Result<Response> {
        let mut waits = WAITS.into_iter();
        loop {
            let sent = tokio::time::timeout(patience, make().await?.send()).await;
            let (error, wait) = match sent {
                Ok(Ok(response)) => match (may_repeat(repeat, response.status()), waits.next()) {
                    (true, Some(wait)) => {
                        tokio::time::sleep(asked_wait(&response).unwrap_or(wait)).await;
                        continue;
                    }
                    _ => return Ok(response),
                },
                Ok(Err(error)) => {
                    let was_sent = !error.is_connect();
                    let wait = waits.next().filter(|_| repeat == Repeat::Always || !was_sent);
                    (self.unreached(cause(&error)), wait)
                }
                Err(_) => (
                    self.unreached(format!("no answer in {} s", patience.as_secs())),
                    waits.next().filter(|_| repeat == Repeat::Always),
                ),
            };
            match wait {
                Some(wait) => {
                    tracing::debug!(%error, "trying again");
                    tokio::time::sleep(wait).await;
                }
                None => return Err(error),
            }
        }
    }

    fn unreached(&self, why: impl fmt::Display) -> Error {
        Error::new(ErrorKind::Network, format!("{}: {why}", self.urls.origin()))
    }

    /// A token that lives on for a while.
    async fn token(&self) -> Result<String> {
        if let Credentials::Authenticator(_) = self.credentials {
            return self.credentials.secret().await;
        }
        let asked = Instant::now();
        // Held while it is renewed, so that one request does it for all, and fails for all that waited for it.
        let mut exchanged = self.token.lock().await;
        match &*exchanged {
            Exchanged::Token(held) if Instant::now() < held.renew_at => return Ok(held.token.clone()),
            Exchanged::Failed(at, error) if asked < *at => return Err(error.clone()),
            _ => {}
        }
        match self.exchange().await {
            Ok(renewed) => {
                let token = renewed.token.clone();
                *exchanged = Exchanged::Token(renewed);
                Ok(token)
            }
            Err(error) => {
                *exchanged = Exchanged::Failed(Instant::now(), error.clone());
                Err(error)
            }
        }
    }

    /// Exchanges the key for a token.
    async fn exchange(&self) -> Result<HeldToken> {
        let asked = Instant::now();
        let body = Bytes::from(to_json(&TokenRequest {
            project_id: self.project_id.clone(),
            project_key: self.credentials.secret().await?,
        })?);
        let url = self.urls.token();
        let make = || async {
            let request = self.client.request(Method::POST, &url).body(body.clone());
            Ok(request.header(header::CONTENT_TYPE, JSON))
        };
        let response = self.attempt(Repeat::Always, STALL_TIMEOUT, make).await?;
        let answer: TokenAnswer = read_json(expect_success(response).await?).await?;
        Ok(HeldToken {
            token: answer.token,
            renew_at: asked
                + Duration::from_secs(answer.expires_in.min(MAX_TOKEN_SECS)).saturating_sub(RENEW_BEFORE),
        })
    }
}

/// For a body to be sent and an answer to begin.
fn patience_for(body: &Bytes) -> Duration {
    STALL_TIMEOUT + Duration::from_secs(body.len() as u64 / LEAST_BYTES_PER_SECOND)
}

fn may_repeat(repeat: Repeat, status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || (repeat == Repeat::Always && status.is_server_error())
}

/// What `Retry-After` says, in seconds.
fn asked_wait(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?).min(MAX_WAIT))
}

/// What the system said, at the end of the chain of causes.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

async fn expect_success(response: Response) -> Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    /// An error is a line, not a document.
    const MAX_ERROR_BYTES: u64 = 1 << 20;
    let body = read_body(response, MAX_ERROR_BYTES).await.unwrap_or_default();
    Err(ErrorBody::read(status.as_u16(), &body))
}

async fn read_json<T: DeserializeOwned>(response: Response) -> Result<T> {
    let body = read_body(response, moss_proto::MAX_UPLOAD_BYTES as u64).await?;
    serde_json::from_slice(&body).map_err(|error| {
        Error::new(
            ErrorKind::Cloud,
            format!("the service's answer is not understood: {error}"),
        )
    })
}

/// The body, as long as parts of it keep coming and it is not above the limit.
async fn read_body(mut response: Response, limit: u64) -> Result<Bytes> {
    let failed = |why: String| Error::new(ErrorKind::Network, format!("reading an answer: {why}"));
    // The length that is announced is not believed before it is there.
    let mut body = BytesMut::new();
    loop {
        let chunk = tokio::time::timeout(STALL_TIMEOUT, response.chunk()).await;
        match chunk {
            Ok(Ok(None)) => return Ok(body.freeze()),
            Ok(Ok(Some(chunk))) if (body.len() + chunk.len()) as u64 <= limit => {
                body.extend_from_slice(&chunk)
            }
            Ok(Ok(Some(_))) => return Err(failed(format!("more than {limit} bytes"))),
            Ok(Err(error)) => return Err(failed(cause(&error))),
            Err(_) => {
                return Err(failed(format!(
                    "nothing more came for {} s",
                    STALL_TIMEOUT.as_secs()
                )));
            }
        }
    }
}
