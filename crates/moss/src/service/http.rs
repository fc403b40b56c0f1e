//! What a service is asked, each request with its token.

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use moss_core::{Error, ErrorKind, Result};
use moss_proto::identity::{TokenAnswer, TokenRequest};
use moss_proto::manage::ManageRequest;
use moss_proto::{MAX_UPLOAD_BYTES, PROJECT_ID_HEADER};
use reqwest::{RequestBuilder, Response, header};
use serde::de::DeserializeOwned;

use super::requests::{Repeat, Requests, Tried, Waits};
use super::token::{Exchange, Token, Tokens};
use super::{Urls, to_json};
use crate::credentials::Credentials;
use crate::runtime::on_runtime;

const JSON: &str = "application/json";
/// For a whole upload.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// A body may be sent no slower than this many bytes a second.
const LEAST_BYTES_PER_SECOND: u64 = 64 << 10;
/// The longest answer in JSON.
const MAX_ANSWER_BYTES: u64 = MAX_UPLOAD_BYTES as u64;

/// A service as one project asks it.
pub(super) struct Http {
    requests: Requests,
    urls: Urls,
    project_id: String,
    credentials: Credentials,
    tokens: Tokens,
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
    pub(super) fn new(urls: Urls, project_id: &str, credentials: Credentials, waits: Waits) -> Result<Http> {
        Ok(Http {
            requests: Requests::new(urls.origin(), waits)?,
            urls,
            project_id: project_id.to_owned(),
            credentials,
            tokens: Tokens::default(),
        })
    }

    pub(super) fn project_id(&self) -> &str {
        &self.project_id
    }

    pub(super) fn origin(&self) -> &str {
        self.urls.origin()
    }

    pub(super) fn waits(&self) -> &Waits {
        &self.requests.waits
    }

    /// Checks the credentials with the service now.
    pub(super) async fn authenticate(&self) -> Result<()> {
        match &self.credentials {
            Credentials::Key(key) => self.tokens.renew(|| self.exchange(key)).await.map(drop),
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
        let patience = self.patience_for(&body);
        self.json(repeat, patience, || {
            self.requests.client.post(&url).body(body.clone())
        })
        .await
    }

    /// The cloud query.
    pub(super) async fn query<T: DeserializeOwned>(&self, body: Vec<u8>) -> Result<T> {
        let body = Bytes::from(body);
        self.json(Repeat::Always, self.waits().stall, || {
            self.requests.client.post(&self.urls.query).body(body.clone())
        })
        .await
    }

    /// What is at a path.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let url = self.urls.at(path);
        self.json(Repeat::Always, self.waits().stall, || {
            self.requests.client.get(&url)
        })
        .await
    }

    /// Posts JSON to a path.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
        repeat: Repeat,
    ) -> Result<T> {
        let (url, body) = (self.urls.at(path), Bytes::from(body));
        self.json(repeat, self.waits().stall, || {
            self.requests.client.post(&url).body(body.clone())
        })
        .await
    }

    /// Puts bytes to a path; putting them twice is putting them once.
    pub(super) async fn put<T: DeserializeOwned>(&self, path: &str, bytes: Bytes) -> Result<T> {
        let url = self.urls.at(path);
        let make = || {
            let request = self.requests.client.put(&url).timeout(UPLOAD_TIMEOUT);
            request
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .body(bytes.clone())
        };
        let answer = self.whole(Repeat::Always, UPLOAD_TIMEOUT, MAX_ANSWER_BYTES, make);
        from_json(&answer.await?)
    }

    /// Puts bytes to a URL that carries its own authority.
    pub(super) async fn upload(&self, url: &str, bytes: Bytes) -> Result<()> {
        let make = || {
            let request = self.requests.client.put(url).timeout(UPLOAD_TIMEOUT);
            request.body(bytes.clone())
        };
        self.requests
            .whole(Repeat::Always, UPLOAD_TIMEOUT, MAX_ANSWER_BYTES, make)
            .await?;
        Ok(())
    }

    /// The bytes at a path, `length` of them if they are what is expected.
    pub(super) async fn download(&self, path: &str, length: u64) -> Result<Bytes> {
        let url = self.urls.at(path);
        self.whole(Repeat::Always, self.waits().stall, length, || {
            self.requests.client.get(&url)
        })
        .await
    }

    /// A response whose body is read as it comes.
    pub(super) async fn stream(&self, path: &str) -> Result<Response> {
        let url = &self.urls.at(path);
        self.with_token(|token| {
            self.requests
                .open(move || self.signed(self.requests.client.get(url), &token))
        })
        .await
    }

    async fn json<T: DeserializeOwned>(
        &self,
        repeat: Repeat,
        patience: Duration,
        make: impl Fn() -> RequestBuilder,
    ) -> Result<T> {
        let make = || make().header(header::CONTENT_TYPE, JSON);
        from_json(&self.whole(repeat, patience, MAX_ANSWER_BYTES, make).await?)
    }

    async fn whole(
        &self,
        repeat: Repeat,
        patience: Duration,
        limit: u64,
        make: impl Fn() -> RequestBuilder,
    ) -> Result<Bytes> {
        let make = &make;
        self.with_token(|token| {
            self.requests
                .whole(repeat, patience, limit, move || self.signed(make(), &token))
        })
        .await
    }

    /// Asks with a token; a refused one is renewed once.
    async fn with_token<T, F: Future<Output = Tried<T>>>(&self, ask: impl Fn(String) -> F) -> Result<T> {
        let token = self.token().await?;
        let answer = match ask(token.clone()).await {
            Err(failure) if failure.is_unauthorized() => {
                self.tokens.refused(&token);
                ask(self.token().await?).await
            }
            answer => answer,
        };
        Ok(answer?)
    }

    fn signed(&self, request: RequestBuilder, token: &str) -> RequestBuilder {
        request
            .bearer_auth(token)
            .header(PROJECT_ID_HEADER, self.project_id.as_bytes())
    }

    /// A token that lives on for a while.
    async fn token(&self) -> Result<String> {
        match &self.credentials {
            Credentials::Key(key) => self.tokens.get(|| self.exchange(key)).await,
            Credentials::Authenticator(_) => self.credentials.secret().await,
        }
    }

    /// Exchanges the key for a token.
    fn exchange(&self, key: &str) -> Exchange {
        let (requests, url) = (self.requests.clone(), self.urls.token());
        let request = TokenRequest {
            project_id: self.project_id.clone(),
            project_key: key.to_owned(),
        };
        let exchange = async move {
            let asked = Instant::now();
            let body = Bytes::from(to_json(&request)?);
            let make = || {
                let request = requests.client.post(&url).body(body.clone());
                request.header(header::CONTENT_TYPE, JSON)
            };
            let answer = requests.whole(Repeat::Always, requests.waits.stall, MAX_ANSWER_BYTES, make);
            let answer: TokenAnswer = from_json(&answer.await?)?;
            Ok(Token::new(answer.token, asked, answer.expires_in))
        };
        // Not on the runtime of the caller that happens to be first.
        async { on_runtime(exchange).await? }.boxed()
    }

    /// For a body to be sent and an answer to begin.
    fn patience_for(&self, body: &Bytes) -> Duration {
        self.waits().stall + Duration::from_secs(body.len() as u64 / LEAST_BYTES_PER_SECOND)
    }
}

fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        Error::new(
            ErrorKind::Cloud,
            format!("the service's answer is not understood: {error}"),
        )
    })
}
