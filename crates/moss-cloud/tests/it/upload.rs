//! Indexes made of uploads, and taken down again.

use moss_cloud::{CreateMode, UploadSpec};
use moss_core::query::GetOptions;
use moss_core::session::{Model, Session};
use moss_core::snapshot::{Layer, Segment};
use moss_core::{Document, ErrorKind};
use moss_proto::bulk;

use crate::support::{Place, completed, doc, docs, ended, ids, spec, upload};

#[tokio::test]
async fn an_upload_becomes_an_index_step_by_step() {
    let place = Place::new();
    let project = place.project().await;
    let documents = vec![
        doc("a", "first")
            .with_metadata([("city", "NYC")])
            .with_payload("opaque"),
        doc("b", ""),
    ];
    let status = async |job: &str| project.job_status(job).await.unwrap();
    let job = project.init_upload(spec("x", &documents)).await.unwrap();
    assert_eq!(status(&job).await.status, "pending_upload");
    let early = project.start_build(&job).await.unwrap_err();
    assert_eq!(early.kind(), ErrorKind::UploadMissing);
    project.begin_upload(&job).await.unwrap();
    assert_eq!(status(&job).await.status, "uploading");
    let early = project.start_build(&job).await.unwrap_err();
    assert_eq!(early.kind(), ErrorKind::UploadMissing);

    // A client that lost its connection begins again.
    project.begin_upload(&job).await.unwrap();
    let bytes: bytes::Bytes = bulk::encode(&documents).unwrap().into();
    project.receive_upload(&job, bytes.clone()).await.unwrap();
    let twice = project.receive_upload(&job, bytes).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::JobNotFound, "works once");
    assert_eq!(
        project.get_index("x").await.unwrap_err().kind(),
        ErrorKind::IndexNotFound,
        "nothing is visible yet"
    );

    project.start_build(&job).await.unwrap();
    project.start_build(&job).await.unwrap();
    completed(&project, &job).await;
    project.start_build(&job).await.unwrap();
    let stored: Vec<Document> = documents
        .into_iter()
        .map(|document| Document {
            embedding: None,
            ..document
        })
        .collect();
    assert_eq!(project.get_docs("x", None).await.unwrap(), stored);
    let status = status(&job).await;
    assert_eq!(
        (status.status.as_str(), status.current_phase),
        ("completed", None)
    );
    assert!(status.created_at <= status.completed_at.unwrap());
    assert_eq!(project.get_index("x").await.unwrap().version, "1");
}

#[tokio::test]
async fn what_cannot_become_an_index_is_refused_when_it_is_announced() {
    let place = Place::new();
    let project = place.project().await;
    project.create_index("taken", docs(0..1), None).await.unwrap();
    let fine = spec("x", &docs(0..1));
    let with = |change: fn(&mut UploadSpec)| {
        let mut spec = fine.clone();
        change(&mut spec);
        spec
    };
    let faults = [
        (
            with(|spec| spec.index = String::new()),
            ErrorKind::InvalidArgument,
        ),
        (with(|spec| spec.doc_count = 0), ErrorKind::InvalidArgument),
        (with(|spec| spec.doc_count = 1_000_001), ErrorKind::TooLarge),
        (with(|spec| spec.dimension = 1 << 40), ErrorKind::InvalidArgument),
        (
            with(|spec| (spec.doc_count, spec.dimension) = (1_000_000, 16_384)),
            ErrorKind::TooLarge,
        ),
        (with(|spec| spec.dimension = 0), ErrorKind::EmbeddingMissing),
        (with(|spec| spec.model_id = "gpt".into()), ErrorKind::UnknownModel),
        (
            with(|spec| spec.model_id = "moss-minilm".into()),
            ErrorKind::DimensionMismatch,
        ),
        (with(|spec| spec.index = "taken".into()), ErrorKind::IndexExists),
        (
            with(|spec| {
                *spec = UploadSpec {
                    index: "taken".into(),
                    model_id: "moss-minilm".into(),
                    dimension: 384,
                    mode: CreateMode::Replace,
                    ..spec.clone()
                }
            }),
            ErrorKind::ModelMismatch,
        ),
    ];
    for (spec, kind) in faults {
        let error = project.init_upload(spec.clone()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{spec:?}: {error}");
    }
}

#[tokio::test]
async fn faults_of_an_upload_appear_as_a_failed_job() {
    let place = Place::new();
    let project = place.project().await;
    let good = bulk::encode(&docs(0..2)).unwrap();
    let mut bad_vector = good.clone();
    let end = bad_vector.len();
    bad_vector[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let faults: Vec<(Vec<u8>, ErrorKind)> = vec![
        (Vec::new(), ErrorKind::InvalidArgument),
        (good[..good.len() - 1].to_vec(), ErrorKind::InvalidArgument),
        (bulk::encode(&docs(0..3)).unwrap(), ErrorKind::InvalidArgument),
        (bad_vector, ErrorKind::InvalidArgument),
    ];
    for (bytes, kind) in faults {
        let job = project.init_upload(spec("x", &docs(0..2))).await.unwrap();
        project.receive_upload(&job, bytes.into()).await.unwrap();
        project.start_build(&job).await.unwrap();
        let status = ended(&project, &job).await;
        assert_eq!(status.status, "failed");
        assert_eq!(status.error_kind, Some(kind), "{status:?}");
        assert!(status.progress < 100.0 && status.completed_at.is_some());
    }
    assert!(project.list_indexes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_is_taken_meanwhile_fails_the_build_and_a_replacement_keeps_the_identity() {
    let place = Place::new();
    let project = place.project().await;
    let late = project.init_upload(spec("x", &docs(5..6))).await.unwrap();
    let bytes = bulk::encode(&docs(5..6)).unwrap();
    project.receive_upload(&late, bytes.into()).await.unwrap();
    project.create_index("x", docs(0..2), None).await.unwrap();
    project.start_build(&late).await.unwrap();
    let status = ended(&project, &late).await;
    assert_eq!(status.error_kind, Some(ErrorKind::IndexExists));
    assert_eq!(ids(&project, "x").await, ["d0", "d1"]);

    let before = project.get_index("x").await.unwrap();
    let replace = UploadSpec {
        mode: CreateMode::Replace,
        ..spec("x", &docs(7..8))
    };
    let job = upload(&project, replace, &docs(7..8)).await;
    completed(&project, &job).await;
    assert_eq!(ids(&project, "x").await, ["d7"]);
    let after = project.get_index("x").await.unwrap();
    assert_eq!((after.id, after.created_at), (before.id, before.created_at));
    assert_ne!(after.version, before.version);
}

#[tokio::test]
async fn a_snapshot_holds_the_newest_version_in_one_segment() {
    let place = Place::new();
    let project = place.project().await;
    assert_eq!(
        project.snapshot("x").await.unwrap_err().kind(),
        ErrorKind::IndexNotFound
    );
    project.create_index("x", docs(0..3), None).await.unwrap();
    project
        .add_docs("x", docs(3..5), Default::default())
        .await
        .unwrap();
    project.delete_docs("x", &["d1".into()]).await.unwrap();
    let snapshot = project.snapshot("x").await.unwrap();
    assert_eq!(snapshot, project.snapshot("x").await.unwrap());
    assert_eq!(
        snapshot.version.to_string(),
        project.get_index("x").await.unwrap().version
    );

    let content = |bytes: &[u8]| {
        let segment = Segment::decode(bytes, "snapshot").unwrap();
        let session = Session::new(Model::Custom).unwrap();
        let layer = Layer {
            segment: &segment,
            since: 0,
        };
        session.resume(&[layer]).unwrap();
        session.get_docs(&GetOptions::new()).unwrap()
    };
    let mut expected = docs([0, 2, 3, 4]);
    assert_eq!(content(&snapshot.bytes), expected);

    let json = project.snapshot_json("x").await.unwrap();
    let found: serde_json::Value = serde_json::from_slice(&json.bytes).unwrap();
    expected.iter_mut().for_each(|document| document.embedding = None);
    let expected: Vec<_> = expected
        .iter()
        .map(|document| serde_json::json!({"id": document.id, "text": document.text}))
        .collect();
    assert_eq!(found, serde_json::json!(expected));

    let all = ids(&project, "x").await;
    project.delete_docs("x", &all).await.unwrap();
    let empty = project.snapshot("x").await.unwrap();
    assert_eq!(content(&empty.bytes), []);
}
