//! Who may open a project: keys, tokens made from them, and grants for what a client brings back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moss_core::{Error, ErrorKind, Result};
use moss_store::{Created, ProjectStore};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::grant::Signer;
use crate::key::{Key, ProjectRecord, check_credential, id_in, refused};
use crate::time::now_ms;
use crate::{Cloud, Project};

/// How long a token opens its project: an hour.
pub const TOKEN_TTL: Duration = Duration::from_secs(3600);
/// What a token is signed as.
const TOKEN: &str = "token";

/// Opens one project for an hour, or until the key that it was made with is revoked.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Goes into `Authorization: Bearer`.
    pub token: String,
    /// Seconds: 3600.
    pub expires_in: u64,
}

/// Without the token, which would open the project.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expires_in = &self.expires_in;
        f.debug_struct("Token")
            .field("expires_in", expires_in)
            .finish_non_exhaustive()
    }
}

/// A value for whoever may do what the purpose says in a project.
#[derive(Serialize, Deserialize)]
struct Claims<T> {
    project: String,
    /// The key that opened the project; the grant ends with it.
    key: String,
    value: T,
}

impl Cloud {
    /// The project of this id, which `key` opens. An id that nobody registered is registered with its key now.
    ///
    /// For a store that is opened in process, where whoever can call this can read the store anyway. Asks the store
    /// each time.
    ///
    /// # Errors
    /// `Unauthorized` for a key that is none of the project's; `InvalidArgument` for an empty or oversized id or key.
    pub async fn project(self: &Arc<Self>, id: &str, key: &str) -> Result<Project> {
        self.keys().forget(id);
        let (store, known) = self.key(id, key).await?;
        if let Some(known) = known {
            return Ok(self.opened(id, store, known.id));
        }
        let record = match store.record().await? {
            Some(record) => record,
            None => register(&store, key).await?,
        };
        match record.first_key().filter(|first| first.record.is_of(key)) {
            Some(first) => Ok(self.opened(id, store, first.id)),
            None => Err(refused(id)),
        }
    }

    /// The project of this id, which `key` opens. Never registers anything. What this process knows of a key is at most
    /// a few seconds old: a key that another process revoked opens nothing after five seconds.
    ///
    /// # Errors
    /// `Unauthorized`, the same for a wrong key and for a project that is not there; `InvalidArgument` for an empty or
    /// oversized id or key.
    pub async fn project_by_key(self: &Arc<Self>, id: &str, key: &str) -> Result<Project> {
        match self.key(id, key).await? {
            (store, Some(known)) => Ok(self.opened(id, store, known.id)),
            (_, None) => Err(refused(id)),
        }
    }

    /// The project of this id, which a token of [`issue_token`](Cloud::issue_token) opens, of any replica over this store.
    ///
    /// # Errors
    /// `Unauthorized` for a token that was forged, is another project's, expired, was issued by a clock over a minute
    /// ahead, or was made with a key that is revoked by now.
    pub async fn project_by_token(self: &Arc<Self>, id: &str, token: &str) -> Result<Project> {
        let (project, ()) = self.project_by_grant(TOKEN, token).await?;
        if project.id() == id {
            return Ok(project);
        }
        Err(Error::new(
            ErrorKind::Unauthorized,
            format!("the token is not for project {id:?}"),
        ))
    }

    /// The project and the value of a grant that [`grant`](Cloud::grant) made for this very purpose.
    ///
    /// # Errors
    /// `Unauthorized` as for [`verify`](Cloud::verify), and if the key that opened the project is revoked by now.
    pub async fn project_by_grant<T: DeserializeOwned>(
        self: &Arc<Self>,
        purpose: &str,
        grant: &str,
    ) -> Result<(Project, T)> {
        let claims: Claims<T> = self.verify(purpose, grant).await?;
        let store = self.store().project(&claims.project)?;
        let known = self
            .keys()
            .get(&store, &claims.project, Some(&claims.key))
            .await?;
        let known = known.ok_or_else(|| {
            Error::new(
                ErrorKind::Unauthorized,
                format!("the key that the {purpose} was made with is revoked"),
            )
        })?;
        Ok((self.opened(&claims.project, store, known.id), claims.value))
    }

    /// Whether the key that opened a project still does; known as for [`project_by_key`](Cloud::project_by_key).
    ///
    /// # Errors
    /// `CacheCorrupt`, `Io`.
    pub async fn is_open(&self, project: &Project) -> Result<bool> {
        let key = self
            .keys()
            .get(&project.store, project.id(), Some(project.key_id()));
        Ok(key.await?.is_some())
    }

    /// A token for a project, which stands for the key that opened it.
    ///
    /// # Errors
    /// `Io` if the store's secret cannot be read.
    pub async fn issue_token(&self, project: &Project) -> Result<Token> {
        Ok(Token {
            token: self.grant(project, TOKEN, (), TOKEN_TTL).await?,
            expires_in: TOKEN_TTL.as_secs(),
        })
    }

    /// As [`sign`](Cloud::sign), for one project: [`project_by_grant`](Cloud::project_by_grant) opens it and takes the
    /// value back, for `ttl` from now on or until the key that opened `project` is revoked.
    ///
    /// # Errors
    /// Those of [`sign`](Cloud::sign).
    pub async fn grant<T: Serialize + Sync + Send>(
        &self,
        project: &Project,
        purpose: &str,
        value: T,
        ttl: Duration,
    ) -> Result<String> {
        let claims = Claims {
            project: project.id().to_owned(),
            key: project.key_id().to_owned(),
            value,
        };
        self.sign(purpose, &claims, ttl).await
    }

    /// A text that carries `value`, signed so that [`verify`](Cloud::verify) of any replica over this store takes it back
    /// for `ttl` from now on. Fit for URLs. Not encrypted. `purpose` is a noun, as `upload URL`: it stands in messages.
    ///
    /// # Errors
    /// `Internal` for a value that is no JSON, `Io` if the store's secret cannot be read.
    pub async fn sign<T: Serialize + Sync>(&self, purpose: &str, value: &T, ttl: Duration) -> Result<String> {
        self.signer().await?.sign(purpose, value, now_ms(), ttl)
    }

    /// The value of a grant that [`sign`](Cloud::sign) made for this very purpose.
    ///
    /// # Errors
    /// `Unauthorized` if it was forged, is for another purpose, expired, or was issued by a clock over a minute ahead.
    pub async fn verify<T: DeserializeOwned>(&self, purpose: &str, grant: &str) -> Result<T> {
        self.signer().await?.verify(purpose, grant, now_ms())
    }

    /// Reads something small, to learn whether the store can be reached.
    ///
    /// # Errors
    /// `Io`.
    pub async fn check_store(&self) -> Result<()> {
        self.store().check().await
    }

    async fn signer(&self) -> Result<&Signer> {
        self.signer_cell()
            .get_or_try_init(async || Ok(Signer::new(self.store().secret().await?)))
            .await
    }

    /// The key of the project that this text is, if it is one.
    async fn key(&self, id: &str, key: &str) -> Result<(ProjectStore, Option<Key>)> {
        check_credential("project id", id)?;
        check_credential("project key", key)?;
        let store = self.store().project(id)?;
        let is_it = |known: &Key| known.record.is_of(key);
        if let Some(key_id) = id_in(key)
            && let Some(known) = self.keys().get(&store, id, Some(key_id)).await?.filter(is_it)
        {
            return Ok((store, Some(known)));
        }
        // A key of first use is any text, even one that looks as if it were made here.
        let first = self.keys().get(&store, id, None).await?.filter(is_it);
        Ok((store, first))
    }
}

/// Registers a project, unless somebody else does at this very moment.
async fn register(store: &ProjectStore, key: &str) -> Result<ProjectRecord> {
    let record = ProjectRecord::of_key(key, now_ms());
    match store.create_record(&record).await? {
        Created::New => Ok(record),
        Created::Exists => store.record().await?.ok_or_else(|| {
            Error::new(
                ErrorKind::Io,
                "the record of the project vanished while it was read",
            )
        }),
    }
}
