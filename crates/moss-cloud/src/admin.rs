//! Projects and their keys, as whoever runs the store manages them. Nothing here asks for credentials.

use std::fmt;
use std::time::Duration;

use futures::future::try_join_all;
use moss_core::{Error, ErrorKind, Result};
use moss_store::{Created, Housekeeping, ProjectStore, Retention};

use crate::Cloud;
use crate::key::{Key, KeyRecord, ProjectRecord, check_credential, new_key, random_hex};
use crate::time::{iso, now_ms};

/// After so long a removed key opens nothing in any process.
const REVOKED_AFTER: Duration = Duration::from_secs(5);
/// Projects looked at together.
const PARALLEL_READS: usize = 8;

/// A key that was just made. This is the only time that it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The project that it opens.
    pub project_id: String,
    /// Names the key, for [`Cloud::revoke_key`]; no secret.
    pub key_id: String,
    /// The key.
    pub key: String,
}

/// Without the key.
impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey")
            .field("project_id", &self.project_id)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectInfo {
    /// Its id.
    pub id: String,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// The keys that open it, oldest first.
    pub keys: Vec<KeyInfo>,
}

/// A key, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id.
    pub id: String,
    /// ISO 8601, UTC.
    pub created_at: String,
}

impl Cloud {
    /// Proves that the store can be trusted with pushes, see [`Store::probe`](moss_store::Store::probe).
    ///
    /// # Errors
    /// `InvalidArgument` saying what the store does wrong; `Network`, `Io`.
    pub async fn probe(&self) -> Result<()> {
        self.store().probe().await
    }

    /// Collects what nobody needs any more, see [`Store::keep_house`](moss_store::Store::keep_house).
    pub async fn keep_house(&self) -> Housekeeping {
        self.store().keep_house(&Retention::default()).await
    }

    /// Makes a project with one key; without an id, under a random one.
    ///
    /// # Errors
    /// `Conflict` if there is a project of that id, `InvalidArgument` for a bad id, `Io`.
    pub async fn create_project(&self, id: Option<&str>) -> Result<NewKey> {
        let id = id.map_or_else(random_hex, str::to_owned);
        check_credential("project id", &id)?;
        let store = self.store().project(&id)?;
        match store.create_record(&ProjectRecord::without_key(now_ms())).await? {
            Created::New => add_key(&store, id).await,
            Created::Exists => Err(Error::new(
                ErrorKind::Conflict,
                format!("project {id:?} exists, choose another id or rotate its key"),
            )),
        }
    }

    /// All projects, by id.
    ///
    /// # Errors
    /// `CacheCorrupt`, `Io`.
    pub async fn list_projects(&self) -> Result<Vec<ProjectInfo>> {
        let ids = self.store().project_names().await?;
        let mut projects = Vec::with_capacity(ids.len());
        for ids in ids.chunks(PARALLEL_READS) {
            let infos = try_join_all(ids.iter().map(|id| self.project_info(id))).await?;
            projects.extend(infos.into_iter().flatten());
        }
        projects.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(projects)
    }

    /// Makes a new key for a project. The others open nothing from now on, in other replicas after at most five seconds;
    /// with `keep_old` they stay good until they are revoked.
    ///
    /// # Errors
    /// `InvalidArgument` if there is no such project, `Io`.
    pub async fn rotate_key(&self, project: &str, keep_old: bool) -> Result<NewKey> {
        let (store, record) = self.existing(project).await?;
        let old = keys(&store, &record).await?;
        let new = add_key(&store, project.to_owned()).await?;
        if !keep_old {
            for key in old {
                self.remove_key(&store, project, &key.id).await?;
            }
        }
        Ok(new)
    }

    /// Revokes a key and the tokens made with it: they open nothing from now on, in other replicas after at most five
    /// seconds. The last key of a project can be revoked as well; [`rotate_key`](Cloud::rotate_key) makes a new one.
    ///
    /// # Errors
    /// `InvalidArgument` if there is no such project or it has no such key, `Io`.
    pub async fn revoke_key(&self, project: &str, key_id: &str) -> Result<()> {
        let (store, record) = self.existing(project).await?;
        let known = keys(&store, &record).await?;
        if !known.iter().any(|key| key.id == key_id) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("project {project:?} has no key {key_id:?}"),
            ));
        }
        self.remove_key(&store, project, key_id).await
    }

    /// Removes a project with its keys, indexes and jobs. Nobody can open it from the start of this; what fails half way
    /// is finished by calling again. Takes five seconds and more, since other replicas may know a key for so long; a writer at
    /// work for longer than that may still leave objects behind.
    ///
    /// # Errors
    /// `InvalidArgument` if there is no such project, `Io`.
    pub async fn delete_project(&self, id: &str) -> Result<()> {
        let (store, record) = self.existing(id).await?;
        for key in keys(&store, &record).await? {
            self.remove_key(&store, id, &key.id).await?;
        }
        // Until then other replicas may let a writer in, whose objects nobody would remove.
        tokio::time::sleep(REVOKED_AFTER).await;
        store.delete_all().await
    }

    async fn project_info(&self, id: &str) -> Result<Option<ProjectInfo>> {
        let store = self.store().project(id)?;
        let Some(record) = store.record::<ProjectRecord>().await? else {
            // It is being deleted.
            return Ok(None);
        };
        let mut keys = keys(&store, &record).await?;
        keys.sort_unstable_by(|a, b| (a.record.created_at, &a.id).cmp(&(b.record.created_at, &b.id)));
        let keys = keys.into_iter().map(|key| KeyInfo {
            id: key.id,
            created_at: iso(key.record.created_at),
        });
        Ok(Some(ProjectInfo {
            id: id.to_owned(),
            created_at: iso(record.created_at),
            keys: keys.collect(),
        }))
    }

    async fn existing(&self, id: &str) -> Result<(ProjectStore, ProjectRecord)> {
        check_credential("project id", id)?;
        let store = self.store().project(id)?;
        match store.record().await? {
            Some(record) => Ok((store, record)),
            None => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("no project {id:?}"),
            )),
        }
    }

    /// Removes a key that is there, or was until just now.
    async fn remove_key(&self, store: &ProjectStore, project: &str, key_id: &str) -> Result<()> {
        let record: Option<ProjectRecord> = store.record().await?;
        match record.filter(|record| record.first_key().is_some_and(|first| first.id == key_id)) {
            Some(record) => store.put_record(&record.revoked()).await?,
            None => store.delete_key(key_id).await?,
        }
        self.keys().forget(project);
        Ok(())
    }
}

async fn add_key(store: &ProjectStore, project_id: String) -> Result<NewKey> {
    let (key_id, key) = new_key();
    match store.create_key(&key_id, &KeyRecord::new(&key, now_ms())).await? {
        Created::New => Ok(NewKey {
            project_id,
            key_id,
            key,
        }),
        Created::Exists => Err(Error::new(
            ErrorKind::Internal,
            format!("key id {key_id} was drawn twice"),
        )),
    }
}

/// All keys of a project, in no order.
async fn keys(store: &ProjectStore, record: &ProjectRecord) -> Result<Vec<Key>> {
    let own = store.keys().await?.into_iter();
    let own = own.map(|(id, record)| Key { id, record });
    Ok(own.chain(record.first_key()).collect())
}
