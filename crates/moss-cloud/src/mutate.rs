//! Changing indexes: each change is a session that opens the newest version, changes it and pushes.

use std::sync::Arc;

use moss_core::embed::{CUSTOM_MODEL, DEFAULT_MODEL};
use moss_core::query::AddOptions;
use moss_core::session::{Model, Session};
use moss_core::{Document, Error, ErrorKind, Result};
use moss_store::{Change, Commit, Manifest};
use uuid::Uuid;

use crate::access::WriteVersions;
use crate::base::Base;
use crate::cache::Cached;
use crate::index::{blocking, index_exists, info, not_found, open_model};
use crate::push::{MAX_TRIES, push_as};
use crate::stored::StoredIndex;
use crate::time::now_ms;
use crate::{IndexInfo, MutationResult, OnConflict, Project, SourceFile, files};

impl Project {
    /// Makes an index of these documents. Without a model it is `custom` if any document has a vector, else the default.
    ///
    /// # Errors
    /// `IndexExists`; `InvalidArgument` without documents; `MixedEmbeddings`, `EmbeddingMissing`, `DimensionMismatch`,
    /// `UnknownModel`, `ModelUnavailable`.
    pub async fn create_index(
        &self,
        name: &str,
        documents: Vec<Document>,
        model_id: Option<&str>,
    ) -> Result<MutationResult> {
        let with_vectors = check_batch(&documents)?;
        let model_id = model_id.unwrap_or(if with_vectors { CUSTOM_MODEL } else { DEFAULT_MODEL });
        let index = self.index(name)?;
        if index.head().await?.is_some_and(|head| !head.deleted) {
            return Err(index_exists(name));
        }
        let session = Arc::new(Session::new(open_model(model_id).await?)?);
        let doc_count = documents.len();
        add(&session, documents, AddOptions::new()).await?;
        let mut base = Base::default();
        let pushed = self
            .push(name, &session, &mut base, OnConflict::Fail)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Conflict | ErrorKind::ModelMismatch => index_exists(name),
                _ => error,
            })?;
        if let Some(manifest) = base.manifest().cloned() {
            self.remember(Cached { manifest, session }).await;
        }
        Ok(MutationResult {
            job_id: pushed.job_id,
            index_name: name.to_owned(),
            doc_count,
        })
    }

    /// Makes an index of files: each is split into chunks, one document a chunk; `doc_count` counts the chunks.
    ///
    /// # Errors
    /// As [`create_index`](Project::create_index); `InvalidArgument` for a content type other than text and Markdown, for
    /// bytes that are not UTF-8, and for `custom`.
    pub async fn create_index_from_files(
        &self,
        name: &str,
        files: &[SourceFile],
        model_id: Option<&str>,
    ) -> Result<MutationResult> {
        let documents = file_documents(files, model_id)?;
        self.create_index(name, documents, model_id.or(Some(DEFAULT_MODEL)))
            .await
    }

    /// Adds documents to an index; text is embedded with the index's model.
    ///
    /// # Errors
    /// `IndexNotFound`; `InvalidArgument` without documents; those of [`create_index`](Project::create_index).
    pub async fn add_docs(
        &self,
        name: &str,
        documents: Vec<Document>,
        options: AddOptions,
    ) -> Result<MutationResult> {
        check_batch(&documents)?;
        let doc_count = documents.len();
        let job_id = match options.upsert {
            true => {
                self.change(name, async |base: Cached, draft: &Arc<Session>| {
                    check_fit(&base.manifest, &draft.model(), &documents)?;
                    add(draft, documents, options).await?;
                    draft.rest_on(&base.session, &[])
                })
                .await?
            }
            false => self.add_absent(name, documents, options).await?,
        };
        Ok(MutationResult {
            job_id,
            index_name: name.to_owned(),
            doc_count,
        })
    }

    /// Adds the documents whose ids are not there.
    async fn add_absent(
        &self,
        name: &str,
        mut documents: Vec<Document>,
        options: AddOptions,
    ) -> Result<String> {
        let _turn = self.turn(name).await;
        let base = self.open(name).await?;
        let draft = Arc::new(Session::new(base.session.model())?);
        check_fit(&base.manifest, &draft.model(), &documents)?;
        documents.retain(|document| !base.session.contains(&document.id));
        add(&draft, documents, options).await?;
        let job_id = Uuid::new_v4().to_string();
        let index = StoredIndex::new(self, name)?;
        self.push_absent(&job_id, &index, draft, base).await?;
        Ok(job_id)
    }

    /// Pushes the documents of `draft` whose ids are not there when they are committed: what others push meanwhile stays theirs.
    pub(crate) async fn push_absent(
        &self,
        job_id: &str,
        index: &impl WriteVersions,
        mut draft: Arc<Session>,
        mut base: Cached,
    ) -> Result<()> {
        let mut tries = 0;
        loop {
            draft.rest_on(&base.session, &[])?;
            let mut push_base = Base::from(Some(base.manifest.clone()));
            let pushed = push_as(
                job_id.to_owned(),
                index,
                &draft,
                &mut push_base,
                OnConflict::Fail,
                true,
            );
            match pushed.await {
                Err(error) if error.kind() == ErrorKind::Conflict && tries < MAX_TRIES => tries += 1,
                pushed => return pushed.map(drop),
            }
            base = self.open(&base.manifest.index).await?;
            let documents = draft.everything()?.documents.into_iter();
            let documents = documents.map(|changed| changed.document);
            let absent = documents.filter(|document| !base.session.contains(&document.id));
            let rest = Arc::new(Session::new(draft.model())?);
            add(&rest, absent.collect(), AddOptions::new()).await?;
            draft = rest;
        }
    }

    /// Deletes documents from an index; unknown ids are ignored. `doc_count` counts the ids given.
    ///
    /// # Errors
    /// `IndexNotFound`; `InvalidArgument` without ids.
    pub async fn delete_docs(&self, name: &str, ids: &[String]) -> Result<MutationResult> {
        check_ids(ids)?;
        let job_id = self
            .change(name, async |base: Cached, draft: &Arc<Session>| {
                draft.rest_on(&base.session, ids)
            })
            .await?;
        Ok(MutationResult {
            job_id,
            index_name: name.to_owned(),
            doc_count: ids.len(),
        })
    }

    /// Deletes an index; its name is free at once. Its versions stay in the store, out of every reader's reach, until
    /// [`IndexStore::collect`](moss_store::IndexStore::collect) is called for it a day later or more.
    ///
    /// # Errors
    /// `IndexNotFound`.
    pub async fn delete_index(&self, name: &str) -> Result<bool> {
        let index = self.index(name)?;
        loop {
            let transaction = index.begin().await?;
            let head = transaction
                .head()
                .filter(|head| !head.deleted)
                .ok_or_else(|| not_found(name))?;
            let deleted = Change {
                doc_count: 0,
                updated_at: now_ms().max(head.updated_at + 1),
                job_id: Uuid::new_v4().to_string(),
                deleted: true,
                segments: Vec::new(),
                ..Change::of(head)
            };
            if let Commit::Done(_) = transaction.commit(&deleted).await? {
                self.cache().forget(self.id(), name);
                self.cloud().watchers().committed(self.id(), name);
                return Ok(true);
            }
        }
    }

    /// Makes an earlier version the newest again, as a new version.
    ///
    /// # Errors
    /// `IndexNotFound` if there is no such version any more.
    pub async fn restore(&self, name: &str, version: u64) -> Result<IndexInfo> {
        let index = self.index(name)?;
        loop {
            let mut transaction = index.begin().await?;
            let newest = transaction
                .head()
                .map(|head| head.updated_at)
                .ok_or_else(|| not_found(name))?;
            let old = transaction.adopt(version).await?;
            let old = old.filter(|old| !old.deleted).ok_or_else(|| {
                Error::new(
                    ErrorKind::IndexNotFound,
                    format!("index {name:?} has no version {version} any more"),
                )
            })?;
            let mut restored = Change {
                updated_at: now_ms().max(newest + 1),
                job_id: Uuid::new_v4().to_string(),
                ..Change::of(&old)
            };
            restored
                .segments
                .iter_mut()
                .for_each(|entry| entry.since = transaction.version());
            if let Commit::Done(manifest) = transaction.commit(&restored).await? {
                self.cloud().watchers().committed(self.id(), name);
                return Ok(info(&manifest));
            }
        }
    }

    /// Pushes what `change` puts into an empty session onto the newest version; returns the job's id. An index that is
    /// deleted meanwhile stays deleted.
    async fn change(
        &self,
        name: &str,
        change: impl AsyncFnOnce(Cached, &Arc<Session>) -> Result<()>,
    ) -> Result<String> {
        let _turn = self.turn(name).await;
        let base = self.open(name).await?;
        let draft = Arc::new(Session::new(base.session.model())?);
        let mut push_base = Base::from(Some(base.manifest.clone()));
        change(base, &draft).await?;
        let index = StoredIndex::new(self, name)?;
        let job_id = Uuid::new_v4().to_string();
        let pushed = push_as(job_id, &index, &draft, &mut push_base, OnConflict::Merge, true).await?;
        Ok(pushed.job_id)
    }
}

/// The documents of files: each file is split into chunks, one document a chunk.
///
/// # Errors
/// `InvalidArgument` for a content type other than text and Markdown, for bytes that are not UTF-8, and for `custom`.
pub fn file_documents(files: &[SourceFile], model_id: Option<&str>) -> Result<Vec<Document>> {
    if model_id == Some(CUSTOM_MODEL) {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "files cannot be embedded with model custom",
        ));
    }
    files::documents(files)
}

async fn add(session: &Arc<Session>, documents: Vec<Document>, options: AddOptions) -> Result<()> {
    let session = session.clone();
    blocking(move || session.add_docs(documents, &options).map(|_| ())).await
}

/// Checks what a batch for the cloud needs beyond what a session checks, and returns whether its documents carry vectors.
///
/// # Errors
/// `InvalidArgument` without documents, `MixedEmbeddings`.
pub fn check_batch(documents: &[Document]) -> Result<bool> {
    if documents.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "an index needs at least one document",
        ));
    }
    let with_vectors = documents
        .iter()
        .filter(|document| document.vector().is_some())
        .count();
    if with_vectors != 0 && with_vectors != documents.len() {
        let without = documents.iter().find(|document| document.vector().is_none());
        let id = without.map_or("", |document| &document.id);
        return Err(Error::new(
            ErrorKind::MixedEmbeddings,
            format!("either all documents or none carry custom embeddings; missing .embedding: {id:?}"),
        ));
    }
    Ok(with_vectors > 0)
}

pub(crate) fn check_ids(ids: &[String]) -> Result<()> {
    if ids.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "delete_docs needs at least one document ID",
        ));
    }
    Ok(())
}

/// Checks that the vectors of a batch are there and fit a version of an index.
pub(crate) fn check_fit(version: &Manifest, model: &Model, documents: &[Document]) -> Result<()> {
    let dim = match model.dim() {
        0 if version.doc_count > 0 => version.dimension as usize,
        own => own,
    };
    model.check(documents, dim)
}
