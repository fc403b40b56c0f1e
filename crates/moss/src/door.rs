//! The one cloud and its two doors: a store that this process opens, and a service.

use moss_cloud::{Base, Loaded, Project, Pushed};
use moss_core::query::{AddOptions, QueryOptions, ScoredDocument};
use moss_core::session::Session;
use moss_core::{Document, Result};
use moss_store::KeptIndex;

use crate::service::Service;
use crate::types::{IndexInfo, JobStatus, MutationResult, OnConflict, SourceFile, VersionInfo};

/// A project, as it is reached. A cheap handle, shared by cloning.
#[derive(Debug, Clone)]
pub(crate) enum Door {
    /// In process.
    Store(Project),
    /// Over HTTP.
    Service(Service),
}

/// Calls the method of this name on whatever is behind the door.
macro_rules! behind {
    ($door:expr, $method:ident($($argument:expr),*)) => {
        match $door {
            Door::Store(project) => project.$method($($argument),*).await,
            Door::Service(service) => service.$method($($argument),*).await,
        }
    };
}

impl Door {
    /// The newest version of an index or the one named, `None` if there is none; see [`moss_cloud::load`].
    pub(crate) async fn load(
        &self,
        name: &str,
        version: Option<u64>,
        kept: Option<&KeptIndex>,
    ) -> Result<Option<Loaded>> {
        behind!(self, load(name, version, kept))
    }

    /// See [`moss_cloud::push`].
    pub(crate) async fn push(
        &self,
        name: &str,
        session: &Session,
        base: &mut Base,
        on_conflict: OnConflict,
    ) -> Result<Pushed> {
        behind!(self, push(name, session, base, on_conflict))
    }

    /// Starts a job, as the three below do; [`finished`](Door::finished) waits for it.
    pub(crate) async fn create_index(
        &self,
        name: &str,
        docs: Vec<Document>,
        model_id: Option<&str>,
    ) -> Result<MutationResult> {
        behind!(self, create_index(name, docs, model_id))
    }

    pub(crate) async fn create_index_from_files(
        &self,
        name: &str,
        files: &[SourceFile],
        model_id: Option<&str>,
    ) -> Result<MutationResult> {
        behind!(self, create_index_from_files(name, files, model_id))
    }

    pub(crate) async fn add_docs(
        &self,
        name: &str,
        docs: Vec<Document>,
        options: AddOptions,
    ) -> Result<MutationResult> {
        behind!(self, add_docs(name, docs, options))
    }

    pub(crate) async fn delete_docs(&self, name: &str, ids: &[String]) -> Result<MutationResult> {
        behind!(self, delete_docs(name, ids))
    }

    /// Waits for a job to end well. A store has done it by the time that it says its id.
    pub(crate) async fn finished(&self, started: MutationResult) -> Result<MutationResult> {
        match self {
            Door::Store(_) => Ok(started),
            Door::Service(service) => service.finished(&started.job_id).await.map(|()| started),
        }
    }

    pub(crate) async fn get_docs(&self, name: &str, ids: Option<&[String]>) -> Result<Vec<Document>> {
        behind!(self, get_docs(name, ids))
    }

    pub(crate) async fn get_index(&self, name: &str) -> Result<IndexInfo> {
        behind!(self, get_index(name))
    }

    pub(crate) async fn list_indexes(&self) -> Result<Vec<IndexInfo>> {
        behind!(self, list_indexes())
    }

    pub(crate) async fn delete_index(&self, name: &str) -> Result<bool> {
        behind!(self, delete_index(name))
    }

    pub(crate) async fn job_status(&self, job_id: &str) -> Result<JobStatus> {
        behind!(self, job_status(job_id))
    }

    pub(crate) async fn versions(&self, name: &str) -> Result<Vec<VersionInfo>> {
        behind!(self, versions(name))
    }

    pub(crate) async fn restore(&self, name: &str, version: u64) -> Result<IndexInfo> {
        behind!(self, restore(name, version))
    }

    pub(crate) async fn query(
        &self,
        name: &str,
        text: &str,
        options: &QueryOptions,
    ) -> Result<Vec<ScoredDocument>> {
        behind!(self, query(name, text, options))
    }
}
