//! `GET /health`: the process answers.

use axum::Json;
use serde::Serialize;

use crate::router::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/health", health)]
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}
