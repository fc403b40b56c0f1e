//! What the handlers of all routes share.

use std::sync::Arc;

use moss_cloud::{Cloud, Project};
use moss_core::{Error, ErrorKind, Result};

use crate::Options;

/// A cloud and how it is served. One for each process.
pub struct Service {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) options: Options,
}

impl Service {
    /// Opens the store.
    ///
    /// # Errors
    /// Those of [`Cloud::open`].
    pub async fn open(options: Options) -> Result<Arc<Service>> {
        let cloud = Cloud::open(&options.store)?;
        Ok(Arc::new(Service { cloud, options }))
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
