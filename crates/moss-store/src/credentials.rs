//! What a store keeps so that a service can tell who may do what: the secret that it signs with, the projects there are,
//! and the records of their keys. What stands in a record, and whom it lets in, is moss-cloud's.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use moss_core::Result;
use object_store::path::Path;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::key::{ProjectKeys, unescape};
use crate::local;
use crate::object::{Created, corrupt};
use crate::project::{ProjectStore, to_json};
use crate::store::Store;

/// Where the secret is.
const SECRET: &str = "service/secret";
/// Objects read at a time.
const IN_FLIGHT: usize = 16;

impl Store {
    /// Random bytes that all who open this store share, made by the first who asks.
    ///
    /// # Errors
    /// `CacheCorrupt` if they are not 32 bytes, `Io`.
    pub async fn secret(&self) -> Result<[u8; 32]> {
        let path = Path::from(SECRET);
        let secret = match self.objects.get(&path).await? {
            Some(secret) => secret,
            None => {
                let own = random_bytes();
                match self.objects.create(&path, Bytes::copy_from_slice(&own)).await? {
                    Created::New => return Ok(own),
                    Created::Exists => self.objects.get(&path).await?.unwrap_or_default(),
                }
            }
        };
        let found = secret.len();
        <[u8; 32]>::try_from(&secret[..])
            .map_err(|_| corrupt(&path, format_args!("has {found} bytes instead of 32")))
    }

    /// Reads one small object, whether it is there or not, to learn whether the store answers.
    ///
    /// # Errors
    /// `Io` if it does not.
    pub async fn check(&self) -> Result<()> {
        self.objects.get(&Path::from(SECRET)).await.map(drop)
    }

    /// The names of all projects that have objects, in no order: those that are being deleted too.
    ///
    /// # Errors
    /// `Io`.
    pub async fn project_names(&self) -> Result<Vec<String>> {
        let parts = self.objects.children(&ProjectKeys::all()).await?;
        let names: Vec<Option<String>> = stream::iter(parts)
            .map(|part| self.project_name(part))
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await?;
        Ok(names.into_iter().flatten().collect())
    }

    /// The name of the project under this prefix: in the prefix, or in an object there where the prefix is hashed.
    async fn project_name(&self, prefix: Path) -> Result<Option<String>> {
        let part = prefix.filename().unwrap_or_default();
        if let Some(name) = unescape(part) {
            return Ok(Some(name));
        }
        let body = self.objects.get(&ProjectKeys::name_under(&prefix)).await?;
        Ok(body.and_then(|body| String::from_utf8(body.into()).ok()))
    }
}

impl ProjectStore {
    /// Writes the project's record over what was there. For the rare change of it; a project is made by
    /// [`create_record`](ProjectStore::create_record).
    ///
    /// # Errors
    /// `Io`.
    pub async fn put_record<T: Serialize>(&self, record: &T) -> Result<()> {
        let path = self.keys.record();
        self.objects.put(&path, to_json(&path, record)?).await
    }

    /// Writes the record of a new key.
    ///
    /// # Errors
    /// `Io`; calling again is safe.
    pub async fn create_key<T: Serialize>(&self, key_id: &str, record: &T) -> Result<Created> {
        let path = self.keys.key(key_id);
        self.objects.create(&path, to_json(&path, record)?).await
    }

    /// The record of a key, `None` for an unknown one.
    ///
    /// # Errors
    /// `CacheCorrupt` if it is not such a record, `Io`.
    pub async fn key<T: DeserializeOwned>(&self, key_id: &str) -> Result<Option<T>> {
        self.read_json(&self.keys.key(key_id)).await
    }

    /// The ids and records of all keys, in no order.
    ///
    /// # Errors
    /// `CacheCorrupt` for what is not such a record, `Io`.
    pub async fn keys<T: DeserializeOwned>(&self) -> Result<Vec<(String, T)>> {
        let objects = self.objects.list(&self.keys.all_keys()).await?;
        // Gathered before the first await: the closure's lifetime would keep the future off threads.
        let ids: Vec<String> = objects
            .iter()
            .filter_map(|object| unescape(object.location.filename()?))
            .collect();
        let keys: Vec<Option<(String, T)>> = stream::iter(ids)
            .map(|id| async move { Ok(self.key(&id).await?.map(|record| (id, record))) })
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await?;
        Ok(keys.into_iter().flatten().collect())
    }

    /// Removes a key; that it is not there is fine.
    ///
    /// # Errors
    /// `Io`.
    pub async fn delete_key(&self, key_id: &str) -> Result<()> {
        self.objects.delete(&self.keys.key(key_id)).await
    }

    /// Removes all that belongs to the project: its keys first, so that nobody comes in any more, its record last, so that the
    /// name is taken as long as anything is left. What writers add meanwhile may stay.
    ///
    /// # Errors
    /// `Io`; calling again goes on.
    pub async fn delete_all(&self) -> Result<()> {
        let record = self.keys.record();
        self.objects.delete_under(&self.keys.all_keys(), None).await?;
        self.objects
            .delete_under(&self.keys.root(), Some(&record))
            .await?;
        self.objects.delete(&record).await?;
        local::remove_leftovers(self.directory.as_deref(), &self.keys.root())
    }
}

/// 244 bits from the system's random source, spread over 32 bytes.
fn random_bytes() -> [u8; 32] {
    Sha256::new()
        .chain_update(Uuid::new_v4())
        .chain_update(Uuid::new_v4())
        .finalize()
        .into()
}
