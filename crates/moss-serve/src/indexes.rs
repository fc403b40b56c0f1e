//! `/v1/indexes/{name}/...`: versions of an index for sessions and loaded indexes, read, pushed and followed.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::future::select;
use futures::{Stream, StreamExt, stream};
use moss_cloud::{CommitSpec, Committed, Newest, Project, TOKEN_TTL};
use moss_core::{Error, ErrorKind};
use moss_proto::indexes::{
    CommitAnswer, CommitRequest, IndexName, ManifestQuery, RestoreRequest, SegmentAnswer, SegmentQuery,
    VERSION_EVENT, VersionEvent, VersionObject,
};
use moss_proto::manage::IndexObject;
use tokio::sync::watch;
use tracing::Instrument;
use uuid::Uuid;

use crate::error::Answer;
use crate::extract::{Path, Query};
use crate::router::Route;
use crate::{Service, auth, body, etag, manage};

/// How long a presigned URL of a segment opens it: a client follows the redirect at once.
const PRESIGNED: Duration = Duration::from_secs(300);
/// Silence on an event stream after which a comment is sent, so that proxies keep it and clients see it alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often is looked whether a stream's key is revoked; what is known of a key is itself some seconds old.
const LOOK_AT_KEY_EVERY: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/indexes/{name}/manifest", manifest),
        Route::get("/v1/indexes/{name}/versions", versions),
        Route::get("/v1/indexes/{name}/segments/{id}", segment),
        Route::put("/v1/indexes/{name}/segments/{id}", put_segment),
        Route::post("/v1/indexes/{name}/commits", commit),
        Route::post("/v1/indexes/{name}/restore", restore),
        Route::get("/v1/indexes/{name}/events", events),
    ]
}

/// The newest manifest, that of a deleted index too, or the one of a version. `ETag` is the version.
async fn manifest(
    State(service): State<Arc<Service>>,
    Path(IndexName(name)): Path<IndexName>,
    Query(query): Query<ManifestQuery>,
    headers: HeaderMap,
) -> Answer {
    let project = auth::project_of_headers(&service, &headers).await?;
    let found = project.manifest(&name, query.version).await?;
    let manifest = found.ok_or_else(|| no_version(&name))?;
    let is_known = etag::is_known(&headers, manifest.version);
    let etag = [(header::ETAG, etag::of(manifest.version))];
    Ok(match is_known {
        true => (StatusCode::NOT_MODIFIED, etag).into_response(),
        false => (etag, Json(manifest)).into_response(),
    })
}

fn no_version(name: &str) -> Error {
    Error::new(
        ErrorKind::IndexNotFound,
        format!("index {name:?} has no such version"),
    )
}

async fn versions(
    State(service): State<Arc<Service>>,
    Path(IndexName(name)): Path<IndexName>,
    headers: HeaderMap,
) -> Answer<Json<Vec<VersionObject>>> {
    let project = auth::project_of_headers(&service, &headers).await?;
    let versions = project.versions(&name).await?.into_iter();
    Ok(Json(
        versions
            .map(|info| VersionObject {
                version: info.version,
                doc_count: info.doc_count,
                updated_at: info.updated_at,
            })
            .collect(),
    ))
}

/// The bytes of a segment, or where the store itself hands them out.
async fn segment(
    State(service): State<Arc<Service>>,
    Path((IndexName(name), id)): Path<(IndexName, Uuid)>,
    headers: HeaderMap,
) -> Answer {
    let project = auth::project_of_headers(&service, &headers).await?;
    if service.options.presigned_urls
        && let Some(url) = project.presigned_segment(&name, id, PRESIGNED).await?
    {
        let url = HeaderValue::from_str(url.as_str()).map_err(|_| {
            Error::new(
                ErrorKind::Internal,
                "the store's presigned URL is not fit for a header",
            )
        })?;
        return Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, url)]).into_response());
    }
    let turn = service.bodies.turn().await;
    let bytes = project.segment(&name, id).await?.ok_or_else(|| {
        Error::new(
            ErrorKind::IndexNotFound,
            format!("index {name:?} has no segment {id}"),
        )
    })?;
    let octets = HeaderValue::from_static("application/octet-stream");
    let body = service.bodies.outgoing(bytes, turn).await?;
    Ok(([(header::CONTENT_TYPE, octets)], body).into_response())
}

async fn put_segment(
    State(service): State<Arc<Service>>,
    Path((IndexName(name), id)): Path<(IndexName, Uuid)>,
    Query(query): Query<SegmentQuery>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<SegmentAnswer>> {
    let project = auth::project_of_headers(&service, &headers).await?;
    let bytes = body::read(body).await?;
    auth::check_again(&service, &project).await?;
    let stored = project.receive_segment(&name, id, query.version, bytes).await?;
    Ok(Json(SegmentAnswer {
        entry: stored.entry,
        receipt: stored.receipt,
    }))
}

async fn commit(
    State(service): State<Arc<Service>>,
    Path(IndexName(name)): Path<IndexName>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<CommitAnswer>> {
    let project = auth::project_of_headers(&service, &headers).await?;
    let CommitRequest {
        commit_id,
        on_version,
        change,
        receipts,
    } = body::json(body).await?;
    auth::check_again(&service, &project).await?;
    let spec = CommitSpec {
        commit_id,
        on_version,
        change,
        receipts,
    };
    // A client that goes away must not leave the upkeep after a commit half done.
    let commit = async move { project.commit(&name, spec).await };
    let committed = tokio::spawn(commit.in_current_span())
        .await
        .map_err(|error| Error::new(ErrorKind::Internal, format!("the commit ended early: {error}")))?;
    if matches!(&committed, Err(error) if error.kind() == ErrorKind::Conflict) {
        service.metrics.lost_a_race();
    }
    let Committed { manifest, compacted } = committed?;
    Ok(Json(CommitAnswer { manifest, compacted }))
}

async fn restore(
    State(service): State<Arc<Service>>,
    Path(IndexName(name)): Path<IndexName>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<IndexObject>> {
    let project = auth::project_of_headers(&service, &headers).await?;
    let RestoreRequest { version } = body::json(body).await?;
    Ok(Json(manage::index_object(project.restore(&name, version).await?)))
}

/// Server-sent events (WHATWG HTML, section 9.2): the newest version at once, then each newer one, for as long as a token lives
/// and the key of the project is not revoked: whoever may still read asks again.
async fn events(
    State(service): State<Arc<Service>>,
    Path(IndexName(name)): Path<IndexName>,
    headers: HeaderMap,
) -> Answer<Response> {
    let project = auth::project_of_headers(&service, &headers).await?;
    let newest = project.watch(&name).await?;
    let end = async move {
        // A stream without end would hold up the end of the service.
        let (begun, refused) = (pin!(service.drain.begun()), pin!(refused(&service, &project)));
        _ = tokio::time::timeout(TOKEN_TTL, select(begun, refused)).await;
    };
    Ok(Sse::new(versions_of(newest).take_until(end))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response())
}

/// Returns when the key that opened the project does so no more.
async fn refused(service: &Service, project: &Project) {
    // A store that is not reached refuses nobody.
    while service.cloud.is_open(project).await.unwrap_or(true) {
        tokio::time::sleep(LOOK_AT_KEY_EVERY).await;
    }
}

fn versions_of(newest: watch::Receiver<Newest>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((newest, true), |(mut newest, is_first)| async move {
        if !is_first {
            newest.changed().await.ok()?;
        }
        let Newest { version, deleted } = *newest.borrow_and_update();
        let event = Event::default()
            .event(VERSION_EVENT)
            .id(version.to_string())
            .json_data(VersionEvent { version, deleted })
            .expect("a number and a flag are always JSON");
        Some((Ok(event), (newest, false)))
    })
}
