//! The cloud behind a service: the calls of [`moss_cloud::Project`] over HTTP.

mod events;
mod http;
mod index;
mod jobs;
mod requests;
#[cfg(test)]
mod tests;
mod token;
mod urls;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use moss_cloud::{Base, Loaded, OnConflict, Pushed};
use moss_core::query::{QueryOptions, ScoredDocument};
use moss_core::session::Session;
use moss_core::{Document, Error, ErrorKind, Result, limits};
use moss_proto::DocumentBody;
use moss_proto::indexes::{self, RestoreRequest, VersionObject};
use moss_proto::manage::{GetDocs, GetDocsOptions, IndexObject, IndexRef, ManageRequest};
use moss_proto::query::{QueryAnswer, QueryRequest};
use moss_store::KeptIndex;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::credentials::Credentials;
use crate::types::{IndexInfo, ModelRef, VersionInfo};

pub(crate) use events::Events;
use http::Http;
use index::RemoteIndex;
use requests::{Repeat, Waits};
pub(crate) use urls::Urls;

/// The cache of segments loses what was not used for longest above this size.
const MAX_CACHE_BYTES: u64 = 2 << 30;
/// Bytes that a client keeps until it measures the cache again, which it does with its first load.
const PRUNE_EVERY_BYTES: u64 = 256 << 20;

/// A project behind a service. A cheap handle, shared by cloning; clones share connections and the token.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    http: Arc<Http>,
    /// Keeps segments that sessions and loaded indexes were read from.
    cache: Option<Arc<Path>>,
    /// Bytes that were kept there since it was measured.
    written: Arc<AtomicU64>,
}

impl Service {
    /// No I/O.
    pub(crate) fn new(
        urls: &Urls,
        project_id: &str,
        credentials: &Credentials,
        cache: Option<Arc<Path>>,
    ) -> Result<Service> {
        let http = Http::new(urls.clone(), project_id, credentials.clone(), Waits::default())?;
        Ok(Service {
            http: Arc::new(http),
            cache,
            written: Arc::new(AtomicU64::new(PRUNE_EVERY_BYTES)),
        })
    }

    /// Checks the credentials with the service now.
    pub(crate) async fn authenticate(&self) -> Result<()> {
        self.http.authenticate().await
    }

    pub(crate) async fn load(
        &self,
        name: &str,
        version: Option<u64>,
        kept: Option<&KeptIndex>,
    ) -> Result<Option<Loaded>> {
        let index = RemoteIndex::new(self.http.clone(), name, None)?;
        // An old version would take the place of the newest there.
        let cached = self.cached(name).filter(|_| version.is_none());
        let loaded = moss_cloud::load(&index, version, kept.or(cached.as_ref())).await;
        self.bound_cache();
        loaded
    }

    /// Keeps the cache within its bound, in the background, now and then.
    fn bound_cache(&self) {
        let Some(cache) = &self.cache else { return };
        let is_due = |written: u64| (written >= PRUNE_EVERY_BYTES).then_some(0);
        if self.written.fetch_update(Relaxed, Relaxed, is_due).is_ok() {
            let cache = cache.clone();
            tokio::task::spawn_blocking(move || {
                if let Err(error) = moss_store::prune(&cache, MAX_CACHE_BYTES) {
                    tracing::warn!(folder = %cache.display(), %error, "the cache is not kept within its bound");
                }
            });
        }
    }

    pub(crate) async fn push(
        &self,
        name: &str,
        session: &Session,
        base: &mut Base,
        on_conflict: OnConflict,
    ) -> Result<Pushed> {
        // What others compacted is read whole, and most of it was there before.
        let index = RemoteIndex::new(self.http.clone(), name, self.cached(name))?;
        moss_cloud::push(&index, session, base, on_conflict).await
    }

    /// What the cache has of an index.
    fn cached(&self, name: &str) -> Option<KeptIndex> {
        let (cache, http) = (self.cache.as_ref()?, &self.http);
        let kept = KeptIndex::new(cache, http.origin(), http.project_id(), name);
        Some(kept.counting(self.written.clone()))
    }

    /// News of an index, as the service tells them.
    pub(crate) fn events(&self, name: &str) -> Events {
        Events::new(self.http.clone(), name)
    }

    pub(crate) async fn get_docs(&self, name: &str, ids: Option<&[String]>) -> Result<Vec<Document>> {
        let request = ManageRequest::GetDocs(GetDocs {
            index_name: checked(name)?,
            options: ids.map(|ids| GetDocsOptions {
                doc_ids: Some(ids.to_vec()),
            }),
        });
        let docs: Vec<DocumentBody> = self.ask(&request).await?;
        Ok(docs.into_iter().map(Document::from).collect())
    }

    pub(crate) async fn get_index(&self, name: &str) -> Result<IndexInfo> {
        let index_name = checked(name)?;
        let index: IndexObject = self
            .ask(&ManageRequest::GetIndex(IndexRef { index_name }))
            .await?;
        Ok(info(index))
    }

    pub(crate) async fn list_indexes(&self) -> Result<Vec<IndexInfo>> {
        let indexes: Vec<IndexObject> = self.ask(&ManageRequest::ListIndexes).await?;
        Ok(indexes.into_iter().map(info).collect())
    }

    pub(crate) async fn delete_index(&self, name: &str) -> Result<bool> {
        let index_name = checked(name)?;
        self.change(&ManageRequest::DeleteIndex(IndexRef { index_name }))
            .await
    }

    pub(crate) async fn versions(&self, name: &str) -> Result<Vec<VersionInfo>> {
        limits::check_name(name)?;
        let path = indexes::path(name, "versions");
        let versions: Vec<VersionObject> = self.http.get(&path).await?;
        Ok(versions
            .into_iter()
            .map(|object| VersionInfo {
                version: object.version,
                doc_count: object.doc_count,
                updated_at: object.updated_at,
            })
            .collect())
    }

    pub(crate) async fn restore(&self, name: &str, version: u64) -> Result<IndexInfo> {
        limits::check_name(name)?;
        let path = indexes::path(name, "restore");
        let body = to_json(&RestoreRequest { version })?;
        let index: IndexObject = self.http.post(&path, body, Repeat::IfNotAccepted).await?;
        Ok(info(index))
    }

    pub(crate) async fn query(
        &self,
        name: &str,
        text: &str,
        options: &QueryOptions,
    ) -> Result<Vec<ScoredDocument>> {
        options.check(text)?;
        let filter = options.filter.as_ref().map(|filter| {
            RawValue::from_string(filter.to_json().to_string())
                .map_err(|error| Error::new(ErrorKind::Internal, format!("writing a filter: {error}")))
        });
        let request = QueryRequest {
            query: text.to_owned(),
            index_name: checked(name)?,
            project_id: self.http.project_id().to_owned(),
            project_key: None,
            top_k: Some(i64::try_from(options.top_k).unwrap_or(i64::MAX)),
            query_embedding: options.vector().map(<[f32]>::to_vec),
            alpha: Some(options.alpha),
            filter: filter.transpose()?,
        };
        let answer: QueryAnswer = self.http.query(to_json(&request)?).await?;
        Ok(answer
            .docs
            .into_iter()
            .map(|hit| ScoredDocument {
                id: hit.id,
                text: hit.text,
                metadata: hit.metadata,
                payload: hit.payload,
                score: hit.score,
                index_name: None,
            })
            .collect())
    }

    /// A management action that changes nothing.
    async fn ask<T: DeserializeOwned>(&self, request: &ManageRequest) -> Result<T> {
        self.http.manage(request, Repeat::Always).await
    }

    /// A management action that must not happen twice.
    async fn change<T: DeserializeOwned>(&self, request: &ManageRequest) -> Result<T> {
        self.http.manage(request, Repeat::IfNotAccepted).await
    }
}

fn checked(name: &str) -> Result<String> {
    limits::check_name(name)?;
    Ok(name.to_owned())
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("writing a request: {error}")))
}

/// Strings that a service does not know are empty.
fn info(index: IndexObject) -> IndexInfo {
    IndexInfo {
        id: index.id,
        name: index.name,
        version: index.version.unwrap_or_default(),
        status: index.status,
        doc_count: index.doc_count,
        created_at: index.created_at.unwrap_or_default(),
        updated_at: index.updated_at.unwrap_or_default(),
        model: ModelRef {
            id: index.model.id,
            version: index.model.version.unwrap_or_default(),
        },
    }
}
