//! `GET /ready`: whether this replica should be sent requests.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use moss_core::{Error, ErrorKind, Result, embed};
use moss_models::Places;
use serde::Serialize;
use tokio::time::timeout;

use crate::Service;
use crate::error::{Answer, ApiError};
use crate::router::Route;

/// How long the store may take to answer; whoever asks waits little longer.
const STORE_WAIT: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/ready", ready)]
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
}

async fn ready(State(service): State<Arc<Service>>) -> Answer<Json<Ready>> {
    match check(&service).await {
        Ok(()) => Ok(Json(Ready { status: "ready" })),
        Err(error) => Err(ApiError::with_status(StatusCode::SERVICE_UNAVAILABLE, error)),
    }
}

async fn check(service: &Service) -> Result<()> {
    if service.drain.since().is_some() {
        return Err(Error::new(ErrorKind::Cloud, "the service is shutting down"));
    }
    match timeout(STORE_WAIT, service.cloud.check_store()).await {
        Ok(answered) => answered?,
        Err(_) => return Err(Error::new(ErrorKind::Io, "the store does not answer")),
    }
    moss_cloud::blocking(check_model).await
}

/// Checks that the default model is here, or can be downloaded when it is first asked for.
fn check_model() -> Result<()> {
    let places = Places::from_env();
    let found = moss_models::find_file(embed::find(embed::DEFAULT_MODEL)?, &places)?;
    if found.is_none() && places.hub.is_none() {
        return Err(Error::new(
            ErrorKind::ModelUnavailable,
            format!(
                "model {} is not here, and MOSS_OFFLINE forbids the download",
                embed::DEFAULT_MODEL
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    #[tokio::test]
    async fn a_service_that_was_told_to_stop_is_not_ready() {
        let service = Service::open(Options::new("memory://draining")).await.unwrap();
        check(&service).await.unwrap();
        service.drain.begin();
        let error = check(&service).await.unwrap_err();
        assert!(error.to_string().contains("shutting down"));
    }
}
