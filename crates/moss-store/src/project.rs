//! What belongs to a project: its record, its jobs, and the list of its indexes.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, TryStreamExt};
use moss_core::{Error, ErrorKind, Result};
use object_store::ObjectMeta;
use object_store::path::Path;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::garbage::age_of;
use crate::index::IndexStore;
use crate::key::{ProjectKeys, escape, unescape};
use crate::local;
use crate::object::{Created, Objects, corrupt};

/// Names of hashed catalogue entries read at a time.
const NAMES_IN_FLIGHT: usize = 16;

/// The part of a store that belongs to one project. A cheap handle, shared by cloning.
#[derive(Debug, Clone)]
pub struct ProjectStore {
    pub(crate) objects: Objects,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) name: String,
    pub(crate) keys: ProjectKeys,
}

impl ProjectStore {
    pub(crate) fn new(
        objects: Objects,
        directory: Option<PathBuf>,
        name: String,
        keys: ProjectKeys,
    ) -> ProjectStore {
        ProjectStore {
            objects,
            directory,
            name,
            keys,
        }
    }

    /// Writes the project's record if it has none. Of many callers at once one wins; the others read its record.
    ///
    /// # Errors
    /// `Io`; calling again is safe.
    pub async fn create_record<T: Serialize>(&self, record: &T) -> Result<Created> {
        let name = self.keys.name();
        if unescape(&escape(&self.name)).is_none() {
            self.objects.put(&name, Bytes::from(self.name.clone())).await?;
        }
        let path = self.keys.record();
        self.objects.create(&path, to_json(&path, record)?).await
    }

    /// The project's record, `None` before [`create_record`](ProjectStore::create_record).
    ///
    /// # Errors
    /// `CacheCorrupt` if it is not such a record, `Io`.
    pub async fn record<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        self.read_json(&self.keys.record()).await
    }

    /// Stores what a job works on, unless there is something else already. Goes with its job.
    ///
    /// # Errors
    /// `Io`; calling again is safe.
    pub async fn put_payload(&self, job: &str, bytes: Bytes) -> Result<Created> {
        self.objects.create(&self.keys.payload(job), bytes).await
    }

    /// What a job works on, `None` if it is not there.
    ///
    /// # Errors
    /// `Io`.
    pub async fn payload(&self, job: &str) -> Result<Option<Bytes>> {
        self.objects.get(&self.keys.payload(job)).await
    }

    /// How many bytes that is which a job works on, `None` if it is not there.
    ///
    /// # Errors
    /// `Io`.
    pub async fn payload_bytes(&self, job: &str) -> Result<Option<u64>> {
        self.objects.size(&self.keys.payload(job)).await
    }

    /// Removes what a job worked on; that it is not there is fine.
    ///
    /// # Errors
    /// `Io`.
    pub async fn delete_payload(&self, job: &str) -> Result<()> {
        self.objects.delete(&self.keys.payload(job)).await
    }

    /// Writes the state of a job, over its earlier state.
    ///
    /// # Errors
    /// `Io`.
    pub async fn put_job<T: Serialize>(&self, job: &str, state: &T) -> Result<()> {
        let path = self.keys.job(job);
        self.objects.put(&path, to_json(&path, state)?).await
    }

    /// The state of a job, `None` for an unknown one.
    ///
    /// # Errors
    /// `CacheCorrupt` if it is not such a state, `Io`.
    pub async fn job<T: DeserializeOwned>(&self, job: &str) -> Result<Option<T>> {
        self.read_json(&self.keys.job(job)).await
    }

    /// Removes jobs that nobody wrote to for `age`, measured against the job or payload written last, and payloads that are
    /// as old and whose job goes or is gone.
    ///
    /// # Errors
    /// `Io`.
    pub async fn collect_jobs(&self, age: Duration) -> Result<()> {
        self.collect_jobs_at(age, DateTime::UNIX_EPOCH).await
    }

    /// As [`collect_jobs`](ProjectStore::collect_jobs), with what the caller knows of the store's time.
    pub(crate) async fn collect_jobs_at(&self, age: Duration, now: DateTime<Utc>) -> Result<()> {
        let jobs = self.objects.list(&self.keys.jobs()).await?;
        let payloads = self.objects.list(&self.keys.payloads()).await?;
        let now = jobs
            .iter()
            .chain(&payloads)
            .fold(now, |now, object| now.max(object.last_modified));
        let is_old = |object: &&ObjectMeta| age_of(object.last_modified, now) >= age;
        let kept: HashSet<&str> = jobs
            .iter()
            .filter(|job| !is_old(job))
            .filter_map(|job| job.location.filename())
            .collect();
        let is_orphan = |object: &&ObjectMeta| {
            let job = object.location.filename();
            job.is_none_or(|job| !kept.contains(job))
        };
        let old_jobs = jobs.iter().filter(is_old);
        let old_payloads = payloads.iter().filter(is_old).filter(is_orphan);
        for object in old_payloads.chain(old_jobs) {
            self.objects.delete(&object.location).await?;
        }
        for part in [self.keys.jobs(), self.keys.payloads()] {
            local::remove_stale_staging(self.directory.as_deref(), &part, age)?;
        }
        Ok(())
    }

    /// The names of all indexes that were ever created, in no order, paged as the store pages.
    ///
    /// A deleted index stays listed, and so does one whose first commit failed: ask [`IndexStore::head`].
    ///
    /// # Errors
    /// `CacheCorrupt` for an entry that is no name, `Io`.
    pub fn index_names(&self) -> impl Stream<Item = Result<String>> + Send + use<> {
        let objects = self.objects.clone();
        let entries = self.objects.stream(&self.keys.catalogue());
        entries
            .map_ok(move |entry| name_of(objects.clone(), entry.location))
            .try_buffer_unordered(NAMES_IN_FLIGHT)
    }

    /// The index of that name, whether it exists or not. Does no I/O.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that is empty, longer than 256 bytes or holds control characters.
    pub fn index(&self, name: &str) -> Result<IndexStore> {
        Ok(IndexStore {
            objects: self.objects.clone(),
            directory: self.directory.clone(),
            project: self.name.clone(),
            name: name.to_owned(),
            keys: self.keys.index(name)?,
            catalogue_entry: self.keys.catalogue_entry(name),
        })
    }

    pub(crate) async fn read_json<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>> {
        let Some(bytes) = self.objects.get(path).await? else {
            return Ok(None);
        };
        let read = serde_json::from_slice(&bytes);
        read.map(Some).map_err(|error| corrupt(path, error))
    }
}

/// The name of a catalogue entry: in its key, or in its body where the key is hashed.
async fn name_of(objects: Objects, path: Path) -> Result<String> {
    let part = path.filename().unwrap_or_default();
    if let Some(name) = unescape(part) {
        return Ok(name);
    }
    let body = objects.get(&path).await?.unwrap_or_default();
    match String::from_utf8(body.into()) {
        Ok(name) if escape(&name) == part => Ok(name),
        _ => Err(corrupt(&path, "not the name of an index")),
    }
}

pub(crate) fn to_json<T: Serialize>(path: &Path, value: &T) -> Result<Bytes> {
    let json = serde_json::to_vec(value);
    json.map(Bytes::from)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("writing {path}: {error}")))
}
