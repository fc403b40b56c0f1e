//! Keys, tokens and grants: who opens a project, and who does no longer.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moss_cloud::{Cloud, NewKey, Project};
use moss_core::{Error, ErrorKind};
use serde_json::json;

/// What is promised for a key that another process revoked.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

fn memory() -> Arc<Cloud> {
    Cloud::open(&format!("memory://{}", uuid::Uuid::new_v4())).unwrap()
}

/// The cloud in a directory as two processes see it: they share nothing but the store.
fn two_over(directory: &Path) -> [Arc<Cloud>; 2] {
    let path = directory.to_str().unwrap();
    [
        Cloud::open(path).unwrap(),
        Cloud::open(&format!("file://{path}")).unwrap(),
    ]
}

async fn open(cloud: &Arc<Cloud>, key: &NewKey) -> Result<Project, Error> {
    cloud.project_by_key(&key.project_id, &key.key).await
}

#[track_caller]
fn unauthorized<T: Debug>(result: Result<T, Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    error.to_string()
}

/// Waits until a credential that another process revoked opens nothing.
async fn refused_in_time<F: Future<Output = Result<Project, Error>>>(open: impl Fn() -> F) {
    let revoked = Instant::now();
    while open().await.is_ok() {
        assert!(revoked.elapsed() < REVOKED_WITHIN, "still open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unauthorized(open().await);
}

#[tokio::test]
async fn a_key_opens_its_project_and_no_other() {
    let cloud = memory();
    let (a, b) = (
        cloud.create_project(None).await.unwrap(),
        cloud.create_project(Some("b")).await.unwrap(),
    );
    let project = open(&cloud, &a).await.unwrap();
    assert_eq!((project.id(), project.key_id()), (&*a.project_id, &*a.key_id));
    assert!(a.key.starts_with(&format!("moss_{}_", a.key_id)));
    assert_eq!(b.project_id, "b");
    assert_ne!(a.project_id, cloud.create_project(None).await.unwrap().project_id);

    unauthorized(cloud.project_by_key("b", &a.key).await);
    unauthorized(cloud.project_by_key("b", &b.key[..b.key.len() - 1]).await);
    unauthorized(cloud.project_by_key("b", &format!("moss_{}_", b.key_id)).await);
    unauthorized(cloud.project("b", &a.key).await);
    assert!(cloud.project("b", &b.key).await.is_ok());
    let taken = cloud.create_project(Some("b")).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Conflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_create_a_project_at_once_one_does() {
    let cloud = memory();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let cloud = cloud.clone();
            tokio::spawn(async move { cloud.create_project(Some("p")).await })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.extend(task.await.unwrap());
    }
    assert_eq!(made.len(), 1);
    assert_eq!(cloud.list_projects().await.unwrap()[0].keys.len(), 1);
}

#[tokio::test]
async fn an_unknown_project_is_answered_as_a_wrong_key_and_not_registered() {
    let cloud = memory();
    cloud.project("p", "any text").await.unwrap();
    let wrong = unauthorized(cloud.project_by_key("p", "x").await);
    let unknown = unauthorized(cloud.project_by_key("q", "x").await);
    assert_eq!(wrong.replace("\"p\"", "\"q\""), unknown);
    assert_eq!(cloud.list_projects().await.unwrap().len(), 1);
    assert!(cloud.project_by_key("p", "any text").await.is_ok());
}

#[tokio::test]
async fn a_key_of_first_use_may_look_as_if_it_was_made_here() {
    let cloud = memory();
    let text = "moss_0123456789abcdef_chosen";
    cloud.project("p", text).await.unwrap();
    assert!(cloud.project_by_key("p", text).await.is_ok());
    unauthorized(cloud.project_by_key("p", "moss_0123456789abcdef_other").await);
}

#[tokio::test]
async fn rotation_ends_the_old_keys_or_keeps_them() {
    let cloud = memory();
    let first = cloud.create_project(Some("p")).await.unwrap();
    let second = cloud.rotate_key("p", true).await.unwrap();
    assert!(open(&cloud, &first).await.is_ok() && open(&cloud, &second).await.is_ok());
    let third = cloud.rotate_key("p", false).await.unwrap();
    unauthorized(open(&cloud, &first).await);
    unauthorized(open(&cloud, &second).await);
    assert!(open(&cloud, &third).await.is_ok());
    let listed = cloud.list_projects().await.unwrap();
    assert_eq!(listed[0].keys.len(), 1);
    assert_eq!(listed[0].keys[0].id, third.key_id);

    let unknown = cloud.rotate_key("q", false).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::InvalidArgument);
    let unknown = cloud.revoke_key("p", &first.key_id).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::InvalidArgument);
}

#[tokio::test]
async fn a_key_of_first_use_is_revoked_for_good() {
    let cloud = memory();
    let project = cloud.project("p", "chosen").await.unwrap();
    let token = cloud.issue_token(&project).await.unwrap().token;
    cloud.revoke_key("p", project.key_id()).await.unwrap();
    unauthorized(cloud.project_by_key("p", "chosen").await);
    unauthorized(cloud.project_by_token("p", &token).await);
    // Nor does it register the project again.
    unauthorized(cloud.project("p", "chosen").await);
    let new = cloud.rotate_key("p", false).await.unwrap();
    assert!(open(&cloud, &new).await.is_ok());
}

#[tokio::test]
async fn a_token_opens_its_project_in_every_process_over_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = two_over(directory.path());
    let key = one.create_project(Some("p")).await.unwrap();
    one.create_project(Some("q")).await.unwrap();
    let token = one.issue_token(&open(&one, &key).await.unwrap()).await.unwrap();
    assert_eq!(token.expires_in, 3600);
    let opened = other.project_by_token("p", &token.token).await.unwrap();
    assert_eq!(opened.key_id(), key.key_id);
    unauthorized(other.project_by_token("q", &token.token).await);
    unauthorized(other.project_by_token("p", &token.token[1..]).await);
    unauthorized(other.project_by_token("p", &key.key).await);
    // Another store has another secret.
    let elsewhere = memory();
    elsewhere.create_project(Some("p")).await.unwrap();
    unauthorized(elsewhere.project_by_token("p", &token.token).await);
}

#[tokio::test]
async fn grants_are_for_one_purpose_and_end() {
    let cloud = memory();
    let key = cloud.create_project(Some("p")).await.unwrap();
    let hour = Duration::from_secs(3600);
    let claims = json!({"project": "p", "key": key.key_id, "value": null});
    let url = cloud.sign("upload URL", &claims, hour).await.unwrap();
    assert!(
        url.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    );
    let back: serde_json::Value = cloud.verify("upload URL", &url).await.unwrap();
    assert_eq!(back, claims);
    unauthorized(cloud.project_by_token("p", &url).await);
    let ended = cloud.sign("token", &claims, Duration::ZERO).await.unwrap();
    let message = unauthorized(cloud.project_by_token("p", &ended).await);
    assert!(message.contains("expired"), "{message}");
}

#[tokio::test]
async fn a_grant_for_a_project_opens_it_with_its_value_until_the_key_is_revoked() {
    let cloud = memory();
    let key = cloud.create_project(Some("p")).await.unwrap();
    let project = cloud.project_by_key("p", &key.key).await.unwrap();
    let hour = Duration::from_secs(3600);
    let url = cloud.grant(&project, "upload URL", "job 1", hour).await.unwrap();
    let (opened, job): (_, String) = cloud.project_by_grant("upload URL", &url).await.unwrap();
    assert_eq!(
        (opened.id(), opened.key_id(), job.as_str()),
        ("p", project.key_id(), "job 1")
    );
    unauthorized(cloud.project_by_grant::<String>("download URL", &url).await);
    unauthorized(cloud.project_by_token("p", &url).await);
    cloud.rotate_key("p", false).await.unwrap();
    unauthorized(cloud.project_by_grant::<String>("upload URL", &url).await);
}

#[tokio::test]
async fn what_another_process_revoked_is_refused_within_five_seconds() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = two_over(directory.path());
    let key = one.create_project(Some("p")).await.unwrap();
    let project = open(&other, &key).await.unwrap();
    let token = other.issue_token(&project).await.unwrap().token;
    one.revoke_key("p", &key.key_id).await.unwrap();
    unauthorized(open(&one, &key).await);
    unauthorized(one.project_by_token("p", &token).await);
    refused_in_time(|| open(&other, &key)).await;
    refused_in_time(|| other.project_by_token("p", &token)).await;
}

#[tokio::test]
async fn a_deleted_project_is_gone_with_its_tokens_and_its_name_is_free() {
    let directory = tempfile::tempdir().unwrap();
    let [cloud, other] = two_over(directory.path());
    let kept = cloud.create_project(Some("kept")).await.unwrap();
    let project = cloud.project("p", "chosen").await.unwrap();
    let token = cloud.issue_token(&project).await.unwrap().token;
    let docs = [moss_core::Document::new("1", "secret text").with_embedding(vec![1.0, 0.0])];
    project
        .create_index("i", docs.to_vec(), Some("custom"))
        .await
        .unwrap();
    assert!(other.project_by_token("p", &token).await.is_ok());

    cloud.delete_project("p").await.unwrap();
    assert!(!directory.path().join("p").join("p").exists());
    unauthorized(cloud.project_by_key("p", "chosen").await);
    unauthorized(cloud.project_by_token("p", &token).await);
    refused_in_time(|| other.project_by_token("p", &token)).await;
    let left: Vec<String> = cloud
        .list_projects()
        .await
        .unwrap()
        .into_iter()
        .map(|project| project.id)
        .collect();
    assert_eq!(left, ["kept"]);
    assert!(open(&cloud, &kept).await.is_ok());
    let gone = cloud.delete_project("p").await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::InvalidArgument);

    let anew = cloud.project("p", "chosen").await.unwrap();
    assert!(anew.list_indexes().await.unwrap().is_empty());
    unauthorized(cloud.project_by_token("p", &token).await);
}

#[tokio::test]
async fn no_key_or_token_is_shown_or_stored() {
    let directory = tempfile::tempdir().unwrap();
    let [cloud, _] = two_over(directory.path());
    let made = cloud.create_project(Some("p")).await.unwrap();
    let secret = made.key.rsplit('_').next().unwrap();
    let project = open(&cloud, &made).await.unwrap();
    cloud.project("q", "chosen-secret").await.unwrap();
    let token = cloud.issue_token(&project).await.unwrap();
    let forged = format!("{}A", token.token);
    let shown = [
        format!("{made:?} {token:?} {project:?} {cloud:?}"),
        format!("{:?}", cloud.list_projects().await.unwrap()),
        unauthorized(cloud.project_by_key("p", "chosen-secret").await),
        unauthorized(cloud.project_by_key("x", &made.key).await),
        unauthorized(cloud.project("q", &made.key).await),
        unauthorized(cloud.project_by_token("q", &token.token).await),
        unauthorized(cloud.project_by_token("p", &forged).await),
    ];
    for text in shown {
        for secret in [secret, "chosen-secret", &*token.token] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    for file in files(directory.path()) {
        let bytes = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        for secret in [secret, "chosen-secret", &*token.token] {
            assert!(!bytes.contains(secret), "{}", file.display());
        }
    }
}

#[tokio::test]
async fn credentials_are_measured_before_use() {
    let cloud = memory();
    let long = "x".repeat(257);
    for (id, key) in [("", "k"), ("p", ""), (&*long, "k"), ("p", &long), ("a\0b", "k")] {
        let error = cloud.project_by_key(id, key).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    for id in ["../../x", "%2F", "a/b", &"🌿".repeat(64)] {
        let made = cloud.create_project(Some(id)).await.unwrap();
        assert_eq!(open(&cloud, &made).await.unwrap().id(), id);
    }
    let listed = cloud.list_projects().await.unwrap();
    assert_eq!(listed.len(), 4);
    assert!(listed.iter().any(|project| project.id == "🌿".repeat(64)));
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
