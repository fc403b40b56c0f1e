//! All routes in one table, from which the router is built and the OpenAPI document is checked.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{self, MethodRouter};
use moss_core::{Error, ErrorKind};
use moss_proto::{MAX_JSON_BYTES, MAX_UPLOAD_BYTES};

use crate::error::ApiError;
use crate::{Service, health, indexes, limits, manage, metrics, observe, query, ready};

/// A path, as axum writes it, with what answers.
pub(crate) struct Route {
    path: &'static str,
    handler: MethodRouter<Arc<Service>>,
    /// Bytes of the largest body.
    max_body: usize,
}

impl Route {
    pub(crate) fn get<T: 'static, H: Handler<T, Arc<Service>>>(path: &'static str, handler: H) -> Route {
        Route::new(path, routing::get(handler))
    }

    pub(crate) fn post<T: 'static, H: Handler<T, Arc<Service>>>(path: &'static str, handler: H) -> Route {
        Route::new(path, routing::post(handler))
    }

    /// Takes an upload.
    pub(crate) fn put<T: 'static, H: Handler<T, Arc<Service>>>(path: &'static str, handler: H) -> Route {
        Route {
            max_body: MAX_UPLOAD_BYTES,
            ..Route::new(path, routing::put(handler))
        }
    }

    fn new(path: &'static str, handler: MethodRouter<Arc<Service>>) -> Route {
        Route {
            path,
            handler,
            max_body: MAX_JSON_BYTES,
        }
    }
}

/// Every route of the service. A module with routes has a function of this name, listed here.
pub(crate) fn routes() -> Vec<Route> {
    [
        health::routes(),
        indexes::routes(),
        ready::routes(),
        metrics::routes(),
        manage::routes(),
        query::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The routes over what they share.
pub fn router(service: Arc<Service>) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, route| {
            let limits = from_fn_with_state((service.clone(), route.max_body), limits::body);
            router.route(route.path, route.handler.layer(limits))
        })
        .method_not_allowed_fallback(wrong_method)
        .fallback(no_route)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(service.clone(), observe::observe))
        .with_state(service)
}

async fn no_route(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(256).collect();
    ApiError::with_status(
        StatusCode::NOT_FOUND,
        Error::new(ErrorKind::Cloud, format!("no route {path:?}")),
    )
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    ApiError::with_status(
        StatusCode::METHOD_NOT_ALLOWED,
        Error::new(ErrorKind::Cloud, format!("{} does not take {method}", uri.path())),
    )
}
