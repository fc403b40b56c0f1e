//! Opening a store by its URL.

use std::collections::HashMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use moss_core::{Error, ErrorKind, Result};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use url::Url;

use crate::bucket;
use crate::garbage::Retention;
use crate::housekeeping::{Housekeeping, keep_house};
use crate::key::ProjectKeys;
use crate::local;
use crate::object::Objects;
use crate::probe;
use crate::project::ProjectStore;

/// Memory stores of this process by name. They live as long as the process does.
static MEMORY: LazyLock<Mutex<HashMap<String, Arc<InMemory>>>> = LazyLock::new(Mutex::default);

/// Where projects and their indexes are kept. A cheap handle, shared by cloning.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) objects: Objects,
    /// The directory of a local store.
    directory: Option<PathBuf>,
}

impl Store {
    /// Opens the store of that URL. No request is made to a bucket yet: [`probe`](Store::probe) is the first.
    ///
    /// | URL | Store | From the environment |
    /// | --- | --- | --- |
    /// | a path, or `file:///absolute/path` | that directory, made if it is not there; every write is synced | |
    /// | `memory://name` | memory of this process, the same for the same name | |
    /// | `s3://bucket[/prefix]` | S3 and what speaks its protocol | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`; elsewhere than at AWS `AWS_ENDPOINT`, and `AWS_ALLOW_HTTP=true` without TLS |
    /// | `gs://bucket[/prefix]` | Google Cloud Storage | `GOOGLE_SERVICE_ACCOUNT` (a file) or `GOOGLE_SERVICE_ACCOUNT_KEY` (its content), or `GOOGLE_APPLICATION_CREDENTIALS` |
    /// | `az://container[/prefix]` | Azure Blob Storage | `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY` |
    ///
    /// Without credentials in the environment a bucket asks the machine's own identity. `AWS_TIMEOUT` and
    /// `AWS_CONNECT_TIMEOUT` (`GOOGLE_`, `AZURE_`) limit each try of a request, 64 s and 5 s by default; all settings are in
    /// docs/stores.md of the repository.
    ///
    /// # Errors
    /// `InvalidArgument` for any other URL and for settings that a bucket cannot be opened with. `Io` if the directory cannot
    /// be made or read.
    ///
    /// # Example: credentials do not belong into a URL
    /// ```
    /// # use moss_store::Store;
    /// assert!(Store::open("s3://bucket/team-a").is_ok());
    /// let error = Store::open("s3://key:secret@bucket").unwrap_err();
    /// assert!(error.to_string().contains("environment") && !error.to_string().contains("secret"));
    /// ```
    pub fn open(url: &str) -> Result<Store> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Store::open_directory(FilePath::new(url));
        };
        match scheme {
            "memory" => {
                let mut stores = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
                let objects = Arc::clone(stores.entry(rest.to_owned()).or_default());
                Ok(Store::from_objects(objects))
            }
            "file" => {
                let path = Url::parse(url).ok().and_then(|url| url.to_file_path().ok());
                let path = path.ok_or_else(|| invalid(format!("store {url:?} is not a file URL")))?;
                Store::open_directory(&path)
            }
            _ => Ok(Store {
                objects: bucket::open(scheme, rest)?,
                directory: None,
            }),
        }
    }

    /// A store over any object storage that has create-if-absent and lists what it has just written.
    pub fn from_objects(objects: Arc<dyn ObjectStore>) -> Store {
        Store {
            objects: Objects::new(objects),
            directory: None,
        }
    }

    /// Proves that the store keeps what pushes rest on: of many who create one object at the same time exactly one succeeds, and
    /// what is written is listed and read at once. A service calls it before it serves. Takes about 150 requests, most of
    /// them 16 at a time, and leaves nothing behind.
    ///
    /// # Errors
    /// `InvalidArgument` saying what the store does wrong and what to use instead; pushes to it would be lost. `Network` or
    /// `Io` if it cannot be reached or refuses a request.
    pub async fn probe(&self) -> Result<()> {
        probe::probe(&self.objects, self.directory.as_deref()).await
    }

    /// Collects what nobody needs any more in all projects: versions and segments of indexes that nobody writes to, deleted
    /// ones above all, finished jobs and their payloads.
    ///
    /// For a service to call now and then, hourly say; any number of replicas may at the same time, beside all writers. It costs
    /// four requests per index, 16 indexes at a time, and more where there is something to collect. What fails is logged and
    /// counted, and the rest goes on.
    pub async fn keep_house(&self, retention: &Retention) -> Housekeeping {
        keep_house(self, retention).await
    }

    fn open_directory(path: &FilePath) -> Result<Store> {
        if path.as_os_str().is_empty() {
            return Err(invalid("store path must not be empty"));
        }
        let failed = |cause: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Io, format!("store {}: {cause}", path.display()))
        };
        local::create_directory(path).map_err(|error| failed(&error))?;
        let directory = path.canonicalize().map_err(|error| failed(&error))?;
        let objects = LocalFileSystem::new_with_prefix(&directory).map_err(|error| failed(&error))?;
        Ok(Store {
            objects: Objects::of_directory(Arc::new(objects.with_fsync(true)), directory.clone()),
            directory: Some(directory),
        })
    }

    /// The part of the store that belongs to a project. Does no I/O.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that is empty, longer than 256 bytes or holds control characters.
    pub fn project(&self, name: &str) -> Result<ProjectStore> {
        let keys = ProjectKeys::new(name)?;
        Ok(ProjectStore::new(
            self.objects.clone(),
            self.directory.clone(),
            name.to_owned(),
            keys,
        ))
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}
