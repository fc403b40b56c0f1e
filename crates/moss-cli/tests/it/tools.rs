//! The commands that need no cloud: models and measuring.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::Home;

#[test]
fn a_model_is_found_and_described() {
    let home = Home::without_credentials();
    let path = home.run(["model", "pull"]).ok().trim().to_owned();
    assert!(path.ends_with("moss-minilm.moss"), "{path}");
    let info = home.run(["model", "info", &path, "--json"]).json();
    assert_eq!(
        (&info["weights"], &info["dim"]),
        (&"moss-minilm".into(), &384.into())
    );
    assert_eq!(info["source_sha256"].as_str().unwrap().len(), 64);
    assert!(
        home.run(["model", "info", &path])
            .ok()
            .contains("dimensions     384")
    );
    let broken = home.write("broken.moss", "no model");
    home.run(["model", "info", &broken]).fails(1, "broken.moss");
    home.run(["model", "pull", "gpt"]).fails(1, "moss-mediumlm");
}

#[test]
fn published_files_are_packed() {
    let home = Home::without_credentials();
    home.run(["model", "pack", ".", "out.moss"])
        .fails(1, "tokenizer.json");
    assert!(!home.path("out.moss").exists());
    // Beside the file that scripts/model made is what it was made of.
    let models = PathBuf::from(std::env::var_os("MOSS_MODEL_DIR").unwrap());
    home.run([
        "model",
        "pack",
        models.join("weights").to_str().unwrap(),
        "out.moss",
    ])
    .ok();
    let same = fs::read(home.path("out.moss")).unwrap() == fs::read(models.join("moss-minilm.moss")).unwrap();
    assert!(same, "the packed file is not that of scripts/model");
}

#[test]
fn bench_measures_in_a_store_of_its_own() {
    let home = Home::without_credentials();
    let arguments = ["bench", "--docs", "30", "--times", "3", "--json"];
    let report = home.run(arguments).json();
    assert_eq!(
        (&report["model"], &report["doc_count"]),
        (&"moss-minilm".into(), &30.into())
    );
    let works: Vec<&Value> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["work"])
        .collect();
    assert_eq!(
        works,
        [
            "embed a question",
            "query",
            "add one document",
            "push ten documents"
        ]
    );
    for row in report["results"].as_array().unwrap() {
        assert!(
            row["p50_ms"].as_f64().unwrap() <= row["p99_ms"].as_f64().unwrap(),
            "{row}"
        );
        assert_eq!(row["times"], 3);
    }
    // Of two samples the 99th percentile is the larger one.
    let report = home
        .run(["bench", "--docs", "1", "--times", "2", "--json"])
        .json();
    let rows = report["results"].as_array().unwrap();
    let differ = |row: &Value| row["p50_ms"].as_f64() < row["p99_ms"].as_f64();
    assert!(rows.iter().any(differ), "{report}");
    assert!(!home.path("store").exists(), "the user's store is not touched");
    let file = home.write("one.json", r#"[{"id": "a", "text": "t", "embedding": [1]}]"#);
    let shown = home.run(["bench", "--file", &file, "--times", "1"]);
    assert!(shown.ok().contains("1 document of moss-minilm"), "{shown:?}");
    home.run(["bench", "--model", "custom"]).fails(2, "custom");
}
