//! Downloads kept in a folder: `cache_path`.

use std::fs;
use std::path::{Path, PathBuf};

use moss::{Client, ErrorKind, LoadOptions, QueryOptions};

use crate::support::doc;

/// A store and a cache on disk.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With an index `docs` of one document.
    async fn new() -> Place {
        let place = Place {
            folder: tempfile::tempdir().unwrap(),
        };
        place.create("a").await;
        place
    }

    async fn create(&self, id: &str) {
        let client = self.client();
        let made = client.create_index("docs", vec![doc(id, "one")], None);
        made.await.unwrap();
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// A client that has nothing in memory.
    fn client(&self) -> Client {
        Client::with_base_url("project", "key", self.store().to_str().unwrap()).unwrap()
    }

    fn options(&self) -> LoadOptions {
        LoadOptions::new().cache_path(self.cache())
    }

    /// Loads the index through the cache by a new client.
    async fn load(&self) -> moss::Result<Client> {
        let client = self.client();
        client.load_index("docs", &self.options()).await?;
        Ok(client)
    }

    /// Puts a file where the store was.
    fn take_the_store_away(&self) {
        fs::remove_dir_all(self.store()).unwrap();
        fs::write(self.store(), "").unwrap();
    }
}

/// The ids of all documents.
fn ids(client: &Client) -> Vec<String> {
    let options = QueryOptions::new().embedding(vec![1.0, 1.0]);
    let mut ids: Vec<String> = client
        .query("docs", "one", &options)
        .unwrap()
        .docs
        .into_iter()
        .map(|doc| doc.id)
        .collect();
    ids.sort();
    ids
}

/// The files below a folder whose names end so.
fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, suffix));
        } else if path.to_str().unwrap().ends_with(suffix) {
            found.push(path);
        }
    }
    found
}

fn flip_last_byte(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn what_is_kept_of_the_newest_version_is_not_fetched_again() {
    let place = Place::new().await;
    place.load().await.unwrap();
    let added = place.client();
    let options = moss::AddOptions::new();
    added
        .add_docs("docs", vec![doc("b", "one")], &options)
        .await
        .unwrap();
    let kept: Vec<_> = files(&place.cache(), ".seg");
    for segment in files(&place.store(), ".seg") {
        if kept.iter().any(|kept| kept.file_name() == segment.file_name()) {
            fs::remove_file(segment).unwrap();
        }
    }
    // The old segment comes from the folder, the new one from the store.
    assert_eq!(ids(&place.load().await.unwrap()), ["a", "b"]);
    for segment in files(&place.store(), ".seg") {
        fs::remove_file(segment).unwrap();
    }
    assert_eq!(ids(&place.load().await.unwrap()), ["a", "b"]);
    let fetched = place.client();
    let error = fetched.load_index("docs", &LoadOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
}

#[tokio::test]
async fn the_kept_version_serves_while_the_store_cannot_be_reached() {
    let place = Place::new().await;
    let client = place.load().await.unwrap();
    let options = moss::AddOptions::new();
    client
        .add_docs("docs", vec![doc("b", "one")], &options)
        .await
        .unwrap();
    assert!(client.refresh_index("docs").await.unwrap().was_updated);
    drop(client);
    place.take_the_store_away();
    let offline = place.load().await.unwrap();
    assert_eq!(ids(&offline), ["a", "b"]);
    assert_eq!(offline.loaded_info("docs").unwrap().doc_count, 2);
    // The copy goes on when it is asked to look for a newer one.
    assert_eq!(
        offline.refresh_index("docs").await.unwrap_err().kind(),
        ErrorKind::Io
    );
    assert_eq!(ids(&offline), ["a", "b"]);

    let never_loaded = offline.load_index("other", &place.options()).await;
    assert_eq!(never_loaded.unwrap_err().kind(), ErrorKind::Io);
    let not_kept = offline.load_index("docs", &LoadOptions::new()).await;
    assert_eq!(not_kept.unwrap_err().kind(), ErrorKind::Io);
    let url = place.store();
    let stranger = Client::with_base_url("stranger", "key", url.to_str().unwrap()).unwrap();
    let foreign = stranger.load_index("docs", &place.options()).await;
    assert_eq!(foreign.unwrap_err().kind(), ErrorKind::Io);
    let elsewhere = place.folder.path().join("cache").join("no").join("store");
    fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    fs::write(&elsewhere, "").unwrap();
    let elsewhere = Client::with_base_url("project", "key", elsewhere.to_str().unwrap()).unwrap();
    let other_store = elsewhere.load_index("docs", &place.options()).await;
    assert_eq!(other_store.unwrap_err().kind(), ErrorKind::Io);
}

#[tokio::test]
async fn a_wrong_key_and_a_deleted_index_are_not_served_from_the_folder() {
    let place = Place::new().await;
    place.load().await.unwrap();
    let wrong = Client::with_base_url("project", "wrong", place.store().to_str().unwrap()).unwrap();
    let refused = wrong.load_index("docs", &place.options()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unauthorized);
    place.client().delete_index("docs").await.unwrap();
    assert_eq!(place.load().await.unwrap_err().kind(), ErrorKind::IndexNotFound);
}

#[tokio::test]
async fn damaged_files_are_fetched_again_and_never_served() {
    let place = Place::new().await;
    for suffix in [".seg", ".mf"] {
        place.load().await.unwrap();
        let damaged = files(&place.cache(), suffix);
        assert_eq!(damaged.len(), 1);
        let whole = fs::read(&damaged[0]).unwrap();
        flip_last_byte(&damaged[0]);
        assert_eq!(ids(&place.load().await.unwrap()), ["a"]);
        assert_eq!(fs::read(&damaged[0]).unwrap(), whole);
    }
    let kept: Vec<_> = [".seg", ".mf"]
        .iter()
        .flat_map(|suffix| files(&place.cache(), suffix))
        .collect();
    place.take_the_store_away();
    for file in kept {
        flip_last_byte(&file);
        assert_eq!(place.load().await.unwrap_err().kind(), ErrorKind::Io);
        flip_last_byte(&file);
        assert_eq!(ids(&place.load().await.unwrap()), ["a"]);
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_does_not_stand_in_the_way() {
    let place = Place::new().await;
    fs::write(place.cache(), "a file").unwrap();
    assert_eq!(ids(&place.load().await.unwrap()), ["a"]);
    let empty = LoadOptions::new().cache_path("");
    let error = place.client().load_index("docs", &empty).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[tokio::test]
async fn files_of_older_versions_are_removed() {
    let place = Place::new().await;
    place.load().await.unwrap();
    let old = files(&place.cache(), ".seg");
    place.client().delete_index("docs").await.unwrap();
    place.create("new").await;
    assert_eq!(ids(&place.load().await.unwrap()), ["new"]);
    let new = files(&place.cache(), ".seg");
    assert_eq!((old.len(), new.len()), (1, 1));
    assert_ne!(old, new);
}
