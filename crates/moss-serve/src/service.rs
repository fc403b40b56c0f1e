//! What the handlers of all routes share.

use std::net::SocketAddr;
use std::sync::Arc;

use axum_server::Handle;
use moss_cloud::{Cloud, Project};
use moss_core::{Error, ErrorKind, Result};

use crate::drain::Drain;
use crate::limits::Bodies;
use crate::metrics::Metrics;
use crate::rate::Rate;
use crate::{Options, observe};

/// A cloud and how it is served. One for each process.
pub struct Service {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) options: Options,
    pub(crate) metrics: Metrics,
    pub(crate) bodies: Bodies,
    pub(crate) drain: Drain,
    pub(crate) connections: Handle<SocketAddr>,
    rate: Rate,
}

impl Service {
    /// Opens the store.
    ///
    /// # Errors
    /// Those of [`Cloud::open`].
    pub async fn open(options: Options) -> Result<Arc<Service>> {
        let cloud = Cloud::open(&options.store)?;
        Ok(Arc::new(Service {
            cloud,
            metrics: Metrics::new()?,
            bodies: Bodies::new(options.upload_bytes),
            drain: Drain::new(),
            connections: Handle::new(),
            rate: Rate::new(options.rate_limit),
            options,
        }))
    }

    /// Takes a request for a project whose credentials were accepted.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(crate) fn admit(&self, project: Project) -> Result<Project> {
        observe::for_project(project.id());
        self.rate.check(project.id())?;
        Ok(project)
    }

    /// Forgets what was kept of requests long ago.
    pub(crate) fn tidy(&self) {
        self.metrics.tidy();
        self.rate.tidy();
    }

    /// The project of this id, opened by its key.
    pub(crate) async fn project_by_key(&self, id: &str, key: &str) -> Result<Project> {
        self.cloud.project(id, key).await
    }

    /// The project of this id, opened by a token.
    pub(crate) async fn project_by_token(&self, _id: &str, _token: &str) -> Result<Project> {
        Err(Error::new(ErrorKind::Unauthorized, "the token is not valid"))
    }
}
