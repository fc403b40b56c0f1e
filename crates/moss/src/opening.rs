//! Opening the door to the cloud that a client was made for.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use moss_cloud::Cloud;
use moss_core::Result;
use moss_store::KeptIndex;

use crate::client::Inner;
use crate::credentials::Credentials;
use crate::door::Door;
use crate::location::Location;
use crate::service::{Events, Service, Urls};

impl Inner {
    /// The cloud. For a store a key is checked once, a token at every call; a service checks each request by itself.
    pub(crate) async fn door(&self) -> Result<Door> {
        match (&self.location, &self.credentials) {
            (Location::Store(_), Credentials::Key(_)) => {
                let door = self.door.get_or_try_init(|| self.open_door());
                door.await.cloned()
            }
            _ => self.open_door().await,
        }
    }

    /// The cloud, its credentials checked now where that costs no request of its own.
    pub(crate) async fn open_door(&self) -> Result<Door> {
        match &self.location {
            Location::Store(url) => {
                let secret = self.credentials.secret().await?;
                Cloud::open(url)?
                    .project(&self.project_id, &secret)
                    .await
                    .map(Door::Store)
            }
            Location::Service(urls) => self.service(urls).map(Door::Service),
        }
    }

    /// The cloud, its credentials checked now.
    pub(crate) async fn authenticate(&self) -> Result<Door> {
        let door = self.open_door().await?;
        if let Door::Service(service) = &door {
            service.authenticate().await?;
        }
        Ok(door)
    }

    /// The service, with connections of this process: a forked child must not speak on those of its parent.
    fn service(&self, urls: &Urls) -> Result<Service> {
        let process = std::process::id();
        let mut held = self.service.lock();
        if let Some((holder, service)) = &*held
            && *holder == process
        {
            return Ok(service.clone());
        }
        let service = Service::new(urls, &self.project_id, &self.credentials, segment_cache())?;
        // The parent's is never dropped here: what its connections hold may have been locked by a thread that the child has not.
        std::mem::forget(held.replace((process, service.clone())));
        Ok(service)
    }

    /// Where news of an index come from, if anybody tells them.
    pub(crate) fn events(&self, name: &str) -> Option<Events> {
        match &self.location {
            Location::Store(_) => None,
            Location::Service(urls) => Some(self.service(urls).ok()?.events(name)),
        }
    }

    /// What `folder` keeps of an index of this cloud.
    pub(crate) fn kept(&self, folder: &Path, name: &str) -> KeptIndex {
        KeptIndex::new(folder, &self.location.origin(), &self.project_id, name)
    }
}

/// Where segments that come from a service are kept: `MOSS_CACHE_DIR`, else the user's cache; `None` if that is `off`.
fn segment_cache() -> Option<Arc<Path>> {
    let chosen = env::var_os("MOSS_CACHE_DIR").filter(|value| !value.is_empty());
    let folder = match chosen {
        Some(off) if off == "off" => return None,
        Some(chosen) => PathBuf::from(chosen),
        None => moss_models::user_cache()?,
    };
    Some(folder.join("indexes").into())
}
