//! Uploads and downloads: URLs that a manage action handed out and that carry their own authority.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use moss_cloud::{Project, Snapshot};
use moss_core::{Error, ErrorKind};
use moss_proto::manage::JobAnswer;
use serde::Deserialize;

use crate::error::Answer;
use crate::extract::Query;
use crate::router::Route;
use crate::{Service, auth, body, etag, links};

/// Where uploads go.
pub(crate) const UPLOAD_PATH: &str = "/v1/uploads";
/// Where the newest version of an index is, as one segment.
pub(crate) const INDEX_PATH: &str = "/v1/downloads/index";
/// Where the documents of an index are.
pub(crate) const JSON_PATH: &str = "/v1/downloads/json";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::put(UPLOAD_PATH, upload),
        Route::get(INDEX_PATH, download_index),
        Route::get(JSON_PATH, download_json),
    ]
}

/// What the URL carries.
#[derive(Deserialize)]
pub(crate) struct Grant {
    #[serde(default)]
    grant: String,
}

async fn upload(
    State(service): State<Arc<Service>>,
    Query(grant): Query<Grant>,
    body: Body,
) -> Answer<Json<JobAnswer>> {
    let (project, job_id) = open(&service, links::UPLOAD, grant).await.map_err(gone)?;
    project.begin_upload(&job_id).await?;
    let bytes = body::read(body).await?;
    auth::check_again(&service, &project).await.map_err(gone)?;
    project.receive_upload(&job_id, bytes).await?;
    Ok(Json(JobAnswer {
        job_id,
        status: "uploading".to_owned(),
    }))
}

/// A URL that does not work any more is as if it were not there.
fn gone(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Unauthorized => Error::new(ErrorKind::JobNotFound, error.to_string()),
        _ => error,
    }
}

async fn download_index(
    State(service): State<Arc<Service>>,
    Query(grant): Query<Grant>,
    headers: HeaderMap,
) -> Answer {
    let make = async |project: &Project, name: &str| project.snapshot(name).await;
    download(&service, grant, &headers, "application/octet-stream", make).await
}

async fn download_json(
    State(service): State<Arc<Service>>,
    Query(grant): Query<Grant>,
    headers: HeaderMap,
) -> Answer {
    let make = async |project: &Project, name: &str| project.snapshot_json(name).await;
    download(&service, grant, &headers, "application/json", make).await
}

/// What a grant is for, as `make` makes it.
async fn download<F>(
    service: &Service,
    grant: Grant,
    headers: &HeaderMap,
    content_type: &'static str,
    make: F,
) -> Answer
where
    F: AsyncFnOnce(&Project, &str) -> moss_core::Result<Snapshot>,
{
    let (project, name) = open(service, links::DOWNLOAD, grant).await?;
    if let Some(unchanged) = unchanged(&project, &name, headers).await? {
        return Ok(unchanged);
    }
    let turn = service.bodies.turn().await;
    let Snapshot { version, bytes } = make(&project, &name).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::ETAG, etag::of(version)),
        // The next version has the same URL.
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ),
    ];
    Ok((headers, service.bodies.outgoing(bytes.into(), turn).await?).into_response())
}

/// What a URL is for.
async fn open(
    service: &Service,
    purpose: &str,
    Grant { grant }: Grant,
) -> moss_core::Result<(Project, String)> {
    let (project, value) = service.cloud.project_by_grant(purpose, &grant).await?;
    Ok((service.admit(project)?, value))
}

/// 304 for a client that has the newest version: found out without reading the index.
async fn unchanged(project: &Project, name: &str, headers: &HeaderMap) -> Answer<Option<Response>> {
    if !headers.contains_key(header::IF_NONE_MATCH) {
        return Ok(None);
    }
    let version: u64 = project.get_index(name).await?.version.parse().unwrap_or_default();
    let known = etag::is_known(headers, version);
    Ok(known.then(|| (StatusCode::NOT_MODIFIED, [(header::ETAG, etag::of(version))]).into_response()))
}
