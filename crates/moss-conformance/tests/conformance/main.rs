//! Runs the scenario files of this crate against the crate `moss`; the format is explained in the README.

#![allow(clippy::unwrap_used)] // helpers are tests too

mod answers;
mod calls;
mod values;

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use calls::{Door, World};

/// What this language has of the optional parts.
const HAS: [&str; 8] = [
    "auto_load",
    "cache_path",
    "cloud_query",
    "load_indexes",
    "local_query",
    "precision",
    "query_multi_index",
    "refresh_index",
];

macro_rules! scenarios {
    ($($subject:ident)*) => {
        $(
            #[test]
            fn $subject() {
                run_file(concat!(stringify!($subject), ".json"));
            }
        )*

        #[test]
        fn every_file_is_run() {
            let mut files: Vec<String> = fs::read_dir(folder().join("scenarios"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            assert_eq!(files, [$(concat!(stringify!($subject), ".json")),*]);
        }
    };
}

scenarios! {
    add blend client cloud conflicts delete disk embeddings errors filters get grouping limits loaded
    model_handoff model_rules model_session multi_index open precision push query
}

/// Every filter of `vectors/filters.json`, asked through a session that holds one document.
#[test]
fn filter_vectors() {
    let cases = read("vectors/filters.json");
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 111);
    for case in cases {
        let mut asked = json!({"call": "s.get_docs", "args": {"filter": case["filter"]}});
        match case["python"].as_str() {
            None => asked["count"] = json!(u8::from(case["matches"] == true)),
            Some("TypeError") => asked["error"] = json!("InvalidFilterType"),
            Some(_) => asked["error"] = json!("InvalidFilter"),
        }
        let document = json!({"id": "a", "text": "", "embedding": [1], "metadata": case.get("metadata")});
        let steps = json!([
            {"call": "client.session", "args": {"index_name": "s", "model_id": "custom"}, "as": "s"},
            {"call": "s.add_docs", "args": {"docs": [document]}, "expect": [1, 0]},
            asked,
        ]);
        run("filters.json", &case["name"], &steps);
    }
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> Value {
    let text = fs::read_to_string(folder().join(file)).unwrap();
    let mut reader = serde_json::Deserializer::from_str(&text);
    // A filter of 64 levels lies deeper than JSON is read by default.
    reader.disable_recursion_limit();
    Value::deserialize(&mut reader).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn run_file(file: &str) {
    let content = read(&format!("scenarios/{file}"));
    let scenarios = content["scenarios"].as_array().unwrap();
    assert!(!scenarios.is_empty(), "{file} holds no scenario");
    for scenario in scenarios {
        let needs = scenario
            .get("needs")
            .map_or(&[][..], |needs| needs.as_array().unwrap());
        // Rust has all of it, so a need that is not known is a slip of the pen.
        for need in needs {
            assert!(HAS.contains(&need.as_str().unwrap()), "{file}: need {need}");
        }
        run(file, &scenario["name"], &scenario["steps"]);
    }
}

/// Once through each door.
fn run(file: &str, name: &Value, steps: &Value) {
    for door in [Door::Store, Door::Service] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(folder.path(), door);
        for (number, step) in steps.as_array().unwrap().iter().enumerate() {
            if let Err(fault) = world.step(step) {
                panic!(
                    "{file}: {name}, {door:?}, step {} ({}): {fault}",
                    number + 1,
                    step["call"]
                );
            }
        }
    }
}
