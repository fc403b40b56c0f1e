//! Cloud indexes held in memory to be read, and their refreshing.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use moss_cloud::{Project, open_model};
use moss_core::query::{QueryOptions, ScoredDocument};
use moss_core::session::Session;
use moss_core::{Error, ErrorKind, Result};
use parking_lot::{Mutex, RwLock};
use tokio::task::AbortHandle;

use crate::runtime::runtime;
use crate::types::{IndexInfo, LoadOptions, RefreshResult};

/// The loaded indexes of a client, by name.
#[derive(Debug, Default)]
pub(crate) struct LoadedMap {
    by_name: RwLock<HashMap<String, Arc<LoadedIndex>>>,
}

impl LoadedMap {
    /// Loads an index in place of what was loaded under its name.
    pub(crate) async fn load(
        &self,
        project: &Project,
        name: &str,
        options: &LoadOptions,
    ) -> Result<IndexInfo> {
        let copy = Copy::fetch(project, name).await?;
        let info = copy.info.clone();
        let index = Arc::new(LoadedIndex {
            project: project.clone(),
            name: name.to_owned(),
            copy: RwLock::new(copy),
            refreshing: Mutex::new(None),
        });
        if options.auto_refresh {
            index.follow(Duration::from_secs(options.polling_interval_secs.max(1)));
        }
        self.by_name.write().insert(name.to_owned(), index);
        Ok(info)
    }

    pub(crate) fn unload(&self, name: &str) -> Result<()> {
        self.by_name
            .write()
            .remove(name)
            .map(|_| ())
            .ok_or_else(|| not_loaded(name))
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<LoadedIndex>> {
        self.by_name
            .read()
            .get(name)
            .cloned()
            .ok_or_else(|| not_loaded(name))
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
            .map(|name| Ok((name, self.get(name)?.session())))
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
        options.check(text)?;
        let vector = match options.vector() {
            Some(vector) => vector.to_vec(),
            None => first.embed_query(text)?,
        };
        let options = options.clone().ungrouped().alpha(1.0).embedding(vector);
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
    info: IndexInfo,
    session: Arc<Session>,
}

impl Copy {
    async fn fetch(project: &Project, name: &str) -> Result<Copy> {
        let loaded = project.load(name, None).await?.ok_or_else(|| {
            Error::new(
                ErrorKind::IndexNotFound,
                format!("no index {name:?} in this project"),
            )
        })?;
        let info = moss_cloud::info(&loaded.manifest);
        let model = open_model(&info.model.id).await?;
        let session = moss_cloud::blocking(move || loaded.session(model)).await?;
        Ok(Copy {
            info,
            session: Arc::new(session),
        })
    }
}

/// A loaded index; queries run on the copy that was current when they began.
#[derive(Debug)]
pub(crate) struct LoadedIndex {
    project: Project,
    name: String,
    copy: RwLock<Copy>,
    refreshing: Mutex<Option<AbortHandle>>,
}

impl LoadedIndex {
    pub(crate) fn session(&self) -> Arc<Session> {
        self.copy.read().session.clone()
    }

    pub(crate) fn info(&self) -> IndexInfo {
        self.copy.read().info.clone()
    }

    /// Swaps a newer version in, whole.
    pub(crate) async fn refresh(&self) -> Result<RefreshResult> {
        let previous = self.info();
        let newest = self.project.get_index(&self.name).await?;
        let was_updated = newest.updated_at != previous.updated_at || newest.id != previous.id;
        if was_updated {
            let copy = Copy::fetch(&self.project, &self.name).await?;
            *self.copy.write() = copy;
        }
        Ok(RefreshResult {
            index_name: self.name.clone(),
            previous_updated_at: previous.updated_at,
            new_updated_at: self.info().updated_at,
            was_updated,
        })
    }

    /// Looks for a newer version now and then, until the index is unloaded. What fails is tried again.
    fn follow(self: &Arc<Self>, interval: Duration) {
        let index: Weak<LoadedIndex> = Arc::downgrade(self);
        let task = runtime().spawn(async move {
            loop {
                tokio::time::sleep(interval).await;
                let Some(index) = index.upgrade() else { return };
                if let Err(error) = index.refresh().await {
                    tracing::warn!(index = index.name, %error, "refresh failed, the copy held is served on");
                }
            }
        });
        *self.refreshing.lock() = Some(task.abort_handle());
    }
}

impl Drop for LoadedIndex {
    fn drop(&mut self) {
        if let Some(task) = self.refreshing.lock().take() {
            task.abort();
        }
    }
}
