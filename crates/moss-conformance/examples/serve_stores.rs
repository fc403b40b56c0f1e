//! The service for the suites of all languages: `/{path of a store in hex}/...` is a service of its own over that store, so
//! that every test has a fresh one, whose files it can see. Prints its URL and runs until it is killed.
#![allow(clippy::print_stdout)] // the URL is what it prints
#![allow(clippy::unwrap_used)] // it is part of the tests

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use moss_serve::{Options, Service};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tower::ServiceExt;

/// The services by the path of their store.
#[derive(Clone)]
struct Stores {
    url: String,
    routers: Arc<Mutex<HashMap<String, Router>>>,
}

fn main() {
    moss::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        println!("{url}");
        let stores = Stores {
            url,
            routers: Arc::default(),
        };
        let router = Router::new().fallback(forward).with_state(stores);
        axum::serve(listener, router).await.unwrap();
    });
}

async fn forward(State(stores): State<Stores>, mut request: Request) -> Response {
    let target = request.uri().path_and_query().unwrap().as_str();
    let (hex, rest) = target[1..].split_once('/').unwrap_or((&target[1..], ""));
    let Some(store) = hex::decode(hex)
        .ok()
        .and_then(|path| String::from_utf8(path).ok())
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let rest: Uri = format!("/{rest}").parse().unwrap();
    let router = {
        let mut routers = stores.routers.lock().await;
        match routers.get(&store) {
            Some(router) => router.clone(),
            None => {
                let mut options = Options::new(store.clone());
                options.register_on_first_use = true;
                options.public_url = Some(format!("{}/{hex}", stores.url));
                let router = moss_serve::router(Service::open(options).await.unwrap());
                routers.insert(store, router.clone());
                router
            }
        }
    };
    *request.uri_mut() = rest;
    router.oneshot(request).await.into_response()
}
