//! Document files: their forms, and what `validate` finds.

use serde_json::{Value, json};

use crate::support::{Home, keys};

/// The documents of a file, as an index gives them back.
fn read(name: &str, content: &str) -> Value {
    let home = Home::new();
    let file = home.write(name, content);
    home.run(["index", "create", "i", "-m", "custom", "-f", &file])
        .ok();
    home.run(["doc", "get", "i", "--json"]).json()
}

#[test]
fn every_form_gives_the_same_documents() {
    let expected = json!([
        {"id": "1", "text": "one, two", "metadata": {"a": "b"}, "payload": "p"},
        {"id": "2", "text": "3.5"}
    ]);
    let list = r#"[{"id": 1, "text": "one, two", "metadata": {"a": "b"}, "embedding": [1, 2], "payload": "p"},
        {"id": "2", "text": 3.5, "metadata": null, "embedding": [0.5, 0], "extra": true}]"#;
    for (name, content) in [
        ("d.json", list.to_owned()),
        ("d.txt", format!("{{\"documents\": {list}}}")),
        ("d", format!("\u{feff}{{\"docs\": {list}}}")),
    ] {
        assert_eq!(read(name, &content), expected, "{name}");
    }
    let lines = r#"
        {"id": 1, "text": "one, two", "metadata": {"a": "b"}, "embedding": [1, 2], "payload": "p"}

        {"id": "2", "text": 3.5, "embedding": [0.5, 0]}"#;
    assert_eq!(read("d.JSONL", lines), expected);
    let csv = "\u{feff}id,text,metadata,embedding,payload,extra\n\
        1,\"one, two\",\"{\"\"a\"\": \"\"b\"\"}\",\"[1, 2]\",p,x\n\
        2,3.5,,\"[0.5, 0]\",,\n";
    assert_eq!(read("d.csv", csv), expected);
}

#[test]
fn large_numbers_are_the_ids_that_were_written() {
    let ids = ["18446744073709551615", "9007199254740992", "9007199254740993"];
    let lines = ids.map(|id| format!("{{\"id\": {id}, \"text\": \"t\", \"embedding\": [1]}}"));
    let docs = read("d.jsonl", &lines.join("\n"));
    let docs = docs.as_array().unwrap();
    let found: Vec<&str> = docs.iter().map(|doc| doc["id"].as_str().unwrap()).collect();
    assert_eq!(found, ids);
}

#[test]
fn a_bad_file_is_a_wrong_call_that_names_the_place() {
    let home = Home::new();
    for (name, content, said) in [
        ("a.json", "{", "not JSON"),
        ("a.json", "{\"items\": []}", "documents"),
        ("a.json", "[1]", "document 1 is not an object"),
        (
            "a.json",
            r#"[{"id": "a", "text": ""}, {"text": "t"}]"#,
            "document 2 has no id",
        ),
        ("a.json", r#"[{"id": "a"}]"#, "has no text"),
        (
            "a.json",
            r#"[{"id": [], "text": "t"}]"#,
            "neither a string nor a number",
        ),
        ("a.json", r#"[{"id": "", "text": "t"}]"#, "must not be empty"),
        (
            "a.json",
            r#"[{"id": 18446744073709551616, "text": "t"}]"#,
            "document 1 has id that is too large for a number: put it in quotes",
        ),
        (
            "a.jsonl",
            r#"{"id": -9223372036854775809, "text": "t"}"#,
            "put it in quotes",
        ),
        (
            "a.json",
            r#"[{"id": "a", "text": "t", "metadata": {"n": 1}}]"#,
            "\"n\"",
        ),
        (
            "a.json",
            r#"[{"id": "a", "text": "t", "metadata": "m"}]"#,
            "metadata",
        ),
        (
            "a.json",
            r#"[{"id": "a", "text": "t", "embedding": ["x"]}]"#,
            "embedding",
        ),
        (
            "a.json",
            r#"[{"id": "a", "text": "t", "embedding": [1e300]}]"#,
            "embedding",
        ),
        (
            "a.json",
            r#"[{"id": "a", "text": "t", "payload": {}}]"#,
            "payload",
        ),
        ("a.json", "[1, 2, 3]", "and 2 more"),
        (
            "a.jsonl",
            "{\"id\": 1, \"text\": 2}\n\noops\n",
            "line 3 is not JSON",
        ),
        ("a.csv", "id,words\n1,2\n", "\"text\""),
        ("a.csv", "id,text\n1\n", "line: 2"),
        (
            "a.csv",
            "id,text,metadata\n1,t,{\n",
            "line 2 has metadata that is not JSON",
        ),
    ] {
        let file = home.write(name, content);
        for command in [&["index", "create", "i"][..], &["doc", "add", "i"]] {
            let ran = home.run(command.iter().copied().chain(["--file", &file]));
            ran.fails(2, said);
            assert!(ran.err.contains(name), "{ran:?}");
        }
    }
    let file = home.write("a.json", [0xff, 0xfe]);
    home.run(["index", "create", "i", "-f", &file]).fails(2, "UTF-8");
    home.run(["index", "create", "i", "-f", "missing.json"])
        .fails(2, "missing.json");
}

#[test]
fn validate_finds_what_would_go_wrong() {
    let home = Home::without_credentials();
    let good = home.write(
        "good.json",
        r#"[{"id": "a", "text": "t"}, {"id": "b", "text": "u"}]"#,
    );
    let ran = home.run(["validate", "-f", &good, "--json"]);
    assert_eq!(ran.json(), json!({"valid": true, "doc_count": 2, "issues": []}));
    assert_eq!(keys(&ran.out, 2), ["valid", "doc_count", "issues"]);
    home.run(["validate", "--file", &good]).ok();

    for (content, issues) in [
        ("[]", &["no documents"][..]),
        (
            r#"[{"id": 1, "text": "t"}, {"id": "1", "text": "u"}]"#,
            &["document \"1\" is there twice"],
        ),
        (
            r#"[{"id": 1, "text": " "}, {"id": 2}]"#,
            &["document 2 has no text", "document \"1\" has an empty text"],
        ),
        (
            r#"[{"id": 1, "text": "t", "embedding": [1]}, {"id": 2, "text": "t"}]"#,
            &["some documents have an embedding and some have none"],
        ),
        (
            r#"[{"id": 1, "text": "t", "embedding": [1]}, {"id": 2, "text": "t", "embedding": [1, 2]}]"#,
            &["embeddings have differing lengths: {1, 2}"],
        ),
    ] {
        let file = home.write("bad.json", content);
        let ran = home.run(["validate", "-f", &file, "--json"]);
        assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{ran:?}");
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(answer["valid"], false);
        assert_eq!(answer["issues"], json!(issues));
        let shown = home.run(["validate", "-f", &file]);
        assert_eq!(shown.code, 1);
        assert!(shown.out.contains(issues[0]), "{shown:?}");
    }
    home.run(["validate", "-f", "missing.json"])
        .fails(2, "missing.json");
}
