//! A session: an index in memory with a name in the cloud.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use moss_cloud::{Base, Loaded, OnConflict, open_model};
use moss_core::embed::DEFAULT_MODEL;
use moss_core::query::{AddOptions, GetOptions, QueryOptions};
use moss_core::session::{Session as Memory, Upserted};
use moss_core::vector::Precision;
use moss_core::{Document, Error, ErrorKind, Result, limits};
use moss_store::Manifest;
use parking_lot::RwLock;

use crate::client::{Client, check_model, timed};
use crate::disk;
use crate::follow::{Follower, Held};
use crate::runtime::ended_early;
use crate::types::{LoadOptions, PushOptions, PushResult, SearchResult, SessionOptions};

/// A read-write index in memory, stored under its name by [`push_index`](Session::push_index). Cheap to clone; clones are
/// the same session.
///
/// All but push and load stays in process and needs no runtime: reads run in parallel, writes are serialised, a query
/// sees a whole batch or none of it. Two sessions of one name do not see each other until one pushes and the other opens
/// the name again or pushes too.
#[derive(Debug, Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(crate) memory: Memory,
    /// Whether the caller left the model open, so that an empty session may take on a stored one.
    adopts: bool,
    /// Held over a whole push, or a swap of the content: one at a time.
    pub(crate) pushes: tokio::sync::Mutex<Pushes>,
    /// Set while `pushes` is locked.
    pub(crate) follower: RwLock<Option<Arc<Follower>>>,
}

/// What pushes start from.
#[derive(Debug)]
pub(crate) struct Pushes {
    pub(crate) base: Base,
    default_conflict: OnConflict,
}

impl Session {
    pub(crate) async fn open(client: &Client, name: &str, options: &SessionOptions) -> Result<Session> {
        limits::check_name(name)?;
        if let Some(model_id) = &options.model_id {
            check_model(model_id)?;
        }
        if options.version.is_some() && !options.auto_load {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "a version is named, and auto_load forbids to load it",
            ));
        }
        let loaded = match options.auto_load {
            true => {
                client
                    .inner
                    .authenticate()
                    .await?
                    .load(name, options.version, None)
                    .await?
            }
            false => None,
        };
        if let (None, Some(version)) = (&loaded, options.version) {
            return Err(Error::new(
                ErrorKind::IndexNotFound,
                format!("index {name:?} has no version {version} that can still be opened"),
            ));
        }
        let stored = loaded.as_ref().map(|loaded| loaded.manifest.model.id.as_str());
        if let (Some(stored), Some(asked)) = (stored, &options.model_id)
            && stored != asked
        {
            return Err(moss_cloud::model_mismatch(name, stored, asked));
        }
        let model = open_model(options.model_id.as_deref().or(stored).unwrap_or(DEFAULT_MODEL)).await?;
        let memory = Memory::with_precision(model, options.precision.unwrap_or(Precision::PLATFORM))?;
        let (memory, manifest) = match loaded {
            Some(loaded) => fill(memory, loaded)
                .await
                .map(|(memory, manifest)| (memory, Some(manifest)))?,
            None => (memory, None),
        };
        let default_conflict = match options.auto_load {
            true => OnConflict::Merge,
            false => OnConflict::Replace,
        };
        Ok(Session {
            inner: Arc::new(Inner {
                name: name.to_owned(),
                client: client.clone(),
                memory,
                adopts: options.model_id.is_none(),
                pushes: tokio::sync::Mutex::new(Pushes {
                    base: manifest.into(),
                    default_conflict,
                }),
                follower: RwLock::default(),
            }),
        })
    }
}

impl Session {
    /// The session's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The id of the model in force.
    pub fn model_id(&self) -> String {
        self.inner.memory.model_id()
    }

    /// How many documents the session holds.
    pub fn doc_count(&self) -> usize {
        self.inner.follow();
        self.inner.memory.doc_count()
    }

    /// Adds documents, replacing those whose id exists; all or nothing, visible to the next query.
    ///
    /// # Errors
    /// `InvalidArgument`, `TooLarge`, `DimensionMismatch`, `EmbeddingMissing`, `MixedEmbeddings`: see
    /// [`moss_core::session::Session::add_docs`].
    pub fn add_docs(&self, docs: Vec<Document>, options: &AddOptions) -> Result<Upserted> {
        self.inner.memory.add_docs(docs, options)
    }

    /// Removes documents and returns how many were there.
    ///
    /// # Errors
    /// `Closed` if an earlier write failed half-way.
    pub fn delete_docs<I: AsRef<str>>(&self, ids: &[I]) -> Result<usize> {
        self.inner.memory.delete_docs(ids)
    }

    /// Documents by id, by filter, or all.
    ///
    /// # Errors
    /// `Closed` if an earlier write failed half-way.
    pub fn get_docs(&self, options: &GetOptions) -> Result<Vec<Document>> {
        self.inner.follow();
        self.inner.memory.get_docs(options)
    }

    /// The documents that answer `text` best, by descending score in 0 to 1: see
    /// [`moss_core::session::Session::query`].
    ///
    /// # Errors
    /// `InvalidArgument`, `EmbeddingRequired`, `DimensionMismatch`.
    pub fn query(&self, text: &str, options: &QueryOptions) -> Result<SearchResult> {
        assert!(!self.inner.client.inner.panics, "MOSS_TEST_PANIC");
        self.inner.follow();
        timed(text, Some(self.name()), || self.inner.memory.query(text, options))
    }

    /// Whether a query takes about a millisecond or two: see [`moss_core::session::Session::is_quick`].
    pub fn is_quick(&self, text: &str, options: &QueryOptions) -> bool {
        self.inner.memory.is_quick(text, options)
    }

    /// The vector that a query of this text searches by.
    ///
    /// # Errors
    /// `EmbeddingRequired` for `custom`.
    pub fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        self.inner.memory.embed_query(text)
    }

    /// Stores the session under its name, with its vectors, and takes in what others pushed meanwhile. Only changes since
    /// the last push or open travel. Whoever opens the name after this returns sees it; writes made while it runs belong
    /// to the next push.
    ///
    /// # Errors
    /// `Conflict` for [`OnConflict::Fail`] after another push; `ModelMismatch`, `Unauthorized`, `Io`. Cloud and session are
    /// as before then, and pushing again is safe.
    pub async fn push_index(&self, options: &PushOptions) -> Result<PushResult> {
        let (session, options) = (self.clone(), *options);
        finish(async move { session.push_now(options).await }).await
    }

    async fn push_now(&self, options: PushOptions) -> Result<PushResult> {
        let Inner { name, memory, .. } = &*self.inner;
        let mut pushes = self.inner.pushes.lock().await;
        let door = self.inner.client.inner.open_door().await?;
        let on_conflict = options.on_conflict.unwrap_or(pushes.default_conflict);
        let pushed = door.push(name, memory, &mut pushes.base, on_conflict).await?;
        // From here on there is a version that this session knows, whatever it was opened with.
        pushes.default_conflict = OnConflict::Merge;
        Ok(PushResult {
            job_id: pushed.job_id,
            index_name: name.clone(),
            doc_count: pushed.doc_count,
            status: "completed".to_owned(),
            version: pushed.version.to_string(),
            conflicts: pushed.conflicts,
        })
    }

    /// Replaces the content by that of a cloud index and returns its size; 0 and no change if there is none. The session
    /// keeps its own name. Once it has loaded the index of that name, its pushes merge.
    ///
    /// With `auto_refresh` newer versions of the index take the place of what the session holds, each whole, as they are
    /// found; until this is called again. A session that has changes which were not pushed stays as it is meanwhile, and one
    /// that follows an index of another name stays so for good: that index never gets its changes. `cache_path` is for
    /// [`Client::load_index`] and not used here.
    ///
    /// # Errors
    /// `ModelMismatch`, `CacheCorrupt`, `Io`.
    pub async fn load_index(&self, index_name: &str, options: &LoadOptions) -> Result<usize> {
        let (session, index_name, options) = (self.clone(), index_name.to_owned(), options.clone());
        finish(async move { session.load_now(index_name, &options).await }).await
    }

    async fn load_now(&self, index_name: String, options: &LoadOptions) -> Result<usize> {
        let mut pushes = self.inner.pushes.lock().await;
        let door = self.inner.client.inner.open_door().await?;
        let Some(loaded) = door.load(&index_name, None, None).await? else {
            return Ok(0);
        };
        let manifest = loaded.manifest.clone();
        self.inner.take_model(&index_name, &manifest.model.id).await?;
        let session = self.clone();
        let is_own = index_name == self.name();
        let moment = moss_cloud::blocking(move || {
            let memory = &session.inner.memory;
            loaded.with_layers(|layers| match is_own {
                true => memory.resume(layers).map(|()| None),
                false => memory.replace(layers, None),
            })
        })
        .await?;
        let other = moment.map(|moment| Held {
            manifest: manifest.clone(),
            moment,
        });
        if is_own {
            *pushes = Pushes {
                base: Some(manifest).into(),
                default_conflict: OnConflict::Merge,
            };
        }
        *self.inner.follower.write() = Follower::new(index_name, options, other);
        self.inner.follow();
        Ok(self.inner.memory.doc_count())
    }

    /// Writes the session to `path/<name>/`, in place of what was saved there, atomically.
    ///
    /// # Errors
    /// `Io`.
    pub fn save_to_disk(&self, path: &Path) -> Result<()> {
        disk::save(&self.inner.memory, path, self.name())
    }

    /// Replaces the content by what was saved under the session's name in `path` and returns its size; 0 and no change if
    /// nothing was.
    ///
    /// # Errors
    /// `CacheCorrupt` naming the file; `ModelMismatch`; `Io`.
    pub async fn load_from_disk(&self, path: &Path) -> Result<usize> {
        let (session, path) = (self.clone(), path.to_owned());
        finish(async move { session.restore_now(path).await }).await
    }

    async fn restore_now(&self, path: PathBuf) -> Result<usize> {
        // Neither a push nor another load may come between the model and the content.
        let _pushes = self.inner.pushes.lock().await;
        let session = self.clone();
        let Some(saved) = moss_cloud::blocking(move || disk::read(&path, session.name())).await? else {
            return Ok(0);
        };
        let model_id = saved.with_layer(|layer| Ok(layer.segment.meta().model_id.clone()))?;
        self.inner.take_model(self.name(), &model_id).await?;
        let session = self.clone();
        moss_cloud::blocking(move || saved.with_layer(|layer| session.inner.memory.replace(&[layer], None)))
            .await?;
        Ok(self.doc_count())
    }
}

impl Inner {
    /// Makes sure that the session is of this model; an empty one opened without a model takes it on.
    pub(crate) async fn take_model(&self, index_name: &str, stored: &str) -> Result<()> {
        let memory = &self.memory;
        let held = memory.model_id();
        if held == stored {
            return Ok(());
        }
        if !self.adopts || memory.doc_count() > 0 {
            return Err(moss_cloud::model_mismatch(index_name, stored, &held));
        }
        memory.adopt(open_model(stored).await?)
    }
}

/// Puts a stored version into an empty session as its base.
async fn fill(memory: Memory, loaded: Loaded) -> Result<(Memory, Arc<Manifest>)> {
    moss_cloud::blocking(move || {
        loaded.with_layers(|layers| memory.resume(layers))?;
        Ok((memory, loaded.manifest))
    })
    .await
}

/// Runs work to its end even if the caller is cancelled and drops the future: what it changes belongs together.
pub(crate) async fn finish<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(error) => Err(ended_early(&error)),
    }
}
