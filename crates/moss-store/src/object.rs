//! The few things that Moss asks of an object store, with Moss's errors.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use moss_core::{Error, ErrorKind, Result};
use object_store::client::HttpError;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::signer::{Method, Signer};
use object_store::{GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode};
use url::Url;

use crate::{file, local};

/// How often an object is created that the store says is there and then shows none.
const CREATE_TRIES: u32 = 4;
/// Before the second try; the third waits twice as long, and so on.
const CREATE_PAUSE: Duration = Duration::from_millis(50);

/// What create-if-absent did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The object is there with the given bytes.
    New,
    /// Somebody was there before with other bytes.
    Exists,
}

/// An object store. Every write is durable when it returns.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    inner: Arc<dyn ObjectStore>,
    /// Signs URLs of objects, given their whole path in the bucket.
    signer: Option<(Arc<dyn Signer>, Path)>,
    names: Names,
}

/// How names are read where nothing else is asked of their objects.
#[derive(Clone)]
enum Names {
    /// From the directories under this one, without a look at any file.
    Directory(PathBuf),
    /// From pages in the order of names, under this path in the bucket.
    Pages(Arc<dyn PaginatedListStore>, Path),
    /// From whole lists.
    Lists,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Names::Directory(_) => "Directory",
            Names::Pages(..) => "Pages",
            Names::Lists => "Lists",
        })
    }
}

impl Objects {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>) -> Objects {
        Objects {
            inner,
            signer: None,
            names: Names::Lists,
        }
    }

    /// What lies in a directory of this machine, which `inner` reads and writes.
    pub(crate) fn of_directory(inner: Arc<dyn ObjectStore>, directory: PathBuf) -> Objects {
        Objects {
            names: Names::Directory(directory),
            ..Objects::new(inner)
        }
    }

    /// What lies under `root` in a bucket.
    pub(crate) fn of_bucket<T>(bucket: Arc<T>, root: Path) -> Objects
    where
        T: ObjectStore + Signer + PaginatedListStore,
    {
        let signer: Arc<dyn Signer> = Arc::clone(&bucket) as _;
        let names = Names::Pages(Arc::clone(&bucket) as _, root.clone());
        let inner: Arc<dyn ObjectStore> = match root.is_root() {
            true => bucket,
            false => Arc::new(PrefixStore::new(bucket, root.clone())),
        };
        Objects {
            inner,
            signer: Some((signer, root)),
            names,
        }
    }

    /// A URL that reads the object for so long, `None` if the store cannot sign.
    pub(crate) async fn sign_get(&self, path: &Path, ttl: Duration) -> Result<Option<Url>> {
        let Some((signer, root)) = &self.signer else {
            return Ok(None);
        };
        let whole = root.parts().chain(path.parts()).collect();
        let signed = signer.signed_url(Method::GET, &whole, ttl).await;
        signed.map(Some).map_err(|error| failed("signing", path, &error))
    }

    /// The whole object, `None` if there is none.
    pub(crate) async fn get(&self, path: &Path) -> Result<Option<Bytes>> {
        let read = async {
            let object = self.inner.get(path).await?;
            match object.payload {
                GetResultPayload::File(file, _) => read_file(file).await,
                GetResultPayload::Stream(_) => object.bytes().await,
            }
        };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("reading", path, &error)),
        }
    }

    /// Whether there is such an object.
    pub(crate) async fn exists(&self, path: &Path) -> Result<bool> {
        Ok(self.size(path).await?.is_some())
    }

    /// How many bytes the object has, `None` if there is none.
    pub(crate) async fn size(&self, path: &Path) -> Result<Option<u64>> {
        Ok(self.meta(path).await?.map(|object| object.size))
    }

    /// When the object was written, by the store's time; `None` if there is none.
    pub(crate) async fn written(&self, path: &Path) -> Result<Option<DateTime<Utc>>> {
        Ok(self.meta(path).await?.map(|object| object.last_modified))
    }

    async fn meta(&self, path: &Path) -> Result<Option<ObjectMeta>> {
        match self.inner.head(path).await {
            Ok(object) => Ok(Some(object)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("looking for", path, &error)),
        }
    }

    /// The whole object and when it was written, by the store's time; `None` if there is none.
    pub(crate) async fn get_dated(&self, path: &Path) -> Result<Option<(Bytes, DateTime<Utc>)>> {
        let read = async {
            let object = self.inner.get(path).await?;
            let written = object.meta.last_modified;
            Ok((object.bytes().await?, written))
        };
        match read.await {
            Ok(dated) => Ok(Some(dated)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("reading", path, &error)),
        }
    }

    /// Writes the object, over what was there.
    pub(crate) async fn put(&self, path: &Path, bytes: Bytes) -> Result<()> {
        let put = self.inner.put(path, bytes.into()).await;
        put.map(drop).map_err(|error| failed("writing", path, &error))
    }

    /// Writes the object unless there is one with other bytes.
    ///
    /// An answer may be lost after the store did its work, and a store's client may try again by itself and then meet its
    /// own object. So whatever is not a plain success is settled by reading: our bytes there means done.
    pub(crate) async fn create(&self, path: &Path, bytes: Bytes) -> Result<Created> {
        let mut tries = 0;
        loop {
            let payload = bytes.clone().into();
            let put = self.inner.put_opts(path, payload, PutMode::Create.into());
            let Err(error) = put.await else {
                return Ok(Created::New);
            };
            tries += 1;
            match self.get(path).await {
                Ok(Some(there)) if there == bytes => {
                    self.sync(path).await?;
                    return Ok(Created::New);
                }
                Ok(Some(_)) => return Ok(Created::Exists),
                // Its owner has removed it since, or S3 answered 409: two requests met and neither was done.
                Ok(None)
                    if matches!(error, object_store::Error::AlreadyExists { .. }) && tries < CREATE_TRIES =>
                {
                    tokio::time::sleep(CREATE_PAUSE * tries).await;
                }
                Ok(None) | Err(_) => return Err(failed("creating", path, &error)),
            }
        }
    }

    /// Makes sure that an object which can be seen is on the disk, where what failed may have been just that.
    async fn sync(&self, path: &Path) -> Result<()> {
        let Names::Directory(root) = &self.names else {
            return Ok(());
        };
        let file = root.join(path.as_ref());
        self.on_disk("syncing", path, move || local::sync(&file)).await
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        action: &str,
        path: &Path,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(io::Error::other)
            .flatten()
            .map_err(|error| Error::new(ErrorKind::Io, format!("{action} {path}: {error}")))
    }

    /// The numbers that `read` finds in the names directly under a prefix, in no order.
    pub(crate) async fn numbers(&self, prefix: &Path, read: fn(&str) -> Option<u64>) -> Result<Vec<u64>> {
        let Names::Directory(root) = &self.names else {
            let listed = self.list(prefix).await?;
            let names = listed.iter().filter_map(|object| object.location.filename());
            return Ok(names.filter_map(read).collect());
        };
        let directory = root.join(prefix.as_ref());
        self.on_disk("listing", prefix, move || local::numbers(&directory, read))
            .await
    }

    /// The greatest of these numbers, where names ascend as their numbers fall: the first name of a bucket's list.
    pub(crate) async fn greatest(&self, prefix: &Path, read: fn(&str) -> Option<u64>) -> Result<Option<u64>> {
        let Names::Pages(bucket, root) = &self.names else {
            return Ok(self.numbers(prefix, read).await?.into_iter().max());
        };
        let whole: Path = root.parts().chain(prefix.parts()).collect();
        let whole = format!("{whole}/");
        let mut page_token = None;
        loop {
            let options = PaginatedListOptions {
                max_keys: Some(1),
                page_token,
                ..PaginatedListOptions::default()
            };
            let page = bucket.list_paginated(Some(&whole), options).await;
            let page = page.map_err(|error| failed("listing", prefix, &error))?;
            let objects = page.result.objects.iter();
            let names = objects.filter_map(|object| object.location.filename());
            let found = names.filter_map(read).max();
            page_token = page.page_token;
            // A page may be empty though more follow, or hold a name that is no number.
            if found.is_some() || page_token.is_none() {
                return Ok(found);
            }
        }
    }

    /// The store's time: that of an object written just now.
    pub(crate) async fn now(&self, clock: &Path) -> Result<DateTime<Utc>> {
        self.put(clock, Bytes::new()).await?;
        let written = self.inner.head(clock).await;
        written
            .map(|object| object.last_modified)
            .map_err(|error| failed("reading", clock, &error))
    }

    /// All objects under a prefix, in no order.
    pub(crate) async fn list(&self, prefix: &Path) -> Result<Vec<ObjectMeta>> {
        let all = self.inner.list(Some(prefix)).try_collect().await;
        all.map_err(|error| failed("listing", prefix, &error))
    }

    /// Objects under a prefix as the store pages through them.
    pub(crate) fn stream(
        &self,
        prefix: &Path,
    ) -> impl futures::Stream<Item = Result<ObjectMeta>> + Send + use<> {
        let prefix = prefix.clone();
        self.inner
            .list(Some(&prefix))
            .map_err(move |error| failed("listing", &prefix, &error))
    }

    /// What stands one level under a prefix and has objects under itself.
    pub(crate) async fn children(&self, prefix: &Path) -> Result<Vec<Path>> {
        let listed = self.inner.list_with_delimiter(Some(prefix)).await;
        listed
            .map(|listed| listed.common_prefixes)
            .map_err(|error| failed("listing", prefix, &error))
    }

    /// Removes all objects under a prefix but `kept`, many with one request where the store can.
    pub(crate) async fn delete_under(&self, prefix: &Path, kept: Option<&Path>) -> Result<()> {
        let kept = kept.cloned();
        let found = self.inner.list(Some(prefix)).map_ok(|object| object.location);
        let doomed = found.try_filter(move |path| std::future::ready(kept.as_ref() != Some(path)));
        let mut deleted = self.inner.delete_stream(doomed.boxed());
        while let Some(answer) = deleted.next().await {
            match answer {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed("deleting", prefix, &error)),
            }
        }
        Ok(())
    }

    /// Removes the object; that it is not there is fine.
    pub(crate) async fn delete(&self, path: &Path) -> Result<()> {
        match self.inner.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed("deleting", path, &error)),
        }
    }
}

async fn read_file(file: File) -> object_store::Result<Bytes> {
    let read = tokio::task::spawn_blocking(|| file::read(file));
    let failed = |source| object_store::Error::Generic {
        store: "directory",
        source,
    };
    match read.await {
        Ok(bytes) => bytes.map_err(|error| failed(error.into())),
        Err(error) => Err(failed(error.into())),
    }
}

/// An error that names the object and what the system said, which stands at the end of the chain of causes. `Network` where a
/// bucket was not reached or did not answer, `Io` where it, or a disk, refused.
fn failed(action: &str, path: &Path, error: &object_store::Error) -> Error {
    let mut kind = ErrorKind::Io;
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
        if cause.is::<HttpError>() {
            kind = ErrorKind::Network;
        }
    }
    Error::new(
        kind,
        format!("{action} {path}: {}", without_markup(&cause.to_string())),
    )
}

pub(crate) fn corrupt(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::CacheCorrupt, format!("{path}: {what}"))
}

/// A service's refusal with the code in its XML instead of the XML, which is long and may repeat the request.
fn without_markup(message: &str) -> String {
    let Some((words, markup)) = message.split_once('<') else {
        return message.to_owned();
    };
    let code = markup
        .split_once("<Code>")
        .and_then(|(_, code)| code.split_once('<'));
    match code {
        Some((code, _)) => format!("{words}{code}"),
        None => words.trim_end_matches([':', ' ']).to_owned(),
    }
}
