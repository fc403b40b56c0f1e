//! Reading indexes: what there is, what a version holds, and a version as a session in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::try_join_all;
use moss_core::embed::CUSTOM_MODEL;
use moss_core::query::{GetOptions, QueryOptions, ScoredDocument};
use moss_core::session::{Model, Session};
use moss_core::snapshot::{Layer, Segment};
use moss_core::{Document, Error, ErrorKind, Result};
use moss_store::{IndexStore, KeptIndex, Manifest};
use url::Url;
use uuid::Uuid;

use crate::access::ReadVersions;
use crate::cache::Cached;
use crate::time::iso;
use crate::{IndexInfo, ModelRef, Project, VersionInfo};

/// Objects read at the same time.
const PARALLEL_READS: usize = 8;

/// A version of an index: its manifest and the bytes of its segments.
#[derive(Debug)]
pub struct Loaded {
    /// What the version consists of.
    pub manifest: Arc<Manifest>,
    segments: Vec<Bytes>,
}

impl Loaded {
    pub(crate) async fn read(index: &impl ReadVersions, manifest: Arc<Manifest>) -> Result<Loaded> {
        let segments = try_join_all(manifest.segments.iter().map(|entry| index.read_segment(entry))).await?;
        Ok(Loaded { manifest, segments })
    }

    /// The version that a folder keeps, without the store; `None` if it keeps none whole.
    pub fn kept(kept: &KeptIndex) -> Option<Loaded> {
        let (manifest, segments) = kept.read()?;
        Some(Loaded {
            manifest: Arc::new(manifest),
            segments,
        })
    }

    /// As [`read`](Loaded::read) of what is not kept in the folder, which keeps the whole afterwards.
    async fn read_and_keep(
        index: &impl ReadVersions,
        manifest: Arc<Manifest>,
        kept: &KeptIndex,
    ) -> Result<Loaded> {
        let at_hand: Vec<Option<Bytes>> = {
            let (manifest, kept) = (manifest.clone(), kept.clone());
            blocking(move || {
                Ok(manifest
                    .segments
                    .iter()
                    .map(|entry| kept.segment(entry))
                    .collect())
            })
            .await?
        };
        let was_whole = at_hand.iter().all(Option::is_some);
        let name = &manifest.index;
        let parts = manifest.segments.iter().zip(at_hand);
        let segments = try_join_all(parts.map(|(entry, at_hand)| async move {
            match at_hand {
                Some(bytes) => Ok(bytes),
                None => {
                    let bytes = index.read_segment(entry).await?;
                    let (kept, entry, copy) = (kept.clone(), entry.clone(), bytes.clone());
                    // Kept as it comes, lest one that fails takes the others with it. The index is loaded all the same.
                    let keep = move || Ok(kept.keep_segment(&entry, &copy));
                    if let Err(error) = blocking(keep).await? {
                        tracing::warn!(index = name, %error, "segment not kept");
                    }
                    Ok(bytes)
                }
            }
        }))
        .await?;
        let loaded = Loaded { manifest, segments };
        let kept = kept.clone();
        blocking(move || {
            if !was_whole || kept.manifest().as_ref() != Some(&*loaded.manifest) {
                // The index is loaded all the same.
                if let Err(error) = kept.keep(&loaded.manifest, &loaded.segments) {
                    tracing::warn!(index = loaded.manifest.index, %error, "download not kept");
                }
            }
            Ok(loaded)
        })
        .await
    }

    /// The documents as a session whose base they are; nothing is embedded.
    ///
    /// # Errors
    /// `CacheCorrupt` naming the damaged object.
    pub fn session(&self, model: Model) -> Result<Session> {
        let session = Session::new(model)?;
        self.with_layers(|layers| session.resume(layers))?;
        Ok(session)
    }

    /// Calls `read` with the decoded segments, oldest first.
    ///
    /// # Errors
    /// `CacheCorrupt` naming the damaged object.
    pub fn with_layers<T>(&self, read: impl FnOnce(&[Layer<'_>]) -> Result<T>) -> Result<T> {
        let entries = &self.manifest.segments;
        let decoded = entries.iter().zip(&self.segments);
        let segments: Vec<Segment<'_>> = decoded
            .map(|(entry, bytes)| {
                // All of them were compared where they were read.
                Segment::decode_compared(
                    bytes,
                    &format!("segment {} of index {:?}", entry.id, self.manifest.index),
                )
            })
            .collect::<Result<_>>()?;
        let layers: Vec<Layer<'_>> = segments
            .iter()
            .zip(entries)
            .map(|(segment, entry)| Layer {
                segment,
                since: entry.since,
            })
            .collect();
        read(&layers)
    }
}

/// The newest version of an index, or the one named; `None` if there is no such index. What `kept` has of it is not fetched,
/// and all of it is kept there from now on.
///
/// # Errors
/// `CacheCorrupt`, `Io`, `Network`. Not for a folder that cannot be read or written: then all is fetched, or nothing kept.
pub async fn load(
    index: &impl ReadVersions,
    version: Option<u64>,
    kept: Option<&KeptIndex>,
) -> Result<Option<Loaded>> {
    let head = index.head().await?.filter(|head| !head.deleted);
    let manifest = match (head, version) {
        // Below the floor a version may be gone in part.
        (Some(head), Some(version)) if (head.floor..=head.version).contains(&version) => {
            index.manifest(version).await?
        }
        (_, Some(_)) => None,
        (head, None) => head,
    };
    let Some(manifest) = manifest.filter(|manifest| !manifest.deleted).map(Arc::new) else {
        return Ok(None);
    };
    match kept {
        Some(kept) => Loaded::read_and_keep(index, manifest, kept).await.map(Some),
        None => Loaded::read(index, manifest).await.map(Some),
    }
}

impl Project {
    /// [`load`]s an index of this project.
    ///
    /// # Errors
    /// Those of [`load`], and `InvalidArgument` for a bad name.
    pub async fn load(
        &self,
        name: &str,
        version: Option<u64>,
        kept: Option<&KeptIndex>,
    ) -> Result<Option<Loaded>> {
        load(&self.index(name)?, version, kept).await
    }

    /// The newest version of an index.
    ///
    /// # Errors
    /// `IndexNotFound`.
    pub async fn get_index(&self, name: &str) -> Result<IndexInfo> {
        Ok(info(&self.head(name).await?))
    }

    /// All indexes, by name.
    ///
    /// # Errors
    /// `CacheCorrupt`, `Io`.
    pub async fn list_indexes(&self) -> Result<Vec<IndexInfo>> {
        let names: Vec<String> = self.store.index_names().try_collect().await?;
        let mut infos = Vec::new();
        for names in names.chunks(PARALLEL_READS) {
            let indexes: Vec<IndexStore> =
                names.iter().map(|name| self.index(name)).collect::<Result<_>>()?;
            let heads = try_join_all(indexes.iter().map(IndexStore::head)).await?;
            infos.extend(heads.iter().flatten().filter(|head| !head.deleted).map(info));
        }
        infos.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(infos)
    }

    /// Documents of an index without their vectors: those named, in that order, or all by id.
    ///
    /// # Errors
    /// `IndexNotFound`.
    pub async fn get_docs(&self, name: &str, ids: Option<&[String]>) -> Result<Vec<Document>> {
        let cached = self.open(name).await?;
        let mut options = GetOptions::new();
        options.ids = ids.map(<[String]>::to_vec);
        blocking(move || {
            let mut documents = cached.session.get_docs(&options)?;
            documents
                .iter_mut()
                .for_each(|document| document.embedding = None);
            Ok(documents)
        })
        .await
    }

    /// The cloud query: the newest version answers, whether or not a client loaded it.
    ///
    /// # Errors
    /// `IndexNotFound`, and those of [`Session::query`].
    pub async fn query(&self, name: &str, text: &str, options: &QueryOptions) -> Result<Vec<ScoredDocument>> {
        let session = self.open(name).await?.session;
        let (text, options) = (text.to_owned(), options.clone());
        let turn = self.cloud().turns_to().query().await?;
        blocking(move || {
            // Kept to the end of the query, even if nobody waits for it any more.
            let _turn = turn;
            session.query(&text, &options)
        })
        .await
    }

    /// The versions that can still be read, newest first.
    ///
    /// # Errors
    /// `IndexNotFound`.
    pub async fn versions(&self, name: &str) -> Result<Vec<VersionInfo>> {
        let index = self.index(name)?;
        let mut manifests = Vec::new();
        for versions in index.versions().await?.chunks(PARALLEL_READS) {
            manifests.extend(try_join_all(versions.iter().map(|&version| index.manifest(version))).await?);
        }
        let infos: Vec<VersionInfo> = manifests
            .iter()
            .flatten()
            .filter(|manifest| !manifest.deleted)
            .map(|manifest| VersionInfo {
                version: manifest.version,
                doc_count: manifest.doc_count as usize,
                updated_at: iso(manifest.updated_at),
            })
            .collect();
        if infos.is_empty() {
            Err(not_found(name))
        } else {
            Ok(infos)
        }
    }

    /// The newest manifest of an index, of a deleted one too, or that of the version; `None` if there is none.
    ///
    /// # Errors
    /// `InvalidArgument` for a bad name, `CacheCorrupt`, `Io`.
    pub async fn manifest(&self, name: &str, version: Option<u64>) -> Result<Option<Manifest>> {
        let index = self.index(name)?;
        match version {
            Some(version) => index.manifest(version).await,
            None => index.head().await,
        }
    }

    /// The bytes of a segment of an index, for a reader elsewhere who verifies them; `None` if there is none.
    ///
    /// # Errors
    /// `InvalidArgument` for a bad name, `Io`.
    pub async fn segment(&self, name: &str, id: Uuid) -> Result<Option<Bytes>> {
        self.index(name)?.segment(id).await
    }

    /// A URL from which anybody can read a segment for a while; `None` where the store cannot sign.
    ///
    /// # Errors
    /// `InvalidArgument` for a bad name; see [`IndexStore::sign_segment`].
    pub async fn presigned_segment(&self, name: &str, id: Uuid, ttl: Duration) -> Result<Option<Url>> {
        self.index(name)?.sign_segment(id, ttl).await
    }

    /// The index of that name in the store.
    pub(crate) fn index(&self, name: &str) -> Result<IndexStore> {
        self.store.index(name)
    }

    pub(crate) async fn head(&self, name: &str) -> Result<Manifest> {
        let head = self.index(name)?.head().await?;
        head.filter(|head| !head.deleted).ok_or_else(|| not_found(name))
    }

    /// A version as a session that nobody else holds.
    pub(crate) async fn open_fresh(&self, manifest: Manifest) -> Result<Cached> {
        let manifest = Arc::new(manifest);
        let model = open_model(&manifest.model.id).await?;
        let bytes = manifest.segments.iter().map(|entry| entry.bytes).sum();
        // Held until the session is made, which the cache counts.
        let _turn = self.cloud().turns_to().load(bytes).await?;
        let loaded = Loaded::read(&self.index(&manifest.index)?, manifest.clone()).await?;
        let session = blocking(move || loaded.session(model)).await?;
        Ok(Cached {
            manifest,
            session: Arc::new(session),
        })
    }
}

/// What a manifest says of its index.
pub fn info(manifest: &Manifest) -> IndexInfo {
    IndexInfo {
        id: manifest.index_id.to_string(),
        name: manifest.index.clone(),
        version: manifest.version.to_string(),
        status: "Ready".to_owned(),
        doc_count: manifest.doc_count as usize,
        created_at: iso(manifest.created_at),
        updated_at: iso(manifest.updated_at),
        model: ModelRef {
            id: manifest.model.id.clone(),
            version: manifest.model.version.clone(),
        },
    }
}

pub(crate) fn index_exists(name: &str) -> Error {
    Error::new(ErrorKind::IndexExists, format!("index {name:?} exists already"))
}

pub(crate) fn not_found(name: &str) -> Error {
    Error::new(
        ErrorKind::IndexNotFound,
        format!("no index {name:?} in this project"),
    )
}

/// `ModelMismatch` of an index and what was asked of it.
pub fn model_mismatch(name: &str, stored: &str, asked: &str) -> Error {
    Error::new(
        ErrorKind::ModelMismatch,
        format!(
            "index {name:?} holds vectors of model {stored}, not {asked}; omit model_id to take the stored one"
        ),
    )
}

/// The model of that id, opened; `custom` has no files.
///
/// # Errors
/// `UnknownModel`, `ModelUnavailable`.
pub async fn open_model(id: &str) -> Result<Model> {
    if id == CUSTOM_MODEL {
        return Ok(Model::Custom);
    }
    let embedder = moss_models::open_model(id).await?;
    Ok(Model::BuiltIn {
        id: id.to_owned(),
        embedder,
    })
}

/// Runs what keeps a core busy away from the threads that drive the runtime.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::new(
            ErrorKind::Internal,
            format!("the work ended early: {error}"),
        )),
    }
}
