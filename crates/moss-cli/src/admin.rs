//! Who administers projects: whoever can open the store, or has the admin token of a service.

use std::sync::Arc;
use std::time::Duration;

use moss::{Error, ErrorKind, Result};
use moss_cloud::Cloud;
use moss_proto::ErrorBody;
use moss_proto::admin::{CreateProject, KeyObject, NewKey, ProjectObject, RotateKey};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How long a service may take for one call.
const PATIENCE: Duration = Duration::from_secs(60);

/// One of the two ways in.
pub(crate) enum Admin {
    /// A store that this process opens.
    Store(Arc<Cloud>),
    /// The routes below `/v1/admin` of a service.
    Service(Service),
}

/// A service and its admin token.
pub(crate) struct Service {
    http: reqwest::Client,
    projects: Url,
    token: String,
}

impl Admin {
    /// The admin of a store.
    pub(crate) fn of_store(url: &str) -> Result<Admin> {
        Ok(Admin::Store(Cloud::open(url)?))
    }

    /// The admin of a service at its base URL or its manage URL.
    pub(crate) fn of_service(url: &str, token: String) -> Result<Admin> {
        let base = url.trim_end_matches('/').trim_end_matches("/v1/manage");
        let projects = Url::parse(&format!("{base}/v1/admin/projects"));
        let projects = projects.map_err(|error| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("--url {url:?} is no URL: {error}"),
            )
        })?;
        let http = reqwest::Client::builder().timeout(PATIENCE).build();
        let http = http.map_err(|error| Error::new(ErrorKind::Network, error.to_string()))?;
        Ok(Admin::Service(Service {
            http,
            projects,
            token,
        }))
    }

    pub(crate) async fn create(&self, id: Option<String>) -> Result<NewKey> {
        match self {
            Admin::Store(cloud) => cloud.create_project(id.as_deref()).await.map(new_key),
            Admin::Service(service) => {
                let body = CreateProject { project_id: id };
                service.call(Method::POST, &[], Some(&body)).await
            }
        }
    }

    pub(crate) async fn list(&self) -> Result<Vec<ProjectObject>> {
        match self {
            Admin::Store(cloud) => {
                let projects = cloud.list_projects().await?;
                Ok(projects.into_iter().map(project_object).collect())
            }
            Admin::Service(service) => service.call(Method::GET, &[], None::<&()>).await,
        }
    }

    pub(crate) async fn rotate(&self, id: &str, keep_old: bool) -> Result<NewKey> {
        match self {
            Admin::Store(cloud) => cloud.rotate_key(id, keep_old).await.map(new_key),
            Admin::Service(service) => {
                let body = RotateKey { keep_old };
                service.call(Method::POST, &[id, "keys"], Some(&body)).await
            }
        }
    }

    pub(crate) async fn revoke(&self, id: &str, key_id: &str) -> Result<()> {
        match self {
            Admin::Store(cloud) => cloud.revoke_key(id, key_id).await,
            Admin::Service(service) => {
                let path = [id, "keys", key_id];
                service
                    .call::<bool>(Method::DELETE, &path, None::<&()>)
                    .await
                    .map(drop)
            }
        }
    }

    pub(crate) async fn delete(&self, id: &str) -> Result<()> {
        match self {
            Admin::Store(cloud) => cloud.delete_project(id).await,
            Admin::Service(service) => service
                .call::<bool>(Method::DELETE, &[id], None::<&()>)
                .await
                .map(drop),
        }
    }
}

impl Service {
    /// One request below `/v1/admin/projects`, never repeated: a key that was made twice would be known to nobody.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<T> {
        let network = |error: reqwest::Error| Error::new(ErrorKind::Network, format!("service: {error}"));
        let mut url = self.projects.clone();
        // Only a URL without a host has no path; this one was made with one. Each part is escaped whole.
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.extend(path);
        }
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(network)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(network)?;
        if !status.is_success() {
            return Err(ErrorBody::read(status.as_u16(), &bytes));
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(ErrorKind::Cloud, format!("the service's answer: {error}")))
    }
}

fn new_key(key: moss_cloud::NewKey) -> NewKey {
    NewKey {
        project_id: key.project_id,
        key_id: key.key_id,
        project_key: key.key,
    }
}

fn project_object(project: moss_cloud::ProjectInfo) -> ProjectObject {
    let keys = project.keys.into_iter().map(|key| KeyObject {
        id: key.id,
        created_at: key.created_at,
    });
    ProjectObject {
        id: project.id,
        created_at: project.created_at,
        keys: keys.collect(),
    }
}
