//! Part of [`crate::suite`]: the shared secret, the list of projects, the records of their keys, and the end of a project.

use bytes::Bytes;
use futures::TryStreamExt;
use moss_core::ErrorKind;
use moss_store::Created;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::Place;

async fn objects(place: &Place) -> Vec<String> {
    let objects = place
        .objects
        .list(None)
        .map_ok(|object| object.location.to_string());
    let mut objects: Vec<String> = objects.try_collect().await.unwrap();
    objects.sort();
    objects
}

pub(crate) async fn all_who_open_a_store_share_its_secret(place: Place) {
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = place.store.clone();
            tokio::spawn(async move { store.secret().await.unwrap() })
        })
        .collect();
    let mut secrets = Vec::new();
    for task in tasks {
        secrets.push(task.await.unwrap());
    }
    secrets.dedup();
    assert_eq!(secrets.len(), 1);
    assert_ne!(
        secrets[0],
        crate::memory().await.unwrap().store.secret().await.unwrap()
    );

    let path = Path::from("service/secret");
    place
        .objects
        .put(&path, Bytes::from_static(b"short").into())
        .await
        .unwrap();
    let error = place.store.secret().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
    assert_eq!(error.to_string(), "service/secret: has 5 bytes instead of 32");
}

pub(crate) async fn keys_are_made_listed_and_removed(place: Place) {
    let project = place.store.project("p").unwrap();
    assert!(project.keys::<String>().await.unwrap().is_empty());
    assert_eq!(project.create_key("a", &"1").await.unwrap(), Created::New);
    assert_eq!(project.create_key("a", &"2").await.unwrap(), Created::Exists);
    project.create_key("B/..", &"3").await.unwrap();
    assert_eq!(project.key::<String>("a").await.unwrap().as_deref(), Some("1"));
    assert_eq!(project.key::<String>("b").await.unwrap(), None);
    let mut keys: Vec<(String, String)> = project.keys().await.unwrap();
    keys.sort();
    assert_eq!(keys, [("B/..".into(), "3".into()), ("a".into(), "1".into())]);
    project.delete_key("a").await.unwrap();
    project.delete_key("a").await.unwrap();
    assert_eq!(project.key::<String>("a").await.unwrap(), None);
    assert_eq!(
        project.key::<u8>("B/..").await.unwrap_err().kind(),
        ErrorKind::CacheCorrupt
    );
}

pub(crate) async fn projects_are_listed_by_name_and_deleted_whole(place: Place) {
    assert!(place.store.project_names().await.unwrap().is_empty());
    let long = "Ü".repeat(100);
    for name in ["p", "p2", "../P", &long] {
        let project = place.store.project(name).unwrap();
        project.create_record(&name).await.unwrap();
        project.create_key("k", &name).await.unwrap();
        project.put_job("j", &name).await.unwrap();
    }
    let mut names = place.store.project_names().await.unwrap();
    names.sort();
    assert_eq!(names, ["../P", "p", "p2", &long]);

    let before = objects(&place).await;
    place.store.project("p").unwrap().delete_all().await.unwrap();
    place.store.project("p").unwrap().delete_all().await.unwrap();
    let left: Vec<String> = before
        .into_iter()
        .filter(|path| !path.starts_with("p/p/"))
        .collect();
    assert_eq!(objects(&place).await, left);
    place.store.project(&long).unwrap().delete_all().await.unwrap();
    let mut names = place.store.project_names().await.unwrap();
    names.sort();
    assert_eq!(names, ["../P", "p2"]);
}
