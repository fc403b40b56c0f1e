//! Opening a store by its URL.

use std::collections::HashMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use moss_core::{Error, ErrorKind, Result};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use url::Url;

use crate::key::ProjectKeys;
use crate::local;
use crate::object::Objects;
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
    /// Opens the store of that URL.
    ///
    /// | URL | Store |
    /// | --- | --- |
    /// | a path, or `file:///absolute/path` | that directory, made if it is not there; every write is synced |
    /// | `memory://name` | memory of this process, the same for the same name |
    ///
    /// # Errors
    /// `InvalidArgument` for any other URL, buckets included, which come with the service. `Io` if the directory cannot be
    /// made or read.
    ///
    /// # Example: a bucket is refused
    /// ```
    /// # use moss_store::Store;
    /// assert!(Store::open("memory://docs").is_ok());
    /// let error = Store::open("s3://bucket").unwrap_err();
    /// assert!(error.to_string().contains("s3"));
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
            "s3" | "gs" | "az" => Err(invalid(format!(
                "store {url:?}: buckets ({scheme}) come with the service"
            ))),
            other => Err(invalid(format!("store {url:?}: unknown scheme {other:?}"))),
        }
    }

    /// A store over any object storage that has create-if-absent and lists what it has just written.
    pub fn from_objects(objects: Arc<dyn ObjectStore>) -> Store {
        Store {
            objects: Objects::new(objects),
            directory: None,
        }
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
            objects: Objects::new(Arc::new(objects.with_fsync(true))),
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
