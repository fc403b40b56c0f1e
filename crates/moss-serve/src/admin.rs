//! `/v1/admin/...`: projects and their keys. There only where an admin token is configured.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use moss_cloud::{KeyInfo, NewKey, ProjectInfo};
use moss_core::{Error, ErrorKind};
use moss_proto::admin::{self, CreateProject, KeyObject, ProjectObject, RotateKey};
use subtle::ConstantTimeEq;

use crate::error::{Answer, ApiError};
use crate::extract::Path;
use crate::router::Route;
use crate::{Service, auth, body};

/// What the paths of all of them begin with.
pub(crate) const PREFIX: &str = "/v1/admin/";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/admin/projects", list_projects),
        Route::post("/v1/admin/projects", create_project),
        Route::delete("/v1/admin/projects/{id}", delete_project),
        Route::post("/v1/admin/projects/{id}/keys", rotate_key),
        Route::delete("/v1/admin/projects/{id}/keys/{keyId}", revoke_key),
    ]
}

async fn list_projects(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
) -> Answer<Json<Vec<ProjectObject>>> {
    check(&service, &headers)?;
    let projects = service.cloud.list_projects().await?;
    Ok(Json(projects.into_iter().map(project_object).collect()))
}

async fn create_project(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<admin::NewKey>> {
    check(&service, &headers)?;
    let request: CreateProject = body::json_or_default(body).await?;
    let key = service.cloud.create_project(request.project_id.as_deref());
    Ok(Json(new_key(key.await?)))
}

async fn delete_project(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Answer<Json<bool>> {
    check(&service, &headers)?;
    service.cloud.delete_project(&id).await?;
    Ok(Json(true))
}

async fn rotate_key(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Body,
) -> Answer<Json<admin::NewKey>> {
    check(&service, &headers)?;
    let request: RotateKey = body::json_or_default(body).await?;
    let key = service.cloud.rotate_key(&id, request.keep_old).await?;
    Ok(Json(new_key(key)))
}

async fn revoke_key(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Path((id, key_id)): Path<(String, String)>,
) -> Answer<Json<bool>> {
    check(&service, &headers)?;
    service.cloud.revoke_key(&id, &key_id).await?;
    Ok(Json(true))
}

/// Lets the admin token pass.
fn check(service: &Service, headers: &HeaderMap) -> Answer<()> {
    let given = auth::bearer(headers)?.unwrap_or_default();
    // Compared in constant time, but for its length.
    let is_it = service
        .options
        .admin_token
        .as_ref()
        .is_some_and(|token| token.as_bytes().ct_eq(given.as_bytes()).into());
    if is_it {
        return Ok(());
    }
    Err(ApiError::unauthenticated(Error::new(
        ErrorKind::Unauthorized,
        "the admin token is not the one of this service, send it as Authorization: Bearer",
    )))
}

fn new_key(key: NewKey) -> admin::NewKey {
    admin::NewKey {
        project_id: key.project_id,
        key_id: key.key_id,
        project_key: key.key,
    }
}

fn project_object(project: ProjectInfo) -> ProjectObject {
    let key_object = |key: KeyInfo| KeyObject {
        id: key.id,
        created_at: key.created_at,
    };
    ProjectObject {
        id: project.id,
        created_at: project.created_at,
        keys: project.keys.into_iter().map(key_object).collect(),
    }
}
