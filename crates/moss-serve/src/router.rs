//! All routes in one table, from which the router is built and the OpenAPI document is checked.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{self, MethodFilter, MethodRouter};
use moss_core::{Error, ErrorKind};
use moss_proto::{MAX_JSON_BYTES, MAX_UPLOAD_BYTES};

use crate::error::ApiError;
use crate::{
    Service, admin, health, identity, indexes, limits, manage, metrics, observe, openapi, query, ready,
    transfer,
};

/// A method and a path, as axum writes it, with what answers.
pub(crate) struct Route {
    #[cfg(test)]
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    handler: MethodRouter<Arc<Service>>,
    /// Bytes of the largest body.
    max_body: usize,
}

impl Route {
    pub(crate) fn get<T: 'static, H: Handler<T, Arc<Service>>>(path: &'static str, handler: H) -> Route {
        Route::new(&Method::GET, path, handler)
    }

    pub(crate) fn post<T: 'static, H: Handler<T, Arc<Service>>>(path: &'static str, handler: H) -> Route {
        Route::new(&Method::POST, path, handler)
    }

    pub(crate) fn delete<T: 'static, H: Handler<T, Arc<Service>>>(path: &'static str, handler: H) -> Route {
        Route::new(&Method::DELETE, path, handler)
    }

    /// Takes an upload.
    pub(crate) fn put<T: 'static, H: Handler<T, Arc<Service>>>(path: &'static str, handler: H) -> Route {
        Route {
            max_body: MAX_UPLOAD_BYTES,
            ..Route::new(&Method::PUT, path, handler)
        }
    }

    fn new<T: 'static, H: Handler<T, Arc<Service>>>(
        method: &Method,
        path: &'static str,
        handler: H,
    ) -> Route {
        let filter = MethodFilter::try_from(method.clone()).expect("axum knows these methods");
        Route {
            #[cfg(test)]
            method: method.clone(),
            path,
            handler: routing::on(filter, handler),
            max_body: MAX_JSON_BYTES,
        }
    }
}

/// Every route of the service. A module with routes has a function of this name, listed here.
pub(crate) fn routes() -> Vec<Route> {
    [
        health::routes(),
        ready::routes(),
        metrics::routes(),
        openapi::routes(),
        identity::routes(),
        manage::routes(),
        query::routes(),
        transfer::routes(),
        indexes::routes(),
        admin::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The routes over what they share.
pub fn router(service: Arc<Service>) -> Router {
    let has_admin = service.options.admin_token.is_some();
    routes()
        .into_iter()
        .filter(|route| has_admin || !route.path.starts_with(admin::PREFIX))
        .fold(Router::new(), |router, route| {
            let limits = from_fn_with_state((service.clone(), route.max_body), limits::body);
            router.route(route.path, route.handler.layer(limits))
        })
        .method_not_allowed_fallback(wrong_method)
        .fallback(no_route)
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
