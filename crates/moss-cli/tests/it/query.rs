//! Questions: one, or one after the other.

use serde_json::json;

use crate::support::{Home, keys};

#[test]
fn a_query_finds_the_nearest() {
    let home = Home::new();
    home.places();
    for cloud in [&[][..], &["--cloud"]] {
        let arguments = [
            "query",
            "places",
            "sun",
            "--embedding",
            "[1, 0]",
            "--alpha",
            "1",
            "--json",
        ];
        let ran = home.run(arguments.iter().chain(cloud));
        let found = ran.json();
        assert_eq!(
            keys(&ran.out, 2),
            ["query", "index_name", "time_taken_ms", "docs"]
        );
        assert_eq!(
            (&found["query"], &found["index_name"]),
            (&json!("sun"), &json!("places"))
        );
        assert!(found["time_taken_ms"].is_u64());
        let docs = found["docs"].as_array().unwrap();
        assert_eq!(docs.len(), 3, "top-k is 10");
        assert_eq!(
            docs[0],
            json!({"id": "east", "text": "sun up", "score": 1.0, "metadata": {"side": "right"}})
        );
        assert_eq!(docs[2]["score"], 0.0);
    }
}

#[test]
fn the_model_embeds_documents_and_questions() {
    let home = Home::new();
    let docs = json!([
        {"id": "refund", "text": "The money goes back to the card that paid."},
        {"id": "weather", "text": "It will rain over the hills tonight."}
    ]);
    home.pipe(["index", "create", "faq", "-f", "-"], &docs.to_string())
        .ok();
    let top = |ran: crate::support::Ran| ran.json()["docs"][0]["id"].clone();
    assert_eq!(
        top(home.run(["query", "faq", "can I be reimbursed?", "--json", "-k", "1"])),
        "refund"
    );
    let piped = home.pipe(["query", "faq", "--json"], "do I need an umbrella?\n");
    assert_eq!(piped.json()["query"], "do I need an umbrella?");
    assert_eq!(top(piped), "weather");
}

#[test]
fn a_filter_is_applied_before_ranking() {
    let home = Home::new();
    home.places();
    let filter = r#"{"field": "side", "condition": {"$eq": "right"}}"#;
    let ran = home.run([
        "query",
        "places",
        "x",
        "--embedding",
        "[0, 1]",
        "--filter",
        filter,
        "--json",
    ]);
    let docs = &ran.json()["docs"];
    assert_eq!(
        (docs.as_array().unwrap().len(), &docs[0]["id"]),
        (1, &json!("east"))
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let home = Home::new();
    for (arguments, said) in [
        (&["x", "--cloud", "--filter", "{}"][..], "--filter"),
        (&["--interactive", "--json"], "--json"),
        (&["-i", "-c"], "--cloud"),
        (&["x", "--filter", "{"], "filter"),
        (
            &["x", "--filter", r#"{"field": "a", "condition": {"$no": 1}}"#],
            "$no",
        ),
        (&["x", "--embedding", "x"], "--embedding"),
        (&[" "], "no query text"),
        (&[], "standard input is empty"),
    ] {
        home.run(["query", "places"].iter().chain(arguments))
            .fails(1, said);
    }
    home.run(["query", "places", "x"]).fails(1, "places");
    home.places();
    home.run(["query", "places", "x"])
        .fails(1, "requires explicit query embeddings");
    home.run(["query", "places", "x", "--embedding", "[1, 0]", "--alpha", "1.5"])
        .fails(1, "1.5");
}

#[test]
fn a_conversation_outlives_what_fails_in_it() {
    let home = Home::new();
    home.places();
    let lines = "sun\n\n/set top-k 1\nsun\n/set top-k 0\n/set alpha 1.5\n/set alpha 0\ncold\n/what\n/exit\nnever asked\n";
    let arguments = ["query", "places", "--interactive", "--embedding", "[1, 0]"];
    let ran = home.pipe(arguments, lines);
    let answers: Vec<&str> = ran.ok().lines().filter(|line| line.ends_with(" ms")).collect();
    assert_eq!(answers.len(), 3, "{ran:?}");
    assert!(answers[0].starts_with("3 documents"), "{ran:?}");
    assert!(answers[1].starts_with("1 document "), "{ran:?}");
    let last = ran.out.lines().rev().nth(1).unwrap();
    assert!(last.contains("north"), "by words alone: {ran:?}");
    for said in [
        "top-k must be a number of at least 1, got \"0\"",
        "got \"1.5\"",
        "\"/what\" is no command",
    ] {
        assert!(ran.err.contains(said), "{said:?} in {ran:?}");
    }

    let failing = home.pipe(["query", "places", "-i", "--embedding", "[1]"], "sun\nsun\n");
    assert_eq!(failing.ok(), "");
    assert_eq!(failing.err.matches("error: ").count(), 2, "{failing:?}");
}
