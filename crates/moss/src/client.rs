//! The client: credentials, a cloud, sessions and loaded indexes.

use std::sync::Arc;
use std::time::Instant;

use moss_core::embed::{self, CUSTOM_MODEL};
use moss_core::query::{AddOptions, QueryOptions};
use moss_core::{Document, Error, ErrorKind, Result};
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::border::panics_on_purpose;
use crate::credentials::{Authenticator, Credentials};
use crate::door::Door;
use crate::loaded::LoadedMap;
use crate::location::Location;
use crate::service::Service;
use crate::session::Session;
use crate::types::{
    IndexInfo, JobStatus, LoadOptions, LoadedIndexes, MemoryPressure, MutationResult, RefreshResult,
    SearchResult, SessionOptions, SourceFile, VersionInfo,
};

/// A project's door to the cloud, its sessions and its loaded indexes. Cheap to clone; clones share everything.
///
/// Futures run on any tokio runtime; [`block_on`](crate::block_on) has one.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) project_id: String,
    pub(crate) credentials: Credentials,
    pub(crate) location: Location,
    /// A store that a key has opened.
    pub(crate) door: OnceCell<Door>,
    /// A service, and the process whose connections these are.
    pub(crate) service: Mutex<Option<(u32, Service)>>,
    pub(crate) loaded: LoadedMap,
    /// See [`panics_on_purpose`].
    pub(crate) panics: bool,
}

impl Client {
    /// A client of the cloud that the environment names: `MOSS_CLOUD_API_MANAGE_URL`, else `MOSS_STORE`, else the embedded
    /// store in `~/.moss/store`. No I/O; the key is checked on first use.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty id or key.
    pub fn new(project_id: &str, project_key: &str) -> Result<Client> {
        Client::with_key(project_id, project_key, None)
    }

    /// A client of the cloud at `base_url`: the manage URL of a service, a directory, `file://`, `memory://`, or
    /// [`EMBEDDED_MANAGE_URL`](crate::EMBEDDED_MANAGE_URL).
    ///
    /// # Errors
    /// `InvalidArgument` for an empty id or key.
    pub fn with_base_url(project_id: &str, project_key: &str, base_url: &str) -> Result<Client> {
        Client::with_key(project_id, project_key, Some(base_url))
    }

    /// A client that asks `authenticator` for a token at every call of the cloud, instead of holding a key; the cloud is
    /// that of `base_url` as in [`with_base_url`](Client::with_base_url), or that of the environment.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty id.
    pub fn with_authenticator(
        project_id: &str,
        authenticator: Arc<dyn Authenticator>,
        base_url: Option<&str>,
    ) -> Result<Client> {
        Client::build(project_id, Credentials::Authenticator(authenticator), base_url)
    }

    fn with_key(project_id: &str, project_key: &str, base_url: Option<&str>) -> Result<Client> {
        check_set("key", project_key, "MOSS_PROJECT_KEY")?;
        Client::build(project_id, Credentials::Key(project_key.to_owned()), base_url)
    }

    fn build(project_id: &str, credentials: Credentials, base_url: Option<&str>) -> Result<Client> {
        check_set("id", project_id, "MOSS_PROJECT_ID")?;
        let inner = Inner {
            project_id: project_id.to_owned(),
            credentials,
            location: Location::resolve(base_url)?,
            door: OnceCell::new(),
            service: Mutex::default(),
            loaded: LoadedMap::default(),
            panics: panics_on_purpose(),
        };
        Ok(Client {
            inner: Arc::new(inner),
        })
    }

    /// Checks the credentials with the cloud.
    ///
    /// # Errors
    /// `Unauthorized`, `Network`, `Io`.
    pub async fn authenticate(&self) -> Result<()> {
        self.inner.authenticate().await.map(drop)
    }

    /// Opens the session of that name: what is stored under it comes back with its vectors, nothing is embedded; where
    /// nothing is stored the session is empty. Credentials are checked and the model is warmed here.
    ///
    /// # Errors
    /// `Unauthorized`; `ModelMismatch` if the stored index has another model than the one named; `UnknownModel`;
    /// `ModelUnavailable`; `InvalidArgument` for a bad name; `CacheCorrupt`, `Io`. Never falls back to an empty session.
    pub async fn session(&self, name: &str, options: &SessionOptions) -> Result<Session> {
        Session::open(self, name, options).await
    }

    /// Makes an index of these documents. Without a model it is `custom` if any document has a vector, else the default.
    ///
    /// # Errors
    /// `IndexExists`; `InvalidArgument` without documents; `MixedEmbeddings`, `EmbeddingMissing`, `DimensionMismatch`,
    /// `UnknownModel`, `ModelUnavailable`.
    pub async fn create_index(
        &self,
        name: &str,
        docs: Vec<Document>,
        model_id: Option<&str>,
    ) -> Result<MutationResult> {
        let door = self.inner.door().await?;
        let started = door.create_index(name, docs, model_id).await?;
        door.finished(started).await
    }

    /// Starts what [`create_index`](Client::create_index) does and gives its job without waiting for it to end; with a store
    /// that this process opens it has ended by then.
    ///
    /// # Errors
    /// As there, as far as they are known at once; [`get_job_status`](Client::get_job_status) has the others.
    pub async fn start_create_index(
        &self,
        name: &str,
        docs: Vec<Document>,
        model_id: Option<&str>,
    ) -> Result<MutationResult> {
        self.inner.door().await?.create_index(name, docs, model_id).await
    }

    /// Makes an index of text and Markdown files, one document a chunk.
    ///
    /// # Errors
    /// As [`create_index`](Client::create_index); `InvalidArgument` for other types.
    pub async fn create_index_from_files(
        &self,
        name: &str,
        files: &[SourceFile],
        model_id: Option<&str>,
    ) -> Result<MutationResult> {
        let door = self.inner.door().await?;
        let started = door.create_index_from_files(name, files, model_id).await?;
        door.finished(started).await
    }

    /// Adds documents to a cloud index.
    ///
    /// # Errors
    /// `IndexNotFound`; `InvalidArgument` without documents; those of the documents.
    pub async fn add_docs(
        &self,
        name: &str,
        docs: Vec<Document>,
        options: &AddOptions,
    ) -> Result<MutationResult> {
        let door = self.inner.door().await?;
        let started = door.add_docs(name, docs, *options).await?;
        door.finished(started).await
    }

    /// [`add_docs`](Client::add_docs) without the waiting, see [`start_create_index`](Client::start_create_index).
    ///
    /// # Errors
    /// As there.
    pub async fn start_add_docs(
        &self,
        name: &str,
        docs: Vec<Document>,
        options: &AddOptions,
    ) -> Result<MutationResult> {
        self.inner.door().await?.add_docs(name, docs, *options).await
    }

    /// Deletes documents from a cloud index; unknown ids are ignored.
    ///
    /// # Errors
    /// `IndexNotFound`; `InvalidArgument` without ids.
    pub async fn delete_docs(&self, name: &str, ids: &[String]) -> Result<MutationResult> {
        let door = self.inner.door().await?;
        let started = door.delete_docs(name, ids).await?;
        door.finished(started).await
    }

    /// [`delete_docs`](Client::delete_docs) without the waiting, see [`start_create_index`](Client::start_create_index).
    ///
    /// # Errors
    /// As there.
    pub async fn start_delete_docs(&self, name: &str, ids: &[String]) -> Result<MutationResult> {
        self.inner.door().await?.delete_docs(name, ids).await
    }

    /// Documents of a cloud index without vectors: those named, in that order, or all by id.
    ///
    /// # Errors
    /// `IndexNotFound`.
    pub async fn get_docs(&self, name: &str, ids: Option<&[String]>) -> Result<Vec<Document>> {
        self.inner.door().await?.get_docs(name, ids).await
    }

    /// The newest version of a cloud index.
    ///
    /// # Errors
    /// `IndexNotFound`.
    pub async fn get_index(&self, name: &str) -> Result<IndexInfo> {
        self.inner.door().await?.get_index(name).await
    }

    /// All cloud indexes, by name.
    ///
    /// # Errors
    /// `CacheCorrupt`, `Io`.
    pub async fn list_indexes(&self) -> Result<Vec<IndexInfo>> {
        self.inner.door().await?.list_indexes().await
    }

    /// Deletes a cloud index.
    ///
    /// # Errors
    /// `IndexNotFound`.
    pub async fn delete_index(&self, name: &str) -> Result<bool> {
        self.inner.door().await?.delete_index(name).await
    }

    /// The job of that id.
    ///
    /// # Errors
    /// `JobNotFound`.
    pub async fn get_job_status(&self, job_id: &str) -> Result<JobStatus> {
        self.inner.door().await?.job_status(job_id).await
    }

    /// The versions of a cloud index that can still be opened, newest first.
    ///
    /// # Errors
    /// `IndexNotFound`.
    pub async fn versions(&self, name: &str) -> Result<Vec<VersionInfo>> {
        self.inner.door().await?.versions(name).await
    }

    /// Makes an earlier version of a cloud index the newest again, as a new version.
    ///
    /// # Errors
    /// `IndexNotFound` if the version does not exist any more.
    pub async fn restore(&self, name: &str, version: u64) -> Result<IndexInfo> {
        self.inner.door().await?.restore(name, version).await
    }

    /// Loads the newest version of a cloud index into memory and warms its model; loads it again if it is loaded. See
    /// [`LoadOptions`] for following newer versions and for keeping the download.
    ///
    /// # Errors
    /// `IndexNotFound`, `ModelUnavailable`, `CacheCorrupt`, `Io`; `InvalidArgument` for an empty `cache_path`.
    pub async fn load_index(&self, name: &str, options: &LoadOptions) -> Result<IndexInfo> {
        self.inner.loaded.load(&self.inner, name, options).await
    }

    /// Loads several indexes, each on its own.
    pub async fn load_indexes(&self, names: &[String]) -> LoadedIndexes {
        let mut result = LoadedIndexes::default();
        for name in names {
            match self.load_index(name, &LoadOptions::new()).await {
                Ok(_) => result.loaded.push(name.clone()),
                Err(error) => {
                    result.failed.insert(name.clone(), error.to_string());
                }
            }
        }
        result
    }

    /// Frees a loaded index and stops its refreshing.
    ///
    /// # Errors
    /// `IndexNotLoaded`.
    pub fn unload_index(&self, name: &str) -> Result<()> {
        self.inner.loaded.unload(name)
    }

    /// Gives memory back by unloading indexes, and returns how many: all at [`MemoryPressure::Critical`], all but the one
    /// queried last at [`MemoryPressure::Low`]. Sessions are not touched, they may hold what is stored nowhere else.
    pub fn release_memory(&self, pressure: MemoryPressure) -> usize {
        self.inner.loaded.release(pressure)
    }

    /// Whether an index is loaded.
    pub fn has_index(&self, name: &str) -> bool {
        self.inner.loaded.contains(name)
    }

    /// What is known of a loaded index.
    ///
    /// # Errors
    /// `IndexNotLoaded`.
    pub fn loaded_info(&self, name: &str) -> Result<IndexInfo> {
        Ok(self.inner.loaded.get(name)?.info())
    }

    /// Loads the newer version of a loaded index if there is one.
    ///
    /// # Errors
    /// `IndexNotLoaded`, and those of [`load_index`](Client::load_index).
    pub async fn refresh_index(&self, name: &str) -> Result<RefreshResult> {
        self.inner.loaded.get(name)?.refresh(&self.inner).await
    }

    /// Queries a loaded index, see [`Session::query`]. Grouping is for sessions and ignored here.
    ///
    /// # Errors
    /// `IndexNotLoaded`, and those of [`Session::query`].
    pub fn query(&self, name: &str, text: &str, options: &QueryOptions) -> Result<SearchResult> {
        let loaded = self.inner.loaded.to_query(name)?;
        let options = options.clone().ungrouped();
        timed(text, Some(name), || loaded.query(text, &options))
    }

    /// Queries several loaded indexes of one model at once by vectors alone, the best `top_k` of all. Each result names
    /// its index; scores compare across indexes.
    ///
    /// # Errors
    /// `InvalidArgument` without names; `IndexNotLoaded`; `ModelMismatch`; those of [`Session::query`].
    pub fn query_multi_index(
        &self,
        names: &[String],
        text: &str,
        options: &QueryOptions,
    ) -> Result<SearchResult> {
        timed(text, None, || self.inner.loaded.query_all(names, text, options))
    }

    /// Asks the cloud, which answers from the newest version, loaded here or not.
    ///
    /// # Errors
    /// `IndexNotFound`, and those of [`Session::query`].
    pub async fn cloud_query(&self, name: &str, text: &str, options: &QueryOptions) -> Result<SearchResult> {
        let door = self.inner.door().await?;
        let started = Instant::now();
        let docs = door.query(name, text, &options.clone().ungrouped()).await?;
        Ok(SearchResult {
            docs,
            query: text.to_owned(),
            index_name: Some(name.to_owned()),
            time_taken_ms: started.elapsed().as_millis() as u64,
        })
    }
}

/// Refuses an empty credential.
fn check_set(what: &str, value: &str, variable: &str) -> Result<()> {
    if !value.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidArgument,
        format!("the project {what} is empty: pass it, for example from the environment variable {variable}"),
    ))
}

/// Checks a model id before anything is read.
pub(crate) fn check_model(id: &str) -> Result<()> {
    if id == CUSTOM_MODEL {
        Ok(())
    } else {
        embed::find(id).map(|_| ())
    }
}

/// Runs a query and puts its time beside it.
pub(crate) fn timed(
    text: &str,
    index_name: Option<&str>,
    query: impl FnOnce() -> Result<Vec<moss_core::query::ScoredDocument>>,
) -> Result<SearchResult> {
    let started = Instant::now();
    let docs = query()?;
    Ok(SearchResult {
        docs,
        query: text.to_owned(),
        index_name: index_name.map(str::to_owned),
        time_taken_ms: started.elapsed().as_millis() as u64,
    })
}
