//! Cloud indexes held in memory to be read, and their refreshing.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};

use moss_cloud::{Loaded, open_model};
use moss_core::query::{QueryOptions, ScoredDocument};
use moss_core::session::Session;
use moss_core::{Error, ErrorKind, Result};
use moss_store::KeptIndex;
use parking_lot::RwLock;

use crate::client::Inner;
use crate::poller::Poller;
use crate::types::{IndexInfo, LoadOptions, MemoryPressure, RefreshResult};

/// The loaded indexes of a client, by name.
#[derive(Debug, Default)]
pub(crate) struct LoadedMap {
    by_name: RwLock<HashMap<String, Arc<LoadedIndex>>>,
    /// Counts queries, to tell which index was asked last.
    queries: AtomicU64,
}

impl LoadedMap {
    /// Loads an index in place of what was loaded under its name.
    pub(crate) async fn load(
        &self,
        client: &Arc<Inner>,
        name: &str,
        options: &LoadOptions,
    ) -> Result<IndexInfo> {
        let kept = match options.cache_path.as_deref() {
            Some(path) if path.as_os_str().is_empty() => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    "cache_path must not be empty",
                ));
            }
            path => path.map(|path| client.kept(path, name)),
        };
        let copy = match &kept {
            Some(kept) => Copy::fetch_or_kept(client, name, kept).await?,
            None => Copy::fetch(client, name, None).await?,
        };
        let info = copy.info.clone();
        let index = Arc::new(LoadedIndex {
            client: Arc::downgrade(client),
            name: name.to_owned(),
            kept,
            copy: RwLock::new(copy),
            poller: options
                .auto_refresh
                .then(|| Poller::new(options.polling_interval_secs)),
            last_query: AtomicU64::new(0),
        });
        index.follow();
        // What was there is freed after the lock is released.
        let replaced = self.by_name.write().insert(name.to_owned(), index);
        drop(replaced);
        Ok(info)
    }

    pub(crate) fn unload(&self, name: &str) -> Result<()> {
        let removed = self.by_name.write().remove(name);
        removed.map(drop).ok_or_else(|| not_loaded(name))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.by_name.read().contains_key(name)
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<LoadedIndex>> {
        let index = self
            .by_name
            .read()
            .get(name)
            .cloned()
            .ok_or_else(|| not_loaded(name))?;
        index.follow();
        Ok(index)
    }

    /// The copy that a query of this index runs on.
    pub(crate) fn to_query(&self, name: &str) -> Result<Arc<Session>> {
        let index = self.get(name)?;
        let now = self.queries.fetch_add(1, Relaxed) + 1;
        index.last_query.fetch_max(now, Relaxed);
        Ok(index.session())
    }

    /// Unloads all indexes, or all but the one queried last; how many.
    pub(crate) fn release(&self, pressure: MemoryPressure) -> usize {
        let mut by_name = self.by_name.write();
        let asked = |index: &LoadedIndex| index.last_query.load(Relaxed);
        let kept = match pressure {
            MemoryPressure::Critical => None,
            MemoryPressure::Low => by_name.values().map(|index| asked(index)).max(),
        };
        let released: Vec<_> = by_name
            .extract_if(|_, index| kept.is_none_or(|kept| kept == 0 || asked(index) < kept))
            .collect();
        // Freed after the lock is released: queries must not wait for it.
        drop(by_name);
        released.len()
    }

    /// The best documents of several indexes by vectors alone.
    pub(crate) fn query_all(
        &self,
        names: &[String],
        text: &str,
        options: &QueryOptions,
    ) -> Result<Vec<ScoredDocument>> {
        let names: BTreeSet<&String> = names.iter().collect();
        let sessions: Vec<(&String, Arc<Session>)> = names
            .into_iter()
            .map(|name| Ok((name, self.to_query(name)?)))
            .collect::<Result<_>>()?;
        let Some((first_name, first)) = sessions.first() else {
            return Err(Error::new(ErrorKind::InvalidArgument, "no index names given"));
        };
        for (name, session) in &sessions {
            if session.model_id() != first.model_id() {
                return Err(Error::new(
                    ErrorKind::ModelMismatch,
                    format!(
                        "indexes {first_name:?} and {name:?} have models {} and {}, query them apart",
                        first.model_id(),
                        session.model_id()
                    ),
                ));
            }
        }
        let options = options.clone().ungrouped().alpha(1.0);
        options.check(text)?;
        let vector = match options.vector() {
            Some(vector) => vector.to_vec(),
            None => first.embed_query(text)?,
        };
        let options = options.embedding(vector);
        let mut found = Vec::new();
        for (name, session) in &sessions {
            let docs = session.query(text, &options)?;
            found.extend(docs.into_iter().map(|doc| ScoredDocument {
                index_name: Some(name.to_string()),
                ..doc
            }));
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(options.top_k);
        Ok(found)
    }
}

fn not_loaded(name: &str) -> Error {
    Error::new(
        ErrorKind::IndexNotLoaded,
        format!("index {name:?} is not loaded, call load_index first"),
    )
}

/// One version in memory.
#[derive(Debug)]
struct Copy {
    version: u64,
    info: IndexInfo,
    session: Arc<Session>,
}

impl Copy {
    /// The newest version.
    async fn fetch(client: &Inner, name: &str, kept: Option<&KeptIndex>) -> Result<Copy> {
        let loaded = client.door().await?.load(name, None, kept).await?;
        Copy::of(name, loaded).await
    }

    /// The newest version, or the one that is kept where the cloud cannot be reached.
    async fn fetch_or_kept(client: &Inner, name: &str, kept: &KeptIndex) -> Result<Copy> {
        let error = match Copy::fetch(client, name, Some(kept)).await {
            Err(error) if matches!(error.kind(), ErrorKind::Network | ErrorKind::Io) => error,
            reached => return reached,
        };
        let kept = kept.clone();
        match moss_cloud::blocking(move || Ok(Loaded::kept(&kept))).await? {
            Some(loaded) => {
                tracing::warn!(index = name, %error, "the cloud cannot be reached, the kept version is loaded");
                Copy::of(name, Some(loaded)).await
            }
            None => Err(error),
        }
    }

    async fn of(name: &str, loaded: Option<Loaded>) -> Result<Copy> {
        let loaded = loaded.ok_or_else(|| {
            Error::new(
                ErrorKind::IndexNotFound,
                format!("no index {name:?} in this project"),
            )
        })?;
        let (version, info) = (loaded.manifest.version, moss_cloud::info(&loaded.manifest));
        let model = open_model(&info.model.id).await?;
        let session = moss_cloud::blocking(move || loaded.session(model)).await?;
        Ok(Copy {
            version,
            info,
            session: Arc::new(session),
        })
    }
}

/// A loaded index; queries run on the copy that was current when they began.
#[derive(Debug)]
pub(crate) struct LoadedIndex {
    /// Holds the map that this index is in.
    client: Weak<Inner>,
    name: String,
    /// Where its versions are kept, if anywhere.
    kept: Option<KeptIndex>,
    copy: RwLock<Copy>,
    /// What looks for newer versions, if anything does.
    poller: Option<Poller>,
    /// The number of the last query among all of the client's; 0 before the first.
    last_query: AtomicU64,
}

impl LoadedIndex {
    pub(crate) fn session(&self) -> Arc<Session> {
        self.copy.read().session.clone()
    }

    pub(crate) fn info(&self) -> IndexInfo {
        self.copy.read().info.clone()
    }

    /// Swaps a newer version in, whole.
    pub(crate) async fn refresh(&self, client: &Inner) -> Result<RefreshResult> {
        let previous = self.info();
        let newest = client.door().await?.get_index(&self.name).await?;
        let differs = |info: &IndexInfo| info.updated_at != previous.updated_at || info.id != previous.id;
        if differs(&newest) {
            self.swap(Copy::fetch(client, &self.name, self.kept.as_ref()).await?);
        }
        let held = self.info();
        Ok(RefreshResult {
            index_name: self.name.clone(),
            was_updated: differs(&held),
            previous_updated_at: previous.updated_at,
            new_updated_at: held.updated_at,
        })
    }

    /// Puts a copy in place of an older one; another refresh may have been faster.
    fn swap(&self, copy: Copy) {
        let mut held = self.copy.write();
        if copy.version > held.version {
            let replaced = std::mem::replace(&mut *held, copy);
            // Freed after the lock is released: queries must not wait for it.
            drop(held);
            drop(replaced);
        }
    }

    /// Looks for a newer version now and then, until the index is unloaded. What fails is tried again.
    fn follow(self: &Arc<Self>) {
        if let Some(poller) = &self.poller {
            let news = || self.client.upgrade()?.events(&self.name);
            poller.ensure(self, news, LoadedIndex::look);
        }
    }

    async fn look(self: Arc<Self>) -> Result<()> {
        let Some(client) = self.client.upgrade() else {
            return Ok(());
        };
        let refreshed = self.refresh(&client).await.inspect_err(|error| {
            tracing::warn!(index = self.name, %error, "refresh failed, the copy held is served on");
        });
        refreshed.map(drop)
    }
}
