//! A session that follows a cloud index: what `load_index` with `auto_refresh` leaves running.

use std::sync::Arc;

use moss_cloud::{Loaded, blocking, info};
use moss_core::Result;
use moss_core::session::Moment;
use moss_store::Manifest;
use parking_lot::Mutex;

use crate::poller::Poller;
use crate::session::{Inner, finish};
use crate::types::LoadOptions;

/// What a session follows.
#[derive(Debug)]
pub(crate) struct Follower {
    index_name: String,
    poller: Poller,
    /// What the session holds of another index; `None` follows the session's own name, whose version the base tells.
    other: Option<Mutex<Held>>,
}

/// A version of another index as a session holds it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) manifest: Arc<Manifest>,
    /// When it was put in. A later change is the session's own, and a push brings it to the session's name alone: the
    /// followed index never has it, so that following on would take it away.
    pub(crate) moment: Moment,
}

impl Follower {
    /// What the options of a load ask for, if they ask for anything.
    pub(crate) fn new(
        index_name: String,
        options: &LoadOptions,
        other: Option<Held>,
    ) -> Option<Arc<Follower>> {
        options.auto_refresh.then(|| {
            Arc::new(Follower {
                index_name,
                poller: Poller::new(options.polling_interval_secs),
                other: other.map(Mutex::new),
            })
        })
    }
}

impl Inner {
    /// Keeps the follower running, if there is one. Called by reads, since a forked child has to start it again.
    pub(crate) fn follow(self: &Arc<Self>) {
        if let Some(follower) = &*self.follower.read() {
            let news = || self.client.inner.events(&follower.index_name);
            follower.poller.ensure(self, news, Inner::look);
        }
    }

    async fn look(self: Arc<Self>) -> Result<()> {
        let Some(follower) = self.follower.read().clone() else {
            return Ok(());
        };
        self.catch_up(&follower).await.inspect_err(|error| {
            let (session, index) = (&self.name, &follower.index_name);
            tracing::warn!(session, index, %error, "refresh failed, the session stays as it is");
        })
    }

    /// Puts a newer version of the followed index in, whole, if there is one and nothing of the session's own would be lost.
    async fn catch_up(self: &Arc<Self>, follower: &Arc<Follower>) -> Result<()> {
        let held = self.pushes.lock().await.base.manifest().cloned();
        let Some(held) = self.may_replace(follower, held) else {
            return Ok(());
        };
        let door = self.client.inner.open_door().await?;
        let (newest, held) = (door.get_index(&follower.index_name).await?, info(&held));
        if (newest.updated_at, newest.id) == (held.updated_at, held.id) {
            return Ok(());
        }
        let Some(loaded) = door.load(&follower.index_name, None, None).await? else {
            return Ok(());
        };
        let (inner, follower) = (self.clone(), follower.clone());
        finish(async move { inner.swap(&follower, loaded).await }).await
    }

    /// The version that the session holds, if a newer one may take its place now.
    fn may_replace(&self, follower: &Follower, base: Option<Arc<Manifest>>) -> Option<Arc<Manifest>> {
        match &follower.other {
            None => base.filter(|_| !self.memory.has_changes()),
            Some(held) => {
                let held = held.lock();
                (held.moment == self.memory.moment()).then(|| held.manifest.clone())
            }
        }
    }

    /// Neither a push nor another load comes between; a write that does stays, and the version is left for a later look.
    async fn swap(self: &Arc<Self>, follower: &Arc<Follower>, loaded: Loaded) -> Result<()> {
        let mut pushes = self.pushes.lock().await;
        let current = self.follower.read().clone();
        let is_current = current.is_some_and(|current| Arc::ptr_eq(&current, follower));
        let held = self.may_replace(follower, pushes.base.manifest().cloned());
        let manifest = loaded.manifest.clone();
        if !is_current || held.is_none_or(|held| held.version >= manifest.version) {
            return Ok(());
        }
        self.take_model(&follower.index_name, &manifest.model.id).await?;
        let inner = self.clone();
        match &follower.other {
            None => {
                let resume = move || loaded.with_layers(|layers| inner.memory.resume_without_changes(layers));
                if blocking(resume).await? {
                    pushes.base = Some(manifest).into();
                }
            }
            Some(held) => {
                let only_at = Some(held.lock().moment);
                let replace = move || loaded.with_layers(|layers| inner.memory.replace(layers, only_at));
                if let Some(moment) = blocking(replace).await? {
                    *held.lock() = Held { manifest, moment };
                }
            }
        }
        Ok(())
    }
}
