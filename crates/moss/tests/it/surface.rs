//! Calls of the client and of sessions, over a store in memory and one on disk.

use moss::{
    AddOptions, Client, Document, ErrorKind, GetOptions, LoadOptions, PushOptions, QueryOptions, Session,
    SessionOptions, SourceFile,
};

use crate::support::{add, client, content, doc, kind, open, push};

#[test]
fn handles_go_between_threads() {
    fn assert_shared<T: Send + Sync + Clone + 'static>() {}
    fn assert_send<T: Send>(_: T) {}
    assert_shared::<Client>();
    assert_shared::<Session>();
    let client = client();
    let session = moss::block_on(open(&client, "name"));
    assert_send(client.session("x", &SessionOptions::new()));
    assert_send(client.create_index("x", vec![], None));
    assert_send(client.list_indexes());
    assert_send(client.versions("x"));
    assert_send(client.load_index("x", &LoadOptions::new()));
    assert_send(session.push_index(&PushOptions::new()));
    assert_send(session.load_index("x", &LoadOptions::new()));
}

#[tokio::test]
async fn a_name_resumes_what_was_pushed_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::with_base_url("project", "key", folder.path().to_str().unwrap()).unwrap();
    let session = open(&client, "Ünïcode / name").await;
    let document = Document::new("a", "said")
        .with_metadata([("k", "v")])
        .with_payload("{}")
        .with_embedding([0.1, -1.5e-30, f32::MIN_POSITIVE / 2.0]);
    session
        .add_docs(vec![document.clone()], &AddOptions::new())
        .unwrap();
    let pushed = push(&session).await;
    assert_eq!(
        (pushed.doc_count, pushed.status.as_str(), pushed.version.as_str()),
        (1, "completed", "1")
    );
    let elsewhere = Client::with_base_url("project", "key", folder.path().to_str().unwrap()).unwrap();
    let resumed = elsewhere
        .session("Ünïcode / name", &SessionOptions::new())
        .await
        .unwrap();
    assert_eq!(resumed.model_id(), "custom");
    assert_eq!(resumed.get_docs(&GetOptions::new()).unwrap(), [document]);
    let job = elsewhere.get_job_status(&pushed.job_id).await.unwrap();
    assert_eq!((job.status.as_str(), job.progress), ("completed", 100.0));
    assert_eq!(
        kind(elsewhere.get_job_status("nonsense/../x").await),
        ErrorKind::JobNotFound
    );
}

#[tokio::test]
async fn keys_and_projects_are_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let right = Client::with_base_url("one", "key", url).unwrap();
    let session = open(&right, "name").await;
    add(&session, &[("a", "1")]);
    push(&session).await;
    let wrong = Client::with_base_url("one", "other", url).unwrap();
    assert_eq!(
        kind(wrong.session("name", &SessionOptions::new()).await),
        ErrorKind::Unauthorized
    );
    assert_eq!(kind(wrong.list_indexes().await), ErrorKind::Unauthorized);
    let other = Client::with_base_url("two", "key", url).unwrap();
    assert_eq!(kind(other.get_index("name").await), ErrorKind::IndexNotFound);
    assert!(other.list_indexes().await.unwrap().is_empty());
    assert_eq!(kind(Client::new("", "key")), ErrorKind::InvalidArgument);
}

#[tokio::test]
async fn models_bind_for_life() {
    let client = client();
    let session = open(&client, "name").await;
    add(&session, &[("a", "1")]);
    push(&session).await;
    let error = client
        .session("name", &SessionOptions::new().model_id("moss-minilm"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelMismatch);
    assert!(error.to_string().contains("custom") && error.to_string().contains("moss-minilm"));
    let unknown = client
        .session("name", &SessionOptions::new().model_id("gpt"))
        .await;
    assert_eq!(kind(unknown), ErrorKind::UnknownModel);
    assert_eq!(
        kind(client.session("", &SessionOptions::new()).await),
        ErrorKind::InvalidArgument
    );
}

#[tokio::test]
async fn cloud_indexes_are_made_changed_read_and_deleted() {
    let client = client();
    let made = client
        .create_index("docs", vec![doc("b", "two words"), doc("a", "one")], None)
        .await
        .unwrap();
    assert_eq!((made.index_name.as_str(), made.doc_count), ("docs", 2));
    assert_eq!(
        client.get_job_status(&made.job_id).await.unwrap().status,
        "completed"
    );
    assert_eq!(
        kind(client.create_index("docs", vec![doc("a", "x")], None).await),
        ErrorKind::IndexExists
    );
    assert_eq!(
        kind(client.create_index("none", vec![], None).await),
        ErrorKind::InvalidArgument
    );

    let added = client
        .add_docs(
            "docs",
            vec![doc("c", "three"), doc("a", "uno")],
            &AddOptions::new(),
        )
        .await
        .unwrap();
    assert_eq!(added.doc_count, 2);
    let kept = AddOptions::new().upsert(false);
    client
        .add_docs("docs", vec![doc("a", "ein")], &kept)
        .await
        .unwrap();
    let deleted = client
        .delete_docs("docs", &["b".into(), "unknown".into()])
        .await
        .unwrap();
    assert_eq!(deleted.doc_count, 2);
    assert_eq!(
        kind(client.delete_docs("docs", &[]).await),
        ErrorKind::InvalidArgument
    );

    let info = client.get_index("docs").await.unwrap();
    assert_eq!(
        (info.doc_count, info.status.as_str(), info.model.id.as_str()),
        (2, "Ready", "custom")
    );
    assert_eq!(client.list_indexes().await.unwrap(), [info]);
    let all = client.get_docs("docs", None).await.unwrap();
    assert_eq!(all, [Document::new("a", "uno"), Document::new("c", "three")]);
    let named = client
        .get_docs("docs", Some(&["c".into(), "x".into(), "a".into()]))
        .await
        .unwrap();
    assert_eq!(named, [Document::new("c", "three"), Document::new("a", "uno")]);

    let found = client
        .cloud_query("docs", "three", &QueryOptions::new().embedding([1.0, 0.0]))
        .await
        .unwrap();
    assert_eq!(
        (found.docs[0].id.as_str(), found.index_name.as_deref()),
        ("c", Some("docs"))
    );
    assert!(client.delete_index("docs").await.unwrap());
    assert_eq!(kind(client.delete_index("docs").await), ErrorKind::IndexNotFound);
    assert_eq!(
        kind(client.get_docs("docs", None).await),
        ErrorKind::IndexNotFound
    );
    assert_eq!(
        kind(
            client
                .add_docs("docs", vec![doc("a", "x")], &AddOptions::new())
                .await
        ),
        ErrorKind::IndexNotFound
    );
    assert!(client.list_indexes().await.unwrap().is_empty());
    client
        .create_index("docs", vec![doc("a", "again")], None)
        .await
        .unwrap();
    assert_eq!(client.get_index("docs").await.unwrap().doc_count, 1);
}

#[tokio::test]
async fn vectors_for_all_or_for_none() {
    let client = client();
    let mixed = vec![doc("a", "x"), Document::new("b", "y")];
    assert_eq!(
        kind(client.create_index("i", mixed.clone(), None).await),
        ErrorKind::MixedEmbeddings
    );
    let none = vec![Document::new("b", "y")];
    assert_eq!(
        kind(client.create_index("i", none, Some("custom")).await),
        ErrorKind::EmbeddingMissing
    );
    client.create_index("i", vec![doc("a", "x")], None).await.unwrap();
    assert_eq!(
        kind(client.add_docs("i", mixed, &AddOptions::new()).await),
        ErrorKind::MixedEmbeddings
    );
    let longer = vec![Document::new("c", "z").with_embedding([1.0, 2.0, 3.0])];
    assert_eq!(
        kind(client.add_docs("i", longer, &AddOptions::new()).await),
        ErrorKind::DimensionMismatch
    );
    let no_vector = client.cloud_query("i", "x", &QueryOptions::new()).await;
    assert_eq!(kind(no_vector), ErrorKind::EmbeddingRequired);
    let file = SourceFile {
        name: "a.txt".into(),
        content_type: "text/plain".into(),
        data: b"x".to_vec(),
    };
    assert_eq!(
        kind(client.create_index_from_files("f", &[file], Some("custom")).await),
        ErrorKind::InvalidArgument
    );
}

#[tokio::test]
async fn versions_are_kept_opened_and_restored() {
    let client = client();
    let session = open(&client, "name").await;
    for text in ["one", "two", "three"] {
        add(&session, &[("a", text), (text, "x")]);
        push(&session).await;
    }
    let versions: Vec<(u64, usize)> = client
        .versions("name")
        .await
        .unwrap()
        .iter()
        .map(|info| (info.version, info.doc_count))
        .collect();
    assert_eq!(versions, [(3, 4), (2, 3), (1, 2)]);
    let old = client
        .session("name", &SessionOptions::new().version(1))
        .await
        .unwrap();
    assert_eq!(content(&old), ["a=one", "one=x"]);
    assert_eq!(client.restore("name", 1).await.unwrap().version, "4");
    assert_eq!(content(&open(&client, "name").await), ["a=one", "one=x"]);
    // A session that saw what was restored away follows.
    push(&session).await;
    assert_eq!(content(&session), ["a=one", "one=x"]);
    assert_eq!(kind(client.restore("name", 99).await), ErrorKind::IndexNotFound);
}

#[tokio::test]
async fn a_session_is_saved_to_disk_and_loaded_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let client = client();
    let session = open(&client, "conv/../1").await;
    assert_eq!(session.load_from_disk(folder.path()).await.unwrap(), 0);
    add(&session, &[("a", "1"), ("b", "2")]);
    session.save_to_disk(folder.path()).unwrap();
    add(&session, &[("c", "3")]);
    assert_eq!(session.load_from_disk(folder.path()).await.unwrap(), 2);
    assert_eq!(content(&session), ["a=1", "b=2"]);
    assert_eq!(push(&session).await.doc_count, 2);

    let adopting = client
        .session("conv/../1", &SessionOptions::new().auto_load(false))
        .await;
    // Without a model named, an empty session takes on the saved one; the default model is opened first.
    if let Ok(adopting) = adopting {
        assert_eq!(adopting.load_from_disk(folder.path()).await.unwrap(), 2);
        assert_eq!(adopting.model_id(), "custom");
    }
    let saved = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path()
        .join("session.seg");
    let mut bytes = std::fs::read(&saved).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&saved, bytes).unwrap();
    let error = session.load_from_disk(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
    assert!(error.to_string().contains("session.seg"));
    assert_eq!(content(&session), ["a=1", "b=2"]);
}

#[tokio::test]
async fn a_session_takes_the_content_of_another_index() {
    let client = client();
    client
        .create_index("docs", vec![doc("x", "one"), doc("y", "two")], None)
        .await
        .unwrap();
    let session = open(&client, "name").await;
    add(&session, &[("a", "1")]);
    push(&session).await;
    assert_eq!(
        session.load_index("missing", &LoadOptions::new()).await.unwrap(),
        0
    );
    assert_eq!(session.load_index("docs", &LoadOptions::new()).await.unwrap(), 2);
    assert_eq!(
        (session.name(), content(&session)),
        ("name", vec!["x=one".to_owned(), "y=two".to_owned()])
    );
    push(&session).await;
    assert_eq!(content(&open(&client, "name").await), ["x=one", "y=two"]);
    add(&session, &[("b", "unpushed")]);
    assert_eq!(session.load_index("name", &LoadOptions::new()).await.unwrap(), 2);
    assert_eq!(content(&session), ["x=one", "y=two"]);
}

#[tokio::test]
async fn a_change_of_an_index_that_is_deleted_meanwhile_does_not_bring_it_back() {
    let client = client();
    client
        .create_index("docs", vec![doc("a", "one")], None)
        .await
        .unwrap();
    // One thread runs both, so that the delete comes in between the steps of the change.
    let options = AddOptions::new();
    let change = client.add_docs("docs", vec![doc("b", "two")], &options);
    let delete = client.delete_index("docs");
    let (changed, deleted) = tokio::join!(change, delete);
    assert!(deleted.unwrap());
    if let Err(error) = changed {
        assert_eq!(error.kind(), ErrorKind::IndexNotFound);
    }
    assert_eq!(kind(client.get_index("docs").await), ErrorKind::IndexNotFound);
}
