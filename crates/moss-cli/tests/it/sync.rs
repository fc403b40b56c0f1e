//! A folder of document files in an index.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::serve::Service;
use crate::support::{Home, until};

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

/// A home with the index `places` and a folder of four files, one of them bad and one of another kind. By path, `deep` with its
/// two documents comes first.
fn home() -> Home {
    let home = Home::new();
    home.places();
    home.write("data/b.json", doc("b"));
    home.write(
        "data/a/deep.jsonl",
        "{\"id\": \"deep\", \"text\": \"t\", \"embedding\": [0, 1]}\n{\"id\": \"deeper\", \"text\": \"t\", \"embedding\": [0, 1]}",
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
    assert_eq!(counts, [2, 1]);
    let reported: Value = serde_json::from_str(&ran.err).unwrap();
    assert!(reported["error"].as_str().unwrap().contains("bad.csv"), "{ran:?}");
    assert_eq!(ids(&home), ["b", "deep", "deeper", "east", "north", "west"]);
}

#[test]
fn suffixes_are_chosen() {
    let home = home();
    home.run(["sync", "data", "places", "--ext", "jsonl,txt", "--wait"])
        .ok();
    assert_eq!(ids(&home), ["deep", "deeper", "east", "north", "west"]);
}

#[test]
fn what_cannot_be_synced_is_said() {
    let home = home();
    home.run(["sync", "nowhere", "places"]).fails(2, "nowhere");
    let none = home.run(["sync", "data", "none"]);
    none.fails(1, "none");
    assert_eq!(
        none.err.matches("error: ").count(),
        1,
        "no file fares better: {none:?}"
    );
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
        // It may have ended by itself.
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

const WATCH: [&str; 6] = ["sync", "data", "places", "--watch", "--scan-interval", "0.05"];

impl Watch {
    /// What it says goes to the file `said`.
    fn start(home: &Home, command: &mut Command) -> Watch {
        let said = File::create(home.path("said")).unwrap();
        Watch(command.stdout(Stdio::null()).stderr(said).spawn().unwrap())
    }
}

#[test]
fn a_watched_folder_is_followed() {
    let home = home();
    let _watch = Watch::start(&home, &mut home.command(WATCH));
    let there = |id: &str| until(id, || ids(&home).contains(&id.to_owned()));
    there("deep");
    there("b");
    home.write("data/new/later.json", doc("later"));
    there("later");
    home.write("data/b.json", doc("b-changed"));
    there("b-changed");
}

/// A document whose vector does not fit the index.
const REFUSED: &str = r#"[{"id": "long", "text": "t", "embedding": [1, 0, 0]}]"#;

#[test]
fn a_refused_file_is_reported_and_the_others_are_upserted() {
    let home = home();
    home.write("data/a.json", REFUSED);
    let ran = home.run(["sync", "data", "places"]);
    ran.fails(1, "data/a.json: ");
    assert_eq!(ids(&home), ["b", "deep", "deeper", "east", "north", "west"]);
}

#[test]
fn a_watched_file_that_is_refused_is_left_alone_until_it_changes() {
    let home = home();
    home.write("data/a.json", REFUSED);
    let _watch = Watch::start(&home, &mut home.command(WATCH));
    let there = |id: &str| until(id, || ids(&home).contains(&id.to_owned()));
    // Each is found by a later look.
    for id in ["b", "second", "third"] {
        home.write(&format!("data/{id}.json"), doc(id));
        there(id);
    }
    let said = fs::read_to_string(home.path("said")).unwrap();
    assert_eq!(said.matches("a.json").count(), 1, "{said}");
    home.write("data/a.json", doc("mended"));
    there("mended");
}

#[test]
fn a_watched_file_comes_again_when_the_service_was_away() {
    let home = home();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let mut command = home.command(WATCH);
    command.env("MOSS_CLOUD_API_MANAGE_URL", format!("http://{free}/v1/manage"));
    let _watch = Watch::start(&home, &mut command);
    let said = || fs::read_to_string(home.path("said")).unwrap_or_default();
    until("an error", || said().contains("deep.jsonl: "));
    let _service = Service::start_at(&home, &free, &[]);
    until("deep", || ids(&home).contains(&"deep".to_owned()));
}

#[test]
fn nobody_watches_for_a_reader_who_left() {
    let home = home();
    let mut command = home.command(WATCH);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    drop(out);
    let mut watch = Watch(child);
    home.write("data/later.json", doc("later"));
    until("the end", || watch.0.try_wait().unwrap().is_some());
    assert_eq!(watch.0.wait().unwrap().code(), Some(1));
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_read_is_reported_and_the_others_are_read() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    home.write("data/closed/c.json", doc("c"));
    let closed = home.path("data/closed");
    let set = |mode| fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).unwrap();
    set(0);
    let is_root = fs::read_dir(&closed).is_ok();
    let ran = home.run(["sync", "data", "places"]);
    set(0o700);
    // Nothing is closed to root.
    if !is_root {
        ran.fails(1, "data/closed: ");
        assert_eq!(ids(&home), ["b", "deep", "deeper", "east", "north", "west"]);
    }
}
