//! Sessions, versions and restoring from the terminal.

use serde_json::json;

use crate::support::{Home, PLACES, Ran, keys};

fn ids(ran: &Ran) -> Vec<String> {
    let docs = ran.json();
    let id = |doc: &serde_json::Value| doc["id"].as_str().unwrap().to_owned();
    docs.as_array().unwrap().iter().map(id).collect()
}

#[test]
fn what_one_call_adds_another_finds() {
    let home = Home::new();
    let added = home.run([
        "session",
        "add",
        "call",
        "I want my money back",
        "--id",
        "turn-1",
        "--json",
    ]);
    assert_eq!(
        keys(&added.out, 2),
        [
            "added",
            "updated",
            "job_id",
            "index_name",
            "doc_count",
            "status",
            "version",
            "conflicts"
        ]
    );
    let answer = added.json();
    assert_eq!(
        (&answer["added"], &answer["doc_count"], &answer["version"]),
        (&json!(1), &json!(1), &json!("1"))
    );
    let file = home.write(
        "turns.jsonl",
        "{\"id\": \"turn-1\", \"text\": \"a refund\"}\n{\"id\": \"turn-2\", \"text\": \"rain\"}\n",
    );
    let again = home
        .run(["session", "add", "call", "--file", &file, "--json"])
        .json();
    assert_eq!((&again["added"], &again["updated"]), (&json!(1), &json!(1)));
    let found = home
        .run(["session", "query", "call", "reimbursement", "-k", "1", "--json"])
        .json();
    assert_eq!(found["docs"][0]["id"], "turn-1");
    // A session is an index like any other.
    assert_eq!(
        home.run(["index", "get", "call", "--json"]).json()["doc_count"],
        2
    );
    home.run(["session", "add", "call"]).fails(2, "--file");
    home.run(["session", "add", "call", "text"]).fails(2, "--id");
}

#[test]
fn documents_are_read_sorted_filtered_and_deleted() {
    let home = Home::new();
    home.places();
    let get = |more: &[&str]| ids(&home.run(["session", "get", "places", "--json"].iter().chain(more)));
    assert_eq!(get(&[]), ["east", "north", "west"]);
    assert_eq!(get(&["--ids", "west,east"]), ["west", "east"]);
    assert_eq!(
        get(&["--filter", r#"{"field": "side", "condition": {"$eq": "right"}}"#]),
        ["east"]
    );
    assert_eq!(get(&["--sort-by", "side", "--descending"])[0], "east");
    let deleted = home
        .run(["session", "delete", "places", "--ids", "east,nowhere", "--json"])
        .json();
    assert_eq!(
        (&deleted["deleted"], &deleted["doc_count"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(get(&[]), ["north", "west"]);
    // What was there before is still there to be looked at.
    assert_eq!(get(&["--at", "1"]), ["east", "north", "west"]);
    home.run(["session", "get", "places", "--at", "9"]).fails(1, "9");
}

#[test]
fn a_push_of_a_file_replaces_all() {
    let home = Home::new();
    home.places();
    let file = home.write(
        "south.json",
        r#"[{"id": "south", "text": "warm", "embedding": [0, -1]}]"#,
    );
    let arguments = ["session", "push", "places", "-m", "custom", "-f", &file];
    home.run(arguments.into_iter().chain(["--on-conflict", "maybe"]))
        .fails(2, "maybe");
    home.run(arguments.into_iter().chain(["--on-conflict", "fail"]))
        .fails(1, "places");
    home.run(arguments).ok();
    assert_eq!(ids(&home.run(["doc", "get", "places", "--json"])), ["south"]);
}

#[test]
fn a_push_keeps_the_model_that_is_stored() {
    let home = Home::new();
    home.places();
    let file = home.write("places.json", PLACES);
    let texts = home.write("texts.json", r#"[{"id": "a", "text": "refund"}]"#);
    let model = |name: &str| home.run(["index", "get", name, "--json"]).json()["model"]["id"].clone();
    home.run(["session", "push", "places", "-f", &file]).ok();
    assert_eq!(model("places"), "custom");
    // Nothing is stored: as with a new index.
    home.run(["session", "push", "new", "-f", &file]).ok();
    assert_eq!(model("new"), "custom");
    home.run(["session", "push", "litelm", "-m", "moss-litelm", "-f", &texts])
        .ok();
    home.run(["session", "push", "litelm", "-f", &texts]).ok();
    assert_eq!(model("litelm"), "moss-litelm");
    home.run(["session", "push", "texts", "-f", &texts]).ok();
    assert_eq!(model("texts"), "moss-minilm");
}

#[test]
fn an_id_does_not_reach_the_terminal_as_a_command() {
    let home = Home::new();
    let file = |text: &str| {
        let docs = json!([{"id": "a\u{1b}[2J", "text": text, "embedding": [1]}]);
        home.write("evil.json", docs.to_string())
    };
    home.run(["session", "push", "evil", "-f", &file("one")]).ok();
    let merged = home.run([
        "session",
        "push",
        "evil",
        "--on-conflict",
        "merge",
        "-f",
        &file("two"),
    ]);
    assert!(merged.ok().contains("changed by others too: a [2J"), "{merged:?}");
}

#[test]
fn an_earlier_version_is_restored_when_that_is_meant() {
    let home = Home::new();
    home.places();
    home.run(["doc", "delete", "places", "-i", "east"]).ok();
    let listed = home.run(["versions", "places", "--json"]);
    assert_eq!(keys(&listed.out, 4)[..3], ["version", "doc_count", "updated_at"]);
    let versions = listed.json();
    let (newest, first) = (&versions[0], &versions[versions.as_array().unwrap().len() - 1]);
    assert_eq!(
        (&newest["doc_count"], &first["doc_count"]),
        (&json!(2), &json!(3))
    );
    assert!(home.run(["versions", "places"]).ok().starts_with("VERSION"));

    let first = first["version"].to_string();
    home.pipe(["restore", "places", &first], "n\n")
        .fails(1, "nothing was restored");
    assert_eq!(
        home.run(["index", "get", "places", "--json"]).json()["doc_count"],
        2
    );
    home.run(["restore", "places", &first, "--confirm"]).ok();
    assert_eq!(
        home.run(["index", "get", "places", "--json"]).json()["doc_count"],
        3
    );
    let restored = home
        .run([
            "restore",
            "places",
            newest["version"].to_string().as_str(),
            "--json",
        ])
        .json();
    assert_eq!(restored["doc_count"], 2);
    home.run(["restore", "places", "99", "-y"]).fails(1, "99");
    home.run(["versions", "nowhere"]).fails(1, "nowhere");
}

#[test]
fn a_session_keeps_its_model() {
    let home = Home::new();
    let file = home.write("places.json", PLACES);
    home.run(["session", "add", "places", "-m", "custom", "-f", &file])
        .ok();
    home.run(["session", "add", "places", "-m", "moss-minilm", "-f", &file])
        .fails(1, "custom");
}
