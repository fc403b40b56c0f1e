//! The store as a whole: one suite over every kind of store, and each way in which a disk or a network fails.
//!
//! The suite over S3 wants a server: scripts/test-stores starts one and sets `MOSS_TEST_S3` to the URL of a bucket.
#![allow(clippy::unwrap_used)] // helpers here stand outside of test functions

mod careless;
mod collecting;
mod credentials;
mod disk;
mod faults;
mod flaky;
mod housekeeping;
mod job_suite;
mod kept;
mod probe;
mod project_suite;
mod s3_server;
mod storm;
mod suite;
mod writer;

use std::sync::Arc;

use moss_store::Store;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use crate::s3_server::s3;

/// A store and its bare objects, for damage.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// Removes the directory when the test ends.
    _directory: Option<tempfile::TempDir>,
}

async fn memory() -> Option<Place> {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    Some(Place {
        store: Store::from_objects(Arc::clone(&objects)),
        objects,
        _directory: None,
    })
}

async fn directory() -> Option<Place> {
    let directory = tempfile::tempdir().unwrap();
    Some(Place {
        store: Store::open(directory.path().to_str().unwrap()).unwrap(),
        objects: Arc::new(LocalFileSystem::new_with_prefix(directory.path()).unwrap()),
        _directory: Some(directory),
    })
}

suite::suite!(memory);
suite::suite!(directory);
suite::suite!(s3);
