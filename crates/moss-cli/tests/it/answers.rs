//! The JSON of each command, its errors and exit codes.

use std::process::Stdio;

use serde_json::json;

use crate::support::{Home, keys};

#[test]
fn indexes_are_made_listed_shown_and_deleted() {
    let home = Home::new();
    home.places();
    let list = home.run(["index", "list", "--json"]);
    let listed = list.json();
    let fields = [
        "id",
        "name",
        "version",
        "status",
        "doc_count",
        "created_at",
        "updated_at",
        "model",
    ];
    assert_eq!(keys(&list.out, 4), fields, "two-space indent, documented order");
    assert_eq!(listed[0]["name"], "places");
    assert_eq!(listed[0]["doc_count"], 3);
    assert_eq!(listed[0]["status"], "Ready");
    assert_eq!(listed[0]["model"]["id"], "custom");

    let get = home.run(["--json", "index", "get", "places"]);
    assert_eq!(get.json(), listed[0]);
    assert_eq!(keys(&get.out, 2), fields);

    let deleted = home.run(["index", "delete", "places", "--json"]);
    assert_eq!(keys(&deleted.out, 2), ["status", "message"]);
    let deleted = deleted.json();
    assert_eq!(deleted["status"], "ok");
    assert!(
        deleted["message"].as_str().unwrap().contains("places"),
        "{deleted}"
    );
    assert_eq!(home.run(["index", "list", "--json"]).json(), json!([]));
}

#[test]
fn tables_are_for_people() {
    let home = Home::new();
    home.places();
    let list = home.run(["index", "list"]);
    let words: Vec<&str> = list.ok().lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(words[..5], ["places", "3", "custom", "Ready", "1"]);
    let found = home.run(["query", "places", "cold", "--embedding", "[0, 1]", "-k", "1"]);
    let words: Vec<&str> = found.ok().lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(words, ["1.000", "north", "cold"]);
}

#[test]
fn what_a_document_says_does_not_reach_the_terminal_as_a_command() {
    let home = Home::new();
    let file = home.write(
        "evil.json",
        r#"[{"id": "a", "text": "x\u001b[2Jy", "embedding": [1]}]"#,
    );
    home.run(["index", "create", "evil", "-f", &file]).ok();
    let shown = home.run(["doc", "get", "evil"]);
    assert!(!shown.ok().contains('\u{1b}'), "{shown:?}");
}

#[test]
fn deleting_an_index_asks_first() {
    let home = Home::new();
    home.places();
    let list = || {
        home.run(["index", "list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len()
    };
    for no in ["n\n", "\n", ""] {
        home.pipe(["index", "delete", "places"], no)
            .fails(1, "nothing was deleted");
        assert_eq!(list(), 1);
    }
    home.pipe(["index", "delete", "places"], "y\n").ok();
    assert_eq!(list(), 0);
    home.places();
    home.run(["index", "delete", "places", "-y"]).ok();
    assert_eq!(list(), 0);
}

#[test]
fn documents_are_added_read_and_deleted() {
    let home = Home::new();
    home.places();
    let south = r#"{"docs": [{"id": "south", "text": "warm", "embedding": [0, -1]}]}"#;
    let added = home.pipe(
        ["doc", "add", "places", "--file", "-", "--upsert", "--json"],
        south,
    );
    assert_eq!(keys(&added.out, 2), ["job_id", "index_name", "doc_count"]);
    assert_eq!(added.json()["doc_count"], 1);

    let got = home
        .run(["doc", "get", "places", "--ids", "west, nowhere,east", "--json"])
        .json();
    let west = json!({"id": "west", "text": "sun down", "payload": "{}"});
    let east = json!({"id": "east", "text": "sun up", "metadata": {"side": "right"}});
    assert_eq!(
        got,
        json!([west, east]),
        "in the order asked for, absent fields left out"
    );

    let deleted = home
        .run(["doc", "delete", "places", "-i", "west,nowhere", "--json"])
        .json();
    assert_eq!(deleted["doc_count"], 2, "ids in the request");
    let left = home.run(["doc", "get", "places", "--json"]).json();
    let left: Vec<&str> = left
        .as_array()
        .unwrap()
        .iter()
        .map(|doc| doc["id"].as_str().unwrap())
        .collect();
    assert_eq!(left, ["east", "north", "south"]);
}

#[test]
fn an_empty_list_of_ids_is_refused() {
    let home = Home::new();
    home.places();
    for command in ["get", "delete"] {
        home.run(["doc", command, "places", "--ids", " ,"])
            .fails(1, "at least one document ID");
    }
}

#[test]
fn errors_are_one_object_on_standard_error() {
    let home = Home::new();
    for (arguments, code, said) in [
        (&["index", "get", "none", "--json"][..], 1, "none"),
        (&["--json", "index", "frobnicate"], 2, "frobnicate"),
        (
            &["--json", "index", "create", "x", "-f", "/no/such/file"],
            2,
            "/no/such/file",
        ),
        (&["--json", "index", "create"], 2, "--file"),
        (
            &["--json", "index"],
            2,
            "a subcommand is missing. Usage: moss index",
        ),
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, code, "{ran:?}");
        assert_eq!(ran.out, "");
        let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(error.as_object().unwrap().len(), 1);
        assert!(error["error"].as_str().unwrap().contains(said), "{error}");
    }
    home.run(["index", "get", "none"]).fails(1, "error: ");
    home.run(["index", "frobnicate"]).fails(2, "frobnicate");
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_a_wrong_call() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    let arguments = ["--json", "index", "get"].map(OsStr::new);
    let ran = home.run(arguments.into_iter().chain([OsStr::from_bytes(b"\xff")]));
    ran.fails(2, "{\"error\":");
    assert!(ran.err.contains("UTF-8"), "{ran:?}");
}

#[test]
fn whoever_stops_reading_ends_the_command_quietly() {
    let home = Home::new();
    home.places();
    let mut command = home.command(["index", "list"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr), (Some(1), Vec::new()));
}

#[test]
fn without_arguments_there_is_help() {
    let home = Home::without_credentials();
    let help = home.run([""; 0]);
    for command in ["index", "doc", "query", "sync", "completions", "serve"] {
        assert!(help.ok().contains(command), "{help:?}");
    }
    assert!(help.out.contains("Run the service (Moss's own)"), "{help:?}");
}

#[test]
fn the_version_is_one_line() {
    let home = Home::without_credentials();
    let version = home.run(["version", "--json"]);
    assert_eq!(version.out.lines().count(), 1);
    assert_eq!(version.json(), json!({"cli": "0.1.0", "sdk": moss::VERSION}));
    assert!(home.run(["version"]).ok().contains(moss::VERSION));
}

#[test]
fn a_log_is_written_where_it_is_asked_for() {
    let home = Home::new();
    home.places();
    assert_eq!(home.run(["index", "list"]).err, "");
    let logged = home.run(["index", "list", "--verbose", "--json"]);
    assert!(
        logged.err.contains("DEBUG") && logged.err.contains("project"),
        "{logged:?}"
    );
    logged.json();
    let home = home.with("RUST_LOG", "");
    let logged = home.run(["index", "list", "--verbose"]);
    assert!(
        logged.err.contains("DEBUG"),
        "an empty variable is none: {logged:?}"
    );
    assert!(
        !logged.err.contains('\u{1b}'),
        "no colours but for a terminal: {logged:?}"
    );
    let home = home.with("RUST_LOG", "error");
    assert_eq!(home.run(["index", "list", "--verbose"]).err, "");
}
