//! Jobs whose process goes away, and those who finish them.

use moss_core::query::AddOptions;

use crate::support::{Place, completed, docs, ids};

#[test]
fn a_job_whose_process_is_gone_is_finished_by_another() {
    let place = Place::new();
    let gone = tokio::runtime::Runtime::new().unwrap();
    let job = gone.block_on(async {
        let project = place.project().await;
        project.create_index("x", docs(0..1), None).await.unwrap();
        project
            .submit_add("x", docs(1..3), AddOptions::new())
            .await
            .unwrap()
    });
    // With its runtime the worker goes, wherever it stands.
    gone.shutdown_background();
    let other = tokio::runtime::Runtime::new().unwrap();
    other.block_on(async {
        let project = place.project().await;
        completed(&project, &job).await;
        assert_eq!(ids(&project, "x").await, ["d0", "d1", "d2"]);
        assert_eq!(project.get_index("x").await.unwrap().version, "2");
    });
}
