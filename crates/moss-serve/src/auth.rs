//! Who asks: the one place where credentials of a project are looked at.

use axum::http::{HeaderMap, header};
use moss_cloud::Project;
use moss_core::{Error, ErrorKind, Result};
use moss_proto::{PROJECT_ID_HEADER, PROJECT_KEY_HEADER};

use crate::Service;
use crate::error::{Answer, ApiError};

/// The project of this id, opened by the bearer token or else the key in the headers.
///
/// # Errors
/// `Unauthorized`: 401 for a token, 403 for a key and for no credentials at all.
pub(crate) async fn project(service: &Service, headers: &HeaderMap, project_id: &str) -> Answer<Project> {
    project_or_key(service, headers, project_id, None).await
}

/// As [`project`], with the id in the header `x-project-id`: for routes without a body of their own.
pub(crate) async fn project_of_headers(service: &Service, headers: &HeaderMap) -> Answer<Project> {
    let id = text(headers, PROJECT_ID_HEADER)?.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("the header {PROJECT_ID_HEADER} is missing"),
        )
    })?;
    project(service, headers, id).await
}

/// As [`project`], where the body may hold the key.
pub(crate) async fn project_or_key(
    service: &Service,
    headers: &HeaderMap,
    project_id: &str,
    key_in_body: Option<&str>,
) -> Answer<Project> {
    if let Some(token) = bearer(headers)? {
        let project = service.cloud.project_by_token(project_id, token).await;
        let project = project.map_err(ApiError::unauthenticated)?;
        return Ok(service.admit(project)?);
    }
    let key = match key_in_body {
        Some(key) => Some(key),
        None => text(headers, PROJECT_KEY_HEADER)?,
    };
    let key = key.ok_or_else(|| {
        Error::new(
            ErrorKind::Unauthorized,
            format!("no credentials: send {PROJECT_KEY_HEADER}, or Authorization: Bearer with a token"),
        )
    })?;
    let project = service.project_by_key(project_id, key).await?;
    Ok(service.admit(project)?)
}

/// Checks a project again whose body took its time to arrive.
///
/// # Errors
/// `Unauthorized` if its key is revoked by now.
pub(crate) async fn check_again(service: &Service, project: &Project) -> Result<()> {
    if service.cloud.is_open(project).await? {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unauthorized,
        "the key was revoked while the body arrived",
    ))
}

/// The bearer token of a request, `None` for other ways to authenticate.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let Some(value) = text(headers, header::AUTHORIZATION.as_str())? else {
        return Ok(None);
    };
    // A token that is empty is a token all the same, and refused as one.
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()))
}

/// A header's text; ids and keys may hold any UTF-8.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>> {
    let value = headers
        .get(name)
        .map(|value| std::str::from_utf8(value.as_bytes()));
    value.transpose().map_err(|_| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("the header {name} is not UTF-8"),
        )
    })
}
