//! Around every request: its id, its span, its line in the log, its place in the metrics, and a net under its handler.
//!
//! A line holds the route's template, never the path, which may carry a token; ids and kinds, never a body.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use moss_core::{Error, ErrorKind};
use tracing::field::Empty;
use tracing::{Instrument, Span, info, info_span};
use uuid::Uuid;

use crate::error::{ApiError, Fault};
use crate::{Service, telemetry};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is taken from a client.
const MAX_ID_BYTES: usize = 64;
/// Stands for the paths that no route has.
const NO_ROUTE: &str = "none";
/// What a request that its client gave up is counted as.
const CLIENT_LEFT: u16 = 499;

/// Answers a request with the layers inside of this one, and tells of it.
pub(crate) async fn observe(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let mut asked = Asked {
        started: Instant::now(),
        method: known_method(request.method()),
        route: request
            .extensions()
            .get::<MatchedPath>()
            .map_or_else(|| NO_ROUTE.to_owned(), |route| route.as_str().to_owned()),
        span: Span::none(),
        service,
        is_answered: false,
    };
    let span = info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = asked.method,
        route = asked.route,
        project = Empty,
        otel.name = Empty,
        otel.kind = Empty,
        otel.status_code = Empty,
    );
    telemetry::join(&span, request.headers(), asked.method, &asked.route);
    asked.span = span.clone();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = match answer.instrument(span).await {
        Ok(response) => response,
        Err(_) => ApiError::from(Error::new(ErrorKind::Internal, "the handler panicked")).into_response(),
    };
    asked.answered(&response);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Tells the log and the trace which project a request is for, once its credentials were accepted.
pub(crate) fn for_project(id: &str) {
    Span::current().record("project", id);
}

/// A request that is being answered. Dropped before the answer, it was given up by its client.
struct Asked {
    started: Instant,
    method: &'static str,
    route: String,
    span: Span,
    service: Arc<Service>,
    is_answered: bool,
}

impl Asked {
    fn answered(&mut self, response: &Response) {
        self.is_answered = true;
        let fault = response.extensions().get::<Fault>();
        let status = response.status().as_u16();
        if status >= 500 {
            self.span.record("otel.status_code", "ERROR");
            let error = fault.map(|fault| fault.message.as_str());
            self.span.in_scope(|| tracing::error!(error, "failed"));
        }
        self.tell(status, fault.map(|fault| fault.kind.name()));
    }

    fn tell(&self, status: u16, code: Option<&'static str>) {
        let took = self.started.elapsed();
        self.service
            .metrics
            .answered(self.method, &self.route, status, took);
        let ms = took.as_micros() as f64 / 1000.0;
        self.span.in_scope(|| info!(status, code, ms, "answered"));
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.is_answered {
            self.tell(CLIENT_LEFT, None);
        }
    }
}

/// The client's id for its request, if it is short and plain, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_plain = |id: &&HeaderValue| {
        (1..=MAX_ID_BYTES).contains(&id.len())
            && id
                .as_bytes()
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    match headers.get(REQUEST_ID).filter(is_plain) {
        Some(id) => id.clone(),
        None => HeaderValue::from_str(&Uuid::new_v4().to_string()).expect("an UUID is ASCII"),
    }
}

/// The method as a label: clients may send any word.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::Options;

    async fn fail() -> StatusCode {
        panic!("a bug");
    }

    #[tokio::test]
    async fn a_panic_is_answered_and_counted_and_the_next_request_served() {
        let service = Service::open(Options::new("memory://panics")).await.unwrap();
        let router = Router::new()
            .route("/bug", get(fail))
            .route("/fine", get(async || "fine"))
            .layer(from_fn_with_state(service.clone(), observe));
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap()
        };
        let failed = ask("/bug").await;
        assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            failed.extensions().get::<Fault>().unwrap().kind,
            ErrorKind::Internal
        );
        assert!(failed.headers().contains_key(REQUEST_ID));
        assert_eq!(ask("/fine").await.status(), StatusCode::OK);
        assert!(
            service
                .metrics
                .read(&service)
                .contains(r#"route="/bug",status="500"} 1"#)
        );
    }
}
