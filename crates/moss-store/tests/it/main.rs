//! The store as a whole: one suite over every kind of store, and each way in which a disk or a network fails.
#![allow(clippy::unwrap_used)] // helpers here stand outside of test functions

mod collecting;
mod credentials;
mod disk;
mod faults;
mod flaky;
mod kept;
mod project_suite;
mod suite;
mod writer;

use std::sync::Arc;

use moss_store::Store;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

/// A store and its bare objects, for damage.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// Removes the directory when the test ends.
    _directory: Option<tempfile::TempDir>,
}

async fn memory() -> Place {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    Place {
        store: Store::from_objects(Arc::clone(&objects)),
        objects,
        _directory: None,
    }
}

async fn directory() -> Place {
    let directory = tempfile::tempdir().unwrap();
    Place {
        store: Store::open(directory.path().to_str().unwrap()).unwrap(),
        objects: Arc::new(LocalFileSystem::new_with_prefix(directory.path()).unwrap()),
        _directory: Some(directory),
    }
}

suite::suite!(memory);
suite::suite!(directory);
