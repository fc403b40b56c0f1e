//! The work of a job: what it is to work on, and a push.

use std::sync::Arc;

use bytes::Bytes;
use moss_core::query::AddOptions;
use moss_core::session::Session;
use moss_core::{Document, Error, ErrorKind, Result};
use moss_proto::bulk::Upload;

use super::commit::JobIndex;
use super::record::Phase;
use super::run::{Progress, Run};
use super::{JobRecord, Work};
use crate::access::WriteVersions;
use crate::base::Base;
use crate::cache::Cached;
use crate::index::{blocking, index_exists, open_model};
use crate::mutate::check_fit;
use crate::push::push_as;
use crate::{CreateMode, OnConflict};

/// So often is a job taken over; it may be what makes its processes go away.
const MAX_ATTEMPTS: u32 = 8;
/// Documents embedded and stored at a time: enough to keep all cores busy, and little beside the upload.
const BATCH: usize = 512;

impl Run<'_> {
    /// Does what the job is for, once: if an earlier attempt has committed, nothing is left to do.
    pub(super) async fn build(&self, record: &JobRecord) -> Result<()> {
        let index = JobIndex::new(self.project, &record.index, self.job_id, record.since)?;
        match self.build_on(&index, record).await {
            Err(_) if index.has_committed() => Ok(()),
            ended => ended,
        }
    }

    async fn build_on(&self, index: &JobIndex, record: &JobRecord) -> Result<()> {
        let name = &record.index;
        let head = index.reader().head().await?;
        index.check(head.as_ref()).await?;
        if self.attempt > MAX_ATTEMPTS {
            return Err(Error::new(
                ErrorKind::Internal,
                format!("given up: {MAX_ATTEMPTS} processes went away while they worked on the job"),
            ));
        }
        self.progress.set(Phase::Downloading, 0.0);
        let payload = self.project.store.payload(self.job_id).await?;
        let payload =
            payload.ok_or_else(|| Error::new(ErrorKind::Internal, "what the job is to work on is gone"))?;
        self.progress.set(Phase::Deserializing, 0.0);
        match &record.work {
            Some(Work::Create {
                model_id,
                doc_count,
                dimension,
                mode,
            }) => {
                if *mode == CreateMode::Create && head.is_some_and(|head| !head.deleted) {
                    return Err(index_exists(name));
                }
                check_announced(&Upload::decode(&payload)?, *doc_count, *dimension)?;
                let session = Session::new(open_model(model_id).await?)?;
                let session = self.fill(session, payload, None, AddOptions::new()).await?;
                let on_conflict = match mode {
                    CreateMode::Create => OnConflict::Fail,
                    CreateMode::Replace => OnConflict::Replace,
                };
                let pushed = self.push(index, &session, None, on_conflict).await;
                pushed.map_err(|error| match (mode, error.kind()) {
                    (CreateMode::Create, ErrorKind::Conflict | ErrorKind::ModelMismatch) => {
                        index_exists(name)
                    }
                    _ => error,
                })
            }
            Some(Work::Add { upsert }) => {
                let base = self.project.open(name).await?;
                let draft = Session::new(base.session.model())?;
                let options = AddOptions::new().upsert(*upsert);
                let draft = self.fill(draft, payload, Some(base.clone()), options).await?;
                if !upsert {
                    self.progress.set(Phase::Uploading, 0.0);
                    return self.project.push_absent(self.job_id, index, draft, base).await;
                }
                draft.rest_on(&base.session, &[])?;
                self.push(index, &draft, Some(base), OnConflict::Merge).await
            }
            Some(Work::Delete) => {
                let ids: Vec<String> = serde_json::from_slice(&payload)
                    .map_err(|error| Error::new(ErrorKind::Internal, format!("reading ids: {error}")))?;
                let base = self.project.open(name).await?;
                let draft = Session::new(base.session.model())?;
                draft.rest_on(&base.session, &ids)?;
                self.push(index, &draft, Some(base), OnConflict::Merge).await
            }
            None => Err(Error::new(ErrorKind::Internal, "the job says not what to do")),
        }
    }

    /// Pushes a session, which rests on the base if there is one.
    async fn push(
        &self,
        index: &JobIndex,
        session: &Session,
        base: Option<Cached>,
        on_conflict: OnConflict,
    ) -> Result<()> {
        self.progress.set(Phase::Uploading, 0.0);
        let same_index = base.is_some();
        let mut base = Base::from(base.map(|base| base.manifest));
        let job_id = self.job_id.to_owned();
        push_as(job_id, index, session, &mut base, on_conflict, same_index).await?;
        self.progress.set(Phase::Cleanup, 0.0);
        Ok(())
    }

    /// Adds the documents of an upload to a session, batch by batch. `base` is the index that they are meant for.
    async fn fill(
        &self,
        session: Session,
        payload: Bytes,
        base: Option<Cached>,
        options: AddOptions,
    ) -> Result<Arc<Session>> {
        let progress = self.progress.clone();
        blocking(move || {
            let upload = Upload::decode(&payload)?;
            let mut filler = Filler {
                embeds: upload.dimension == 0,
                doc_count: upload.doc_count,
                session,
                base,
                options,
                progress,
                batch: Vec::new(),
                done: 0,
            };
            upload.each(|document| filler.take(document))?;
            filler.flush()?;
            Ok(Arc::new(filler.session))
        })
        .await
    }
}

fn check_announced(upload: &Upload<'_>, doc_count: usize, dimension: usize) -> Result<()> {
    if (upload.doc_count, upload.dimension) == (doc_count, dimension) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidArgument,
        format!(
            "the upload holds {} documents of {} dimensions, {doc_count} of {dimension} were announced",
            upload.doc_count, upload.dimension
        ),
    ))
}

/// Gathers documents into batches.
struct Filler {
    session: Session,
    base: Option<Cached>,
    options: AddOptions,
    progress: Progress,
    embeds: bool,
    doc_count: usize,
    batch: Vec<Document>,
    done: usize,
}

impl Filler {
    fn take(&mut self, document: Document) -> Result<()> {
        self.batch.push(document);
        if self.batch.len() == BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let mut batch = std::mem::take(&mut self.batch);
        self.done += batch.len();
        if let Some(base) = &self.base {
            check_fit(&base.manifest, &base.session.model(), &batch)?;
            if !self.options.upsert {
                batch.retain(|document| !base.session.contains(&document.id));
            }
        }
        self.session.add_docs(batch, &self.options)?;
        let phase = if self.embeds {
            Phase::GeneratingEmbeddings
        } else {
            Phase::BuildingIndex
        };
        self.progress.set(phase, self.done as f64 / self.doc_count as f64);
        Ok(())
    }
}
