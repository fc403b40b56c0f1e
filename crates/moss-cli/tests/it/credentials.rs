//! Where credentials come from, and the file that keeps them.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::{Home, keys};

const CONFIG: &str = r#"{
    "active_profile": "work",
    "profiles": {
        "work": {"project_id": "project", "project_key": "key"},
        "home": {"project_id": "project", "project_key": "another", "note": "of the shop"}
    },
    "kept": [1]
}"#;

/// A home whose project opens with `key`.
fn home() -> Home {
    let home = Home::without_credentials();
    let arguments = ["index", "list", "-p", "project", "--project-key", "key"];
    home.run(arguments).ok();
    home
}

fn config(home: &Home) -> Value {
    serde_json::from_slice(&fs::read(home.path(".moss/config.json")).unwrap()).unwrap()
}

#[test]
fn without_credentials_the_call_is_wrong() {
    let home = Home::without_credentials();
    home.run(["index", "list"]).fails(2, "--project-id");
    home.run(["index", "list", "--project-id", "project"])
        .fails(2, "MOSS_PROJECT_KEY");
    home.with("MOSS_PROJECT_KEY", "")
        .run(["index", "list", "-p", "p"])
        .fails(2, "moss init");
}

#[test]
fn an_option_wins_over_the_environment_and_that_over_the_profile() {
    let home = home();
    home.write(".moss/config.json", CONFIG);
    home.run(["index", "list"]).ok();
    // The id still comes from the profile.
    let home = home.with("MOSS_PROJECT_KEY", "wrong");
    home.run(["index", "list"]).fails(1, "key");
    home.run(["index", "list", "--project-key", "key"]).ok();
    home.run(["--project-key", "key", "index", "list"]).ok();
}

#[test]
fn the_profile_is_chosen_by_option_then_environment_then_file() {
    let home = home();
    home.write(".moss/config.json", CONFIG);
    for arguments in [
        ["--profile", "home", "index", "list"],
        ["index", "list", "--profile", "home"],
    ] {
        home.run(arguments).fails(1, "key");
    }
    let home = home.with("MOSS_PROFILE", "home");
    home.run(["index", "list"]).fails(1, "key");
    home.run(["index", "list", "--profile", "work"]).ok();
    home.run(["index", "list", "--profile", "none"]).fails(2, "none");
}

#[test]
fn the_old_form_of_the_file_is_the_default_profile() {
    let home = home();
    home.write(
        ".moss/config.json",
        r#"{"project_id": "project", "project_key": "key"}"#,
    );
    home.run(["index", "list"]).ok();
    let list = home.run(["profile", "list", "--json"]).json();
    assert_eq!(
        list,
        json!({"active_profile": "default", "profiles": ["default"]})
    );
}

#[test]
fn an_unreadable_file_counts_as_empty() {
    let home = home();
    for content in ["{", "[]", r#"{"profiles": 3}"#] {
        home.write(".moss/config.json", content);
        home.run(["index", "list"]).fails(2, "--project-id");
        assert_eq!(
            home.run(["profile", "list", "--json"]).json()["profiles"],
            json!([])
        );
    }
}

#[test]
fn init_asks_tries_and_saves_for_the_owner_alone() {
    let home = home();
    let saved = home.pipe(["init"], "another\nhidden-9f3c\n");
    saved.ok();
    assert_eq!(
        config(&home),
        json!({
            "active_profile": "default",
            "profiles": {"default": {"project_id": "another", "project_key": "hidden-9f3c"}}
        })
    );
    #[cfg(unix)]
    for (path, mode) in [(".moss", 0o700), (".moss/config.json", 0o600)] {
        let meta = fs::metadata(home.path(path)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, mode, "{path}");
    }
    home.run(["index", "list"]).ok();
    for said in [&saved.out, &saved.err] {
        assert!(!said.contains("hidden-9f3c"), "no key is shown: {saved:?}");
    }
}

#[test]
fn a_second_profile_leaves_the_first_one_active() {
    let home = home();
    home.write(
        ".moss/config.json",
        r#"{"profiles": {"default": {"project_id": "project", "project_key": "key"}}}"#,
    );
    home.pipe(["init", "--profile", "work"], "another\nkey\n").ok();
    assert_eq!(home.run(["profile", "list"]).ok(), "* default\n  work\n");
}

#[test]
fn a_file_that_cannot_be_read_is_kept_aside() {
    let home = home();
    let path = home.write(".moss/config.json", "{\"profiles\": my keys");
    let saved = home.pipe(["init"], "project\nkey\n");
    saved.ok();
    assert!(saved.err.contains("config.json.unreadable"), "{saved:?}");
    assert_eq!(
        fs::read_to_string(format!("{path}.unreadable")).unwrap(),
        "{\"profiles\": my keys"
    );
    assert_eq!(config(&home)["profiles"]["default"]["project_key"], "key");
    // What was kept before stays.
    home.write(".moss/config.json", "[]");
    home.pipe(["init"], "project\nkey\n").ok();
    assert_eq!(fs::read_to_string(format!("{path}.unreadable-2")).unwrap(), "[]");
    assert!(
        home.pipe(["init", "--force"], "project\nkey\n")
            .ok()
            .contains("saved")
    );
    assert!(!home.path(".moss/config.json.unreadable-3").exists());
}

#[test]
fn an_empty_name_of_a_profile_is_none() {
    let home = home();
    home.write(".moss/config.json", CONFIG);
    home.run(["index", "list", "--profile", ""]).ok();
}

#[test]
fn init_asks_before_it_saves_what_was_refused() {
    let home = home();
    home.pipe(["init"], "project\nwrong\nn\n")
        .fails(1, "nothing was saved");
    assert!(!home.path(".moss/config.json").exists());
    home.pipe(["init", "--profile", "later"], "project\nwrong\ny\n")
        .ok();
    assert_eq!(config(&home)["profiles"]["later"]["project_key"], "wrong");
    assert_eq!(config(&home)["active_profile"], "later");
    home.pipe(["init", "--profile", "none"], "\n")
        .fails(2, "project id");
}

#[test]
fn init_replaces_a_profile_only_when_told_to() {
    let home = home();
    home.write(".moss/config.json", CONFIG);
    let given = [
        "init",
        "-p",
        "project",
        "--project-key",
        "key",
        "--profile",
        "home",
    ];
    home.pipe(given, "n\n").fails(1, "left as it is");
    assert_eq!(config(&home)["profiles"]["home"]["project_key"], "another");
    let saved = home.run(given.into_iter().chain(["--force", "--json"])).json();
    assert_eq!(saved["profile"], "home");
    assert_eq!(config(&home)["profiles"]["home"]["project_key"], "key");
    assert_eq!(config(&home)["active_profile"], "work");
    assert_eq!(
        config(&home)["kept"],
        json!([1]),
        "what others keep in the file stays"
    );
    assert_eq!(config(&home)["profiles"]["home"]["note"], "of the shop");
}

#[test]
fn profiles_are_listed_and_deleted() {
    let home = Home::without_credentials();
    home.write(".moss/config.json", CONFIG);
    let list = home.run(["profile", "list", "--json"]).json();
    assert_eq!(
        list,
        json!({"active_profile": "work", "profiles": ["home", "work"]})
    );
    assert_eq!(home.run(["profile", "list"]).ok(), "  home\n* work\n");
    home.pipe(["profile", "delete", "work"], "no\n")
        .fails(1, "nothing was deleted");
    let deleted = home.run(["profile", "delete", "work", "--force", "--json"]);
    assert_eq!(
        keys(&deleted.out, 2),
        ["status", "deleted_profile", "active_profile"]
    );
    assert_eq!(
        deleted.json(),
        json!({"status": "ok", "deleted_profile": "work", "active_profile": "home"})
    );
    assert_eq!(config(&home)["profiles"].as_object().unwrap().len(), 1);
    home.run(["profile", "delete", "work", "-f"]).fails(1, "work");
    home.pipe(["profile", "delete", "home"], "yes\n").ok();
}
