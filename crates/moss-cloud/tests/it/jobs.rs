//! Changes of an index in jobs.

use std::collections::BTreeSet;

use moss_core::query::{AddOptions, GetOptions};
use moss_core::session::Model;
use moss_core::{Document, ErrorKind};

use crate::support::{Place, completed, doc, docs, ended, ids, spec, upload};

#[tokio::test]
async fn documents_are_added_and_deleted_in_order_of_arrival() {
    let place = Place::new();
    let project = place.project().await;
    project.create_index("x", docs(0..2), None).await.unwrap();
    let add = project
        .submit_add("x", docs(2..5), AddOptions::new())
        .await
        .unwrap();
    let delete = project
        .submit_delete("x", &["d0".into(), "d3".into(), "unknown".into()])
        .await
        .unwrap();
    let again = project
        .submit_add("x", docs(3..4), AddOptions::new())
        .await
        .unwrap();
    for job in [&again, &delete, &add] {
        completed(&project, job).await;
    }
    assert_eq!(ids(&project, "x").await, ["d1", "d2", "d3", "d4"]);
    assert_eq!(project.get_index("x").await.unwrap().doc_count, 4);
}

#[tokio::test]
async fn jobs_of_two_processes_run_in_order_of_arrival() {
    let place = Place::new();
    let (one, other) = (place.project().await, place.project().await);
    one.create_index("x", docs(0..1), None).await.unwrap();
    let mut jobs = Vec::new();
    for round in 0..6 {
        let text = format!("round {round}");
        let (first, second) = if round % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        jobs.push(first.submit_delete("x", &["d0".into()]).await.unwrap());
        let documents = vec![doc("d0", &text)];
        jobs.push(
            second
                .submit_add("x", documents, AddOptions::new())
                .await
                .unwrap(),
        );
    }
    for job in &jobs {
        completed(&one, job).await;
    }
    for project in [&one, &other] {
        let found = project.get_docs("x", None).await.unwrap();
        assert_eq!(found[0].text, "round 5");
        assert_eq!(found.len(), 1);
    }
}

#[tokio::test]
async fn a_document_that_is_there_is_passed_over_where_it_is_not_to_be_replaced() {
    let place = Place::new();
    let project = place.project().await;
    project.create_index("x", docs(0..1), None).await.unwrap();
    let documents = vec![doc("d0", "other"), doc("new", "new")];
    let options = AddOptions::new().upsert(false);
    let job = project.submit_add("x", documents, options).await.unwrap();
    completed(&project, &job).await;
    let found = project.get_docs("x", None).await.unwrap();
    let texts: Vec<&str> = found.iter().map(|document| document.text.as_str()).collect();
    assert_eq!(texts, ["text of document 0", "new"]);
}

#[tokio::test]
async fn of_many_who_add_a_document_without_replacing_it_the_first_has_it() {
    let place = Place::new();
    let first = place.project().await;
    first.create_index("x", docs(0..1), None).await.unwrap();
    let adding = (0..8).map(|number| {
        let place = &place;
        async move {
            let project = place.project().await;
            let documents = vec![
                doc("new", &format!("of {number}")),
                doc(&format!("of {number}"), "own"),
            ];
            let options = AddOptions::new().upsert(false);
            if number % 2 == 0 {
                project.add_docs("x", documents, options).await.unwrap();
            } else {
                let job = project.submit_add("x", documents, options).await.unwrap();
                completed(&project, &job).await;
            }
        }
    });
    futures::future::join_all(adding).await;
    assert_eq!(ids(&first, "x").await.len(), 10);
    let mut texts = BTreeSet::new();
    for version in first.versions("x").await.unwrap() {
        let loaded = first
            .load("x", Some(version.version), None)
            .await
            .unwrap()
            .unwrap();
        let session = loaded.session(Model::Custom).unwrap();
        let options = GetOptions::new().ids(["new"]);
        texts.extend(
            session
                .get_docs(&options)
                .unwrap()
                .into_iter()
                .map(|document| document.text),
        );
    }
    assert_eq!(texts.len(), 1, "{texts:?}");
}

#[tokio::test]
async fn what_can_be_known_at_once_is_refused_before_there_is_a_job() {
    let place = Place::new();
    let project = place.project().await;
    project.create_index("x", docs(0..1), None).await.unwrap();
    let plain = |id: &str| Document::new(id, "text");
    let faults: Vec<(&str, Vec<Document>, ErrorKind)> = vec![
        ("x", vec![], ErrorKind::InvalidArgument),
        ("x", vec![doc("", "no id")], ErrorKind::InvalidArgument),
        ("x", vec![doc("a", "a"), plain("b")], ErrorKind::MixedEmbeddings),
        ("x", vec![plain("b")], ErrorKind::EmbeddingMissing),
        (
            "x",
            vec![plain("b").with_embedding([1.0; 3])],
            ErrorKind::DimensionMismatch,
        ),
        (
            "x",
            vec![plain("b").with_embedding([f32::NAN, 0.0])],
            ErrorKind::InvalidArgument,
        ),
        ("y", docs(0..1), ErrorKind::IndexNotFound),
    ];
    for (name, documents, kind) in faults {
        let refused = project
            .submit_add(name, documents.clone(), AddOptions::new())
            .await;
        assert_eq!(refused.unwrap_err().kind(), kind, "{documents:?}");
        let in_process = project.add_docs(name, documents.clone(), AddOptions::new()).await;
        assert_eq!(in_process.unwrap_err().kind(), kind, "{documents:?}");
    }
    let refused = project.submit_delete("x", &[]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    let refused = project.submit_delete("y", &["a".into()]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::IndexNotFound);
    assert_eq!(project.get_index("x").await.unwrap().version, "1");
}

#[tokio::test]
async fn a_job_of_an_index_that_is_deleted_before_it_runs_fails() {
    let place = Place::new();
    let project = place.project().await;
    let job = upload(&project, spec("x", &docs(0..1)), &docs(0..1)).await;
    completed(&project, &job).await;
    let job = project.submit_add("x", docs(1..2), AddOptions::new());
    let (job, _) = tokio::join!(job, project.delete_index("x"));
    let Ok(job) = job else { return };
    let status = ended(&project, &job).await;
    if status.status == "failed" {
        assert_eq!(status.error_kind, Some(ErrorKind::IndexNotFound), "{status:?}");
        assert!(status.error.unwrap().contains("\"x\""));
    }
    assert_eq!(
        project.get_index("x").await.unwrap_err().kind(),
        ErrorKind::IndexNotFound
    );
}

#[tokio::test]
async fn unknown_jobs_are_not_found() {
    let place = Place::new();
    let project = place.project().await;
    for id in [
        "",
        "../x",
        "no-job",
        "00000000-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-000000000000.1",
        "{00000000-0000-4000-8000-000000000000}",
    ] {
        let error = project.job_status(id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JobNotFound, "{id}");
        let error = project.start_build(id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JobNotFound, "{id}");
        let error = project.receive_upload(id, vec![1].into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JobNotFound, "{id}");
    }
}
