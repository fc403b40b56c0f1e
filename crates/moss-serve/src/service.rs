//! What the handlers of all routes share.

use std::net::SocketAddr;
use std::sync::Arc;

use axum_server::Handle;
use moss_cloud::{Cloud, CloudOptions, Project};
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
    /// Opens the store and proves that it can be trusted.
    ///
    /// # Errors
    /// Those of [`Cloud::open_with`] and [`Cloud::probe`]; `InvalidArgument` for an empty admin token.
    pub async fn open(options: Options) -> Result<Arc<Service>> {
        if options.admin_token.as_deref() == Some("") {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the admin token is empty: set one, or none at all",
            ));
        }
        let mut cloud_options = CloudOptions::default();
        cloud_options.cache_bytes = options.cache_bytes;
        let cloud = Cloud::open_with(&options.store, cloud_options)?;
        cloud.probe().await?;
        Ok(Arc::new(Service {
            cloud,
            metrics: Metrics::new()?,
            bodies: Bodies::new(options.upload_bytes, options.body_timeout),
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

    /// The project of this id, opened by its key; made now if it is not there and that is allowed.
    pub(crate) async fn project_by_key(&self, id: &str, key: &str) -> Result<Project> {
        match self.cloud.project_by_key(id, key).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized && self.options.register_on_first_use => {
                self.cloud.project(id, key).await
            }
            opened => opened,
        }
    }
}
