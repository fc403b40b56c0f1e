//! Projects and their keys: by the store, and by the admin routes of a service.

use serde_json::Value;

use crate::serve::Service;
use crate::support::{Home, keys};

/// One round of a project's life, by whichever way in these options name.
fn life(home: &Home, place: &[&str]) {
    let project = |arguments: &[&str]| {
        home.run(
            ["project"]
                .iter()
                .chain(arguments)
                .chain(place)
                .chain(&["--json"]),
        )
    };
    let made = project(&["create", "a/b c"]);
    assert_eq!(keys(&made.out, 2), ["project_id", "key_id", "project_key"]);
    let made = made.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert_eq!(made["project_id"], "a/b c");
    let first = text(&made["project_key"]);
    let opens = |key: &str| home.run(["index", "list", "-p", "a/b c", "--project-key", key]);
    opens(&first).ok();
    opens("guessed").fails(1, "key");
    project(&["create", "a/b c"]).fails(1, "a/b c");

    let listed = project(&["list"]).json();
    assert_eq!(listed[0]["id"], "a/b c");
    assert_eq!(listed[0]["keys"][0]["id"], made["key_id"]);
    assert!(!listed.to_string().contains(&first), "a key is shown once");

    let kept = project(&["rotate-key", "a/b c", "--keep-old"]).json();
    opens(&first).ok();
    opens(&text(&kept["project_key"])).ok();
    project(&["revoke-key", "a/b c", &text(&made["key_id"])]).json();
    project(&["revoke-key", "a/b c", "nothing"]).fails(1, "nothing");
    opens(&text(&kept["project_key"])).ok();
    let alone = project(&["rotate-key", "a/b c"]).json();
    assert_eq!(project(&["list"]).json()[0]["keys"].as_array().unwrap().len(), 1);
    opens(&text(&alone["project_key"])).ok();

    let delete = ["project", "delete", "a/b c"];
    home.pipe(delete.iter().chain(place), "n\n")
        .fails(1, "nothing was deleted");
    assert_eq!(project(&["delete", "a/b c"]).json()["status"], "ok");
    assert_eq!(project(&["list"]).json(), serde_json::json!([]));
    project(&["rotate-key", "a/b c"]).fails(1, "a/b c");
}

#[test]
fn whoever_has_the_store_makes_projects() {
    let home = Home::without_credentials();
    life(&home, &[]);
    let store = home.path("store");
    life(&home, &["--store", store.to_str().unwrap()]);
    let shown = home.run(["project", "create"]);
    let names: Vec<&str> = shown
        .ok()
        .lines()
        .map(|line| line.split('=').next().unwrap())
        .collect();
    assert_eq!(names, ["MOSS_PROJECT_ID", "MOSS_PROJECT_KEY"]);
    assert!(shown.err.contains("not shown again"), "{shown:?}");
    assert!(home.run(["project", "list"]).ok().starts_with("PROJECT"));
}

#[test]
fn whoever_has_the_admin_token_makes_projects() {
    let home = Home::without_credentials().with("MOSS_ADMIN_TOKEN", "admin secret");
    let service = Service::start(&home, &[]);
    let home = home.with("MOSS_CLOUD_API_MANAGE_URL", &format!("{}/v1/manage", service.url));
    life(&home, &[]);
    life(&home, &["--url", &service.url]);
    let wrong = [
        "project",
        "list",
        "--url",
        &service.url,
        "--admin-token",
        "guessed",
    ];
    home.run(wrong).fails(1, "admin token");
    // A store is opened even where a service is set.
    let store = home.path("store");
    home.run(["project", "list", "--store", store.to_str().unwrap()])
        .ok();
}

#[test]
fn it_must_be_said_whose_projects_are_meant() {
    let home = Home::without_credentials().with("MOSS_STORE", "");
    home.run(["project", "list"]).fails(2, "--store");
    home.run(["project", "list", "--url", "http://127.0.0.1:1"])
        .fails(2, "MOSS_ADMIN_TOKEN");
    home.run([
        "project",
        "list",
        "--url",
        "http://127.0.0.1:1",
        "--admin-token",
        "t",
    ])
    .fails(1, "service");
}
