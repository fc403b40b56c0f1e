//! A folder of document files in an index.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Home;

fn doc(id: &str) -> String {
    format!("[{{\"id\": \"{id}\", \"text\": \"t\", \"embedding\": [1, 0]}}]")
}

/// The ids in the index.
fn ids(home: &Home) -> Vec<String> {
    let docs = home.run(["doc", "get", "places", "--json"]).json();
    docs.as_array()
        .unwrap()
        .iter()
        .map(|doc| doc["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A home with the index `places` and a folder of four files, one of them bad and one of another kind.
fn home() -> Home {
    let home = Home::new();
    home.places();
    home.write("data/b.json", doc("b"));
    home.write(
        "data/a/deep.jsonl",
        "{\"id\": \"deep\", \"text\": \"t\", \"embedding\": [0, 1]}",
    );
    home.write("data/bad.csv", "words\nnone\n");
    home.write("data/notes.md", "# not data");
    home
}

#[test]
fn every_matching_file_is_upserted_in_order_and_a_bad_one_is_skipped() {
    let home = home();
    let ran = home.run(["sync", "data", "places", "--json"]);
    let answers = serde_json::Deserializer::from_str(ran.ok()).into_iter::<Value>();
    let counts: Vec<Value> = answers
        .map(|answer| answer.unwrap()["doc_count"].clone())
        .collect();
    assert_eq!(counts, [1, 1]);
    let reported: Value = serde_json::from_str(&ran.err).unwrap();
    assert!(reported["error"].as_str().unwrap().contains("bad.csv"), "{ran:?}");
    assert_eq!(ids(&home), ["b", "deep", "east", "north", "west"]);
}

#[test]
fn suffixes_are_chosen() {
    let home = home();
    home.run(["sync", "data", "places", "--ext", "jsonl,txt", "--wait"])
        .ok();
    assert_eq!(ids(&home), ["deep", "east", "north", "west"]);
}

#[test]
fn what_cannot_be_synced_is_said() {
    let home = home();
    home.run(["sync", "nowhere", "places"]).fails(2, "nowhere");
    home.run(["sync", "data", "none"]).fails(1, "none");
    home.run(["sync", "data", "places", "-w", "--scan-interval", "x"])
        .fails(2, "--scan-interval");
    let nothing = home.run(["sync", "data", "places", "--ext", "xml"]);
    nothing.ok();
    assert!(nothing.err.contains("no files of xml"), "{nothing:?}");
}

/// A process that ends with the test.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_watched_folder_is_followed() {
    let home = home();
    let command = home
        .command(["sync", "data", "places", "--watch", "--scan-interval", "0.05"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _watch = Watch(command.unwrap());
    let deadline = Instant::now() + Duration::from_secs(120);
    let until = |wanted: &str| {
        while !ids(&home).contains(&wanted.to_owned()) {
            assert!(Instant::now() < deadline, "{wanted} was never upserted");
        }
    };
    until("deep");
    until("b");
    home.write("data/new/later.json", doc("later"));
    until("later");
    home.write("data/b.json", doc("b-changed"));
    until("b-changed");
}
