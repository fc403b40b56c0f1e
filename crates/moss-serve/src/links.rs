//! URLs in answers: where a client reaches this service, and what lets it do one thing there without a key.

use std::time::Duration;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use moss_cloud::Project;
use moss_core::{Error, ErrorKind, Result};

use crate::Service;

/// How long a URL works.
pub(crate) const EXPIRES: Duration = Duration::from_secs(3600);
/// Purpose of a grant to upload for one job; its value is the job's id.
pub(crate) const UPLOAD: &str = "upload URL";
/// Purpose of a grant to download an index; its value is the index's name.
pub(crate) const DOWNLOAD: &str = "download URL";

/// A URL of this service that carries a grant for `purpose` in a project.
pub(crate) async fn granted(
    service: &Service,
    base: &str,
    path: &str,
    project: &Project,
    purpose: &str,
    value: &str,
) -> Result<String> {
    let grant = service.cloud.grant(project, purpose, value, EXPIRES).await?;
    Ok(format!("{base}{path}?grant={grant}"))
}

/// What the client reaches this service by, without a slash at the end: as configured, else as it asked.
///
/// # Errors
/// `InvalidArgument` for a request that names no host.
pub(crate) fn base(service: &Service, headers: &HeaderMap, uri: &Uri) -> Result<String> {
    if let Some(url) = &service.options.public_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has the host in the URI.
    let authority = uri.authority().cloned();
    let authority = authority.or_else(|| host.and_then(|host| host.parse::<Authority>().ok()));
    let authority = authority.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidArgument,
            "the request has no valid Host header, which the URLs of the answer are made of",
        )
    })?;
    let forwarded = headers.get("x-forwarded-proto").map(|proto| proto.as_bytes());
    let scheme = match forwarded {
        Some(b"https") => "https",
        None if service.options.tls_cert.is_some() => "https",
        _ => "http",
    };
    Ok(format!("{scheme}://{authority}"))
}
