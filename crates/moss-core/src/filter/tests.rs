//! The contract's vectors, faults and their paths, and the bitmap against a loop over documents.

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::lexical::NO_ROW;
use crate::{ErrorKind, Metadata};

fn vectors() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../moss-conformance/vectors/filters.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Both doors must agree on a filter; the error's kind on failure.
fn parse(filter: &Value) -> Result<Filter, ErrorKind> {
    let parsed = Filter::parse(filter);
    assert_eq!(parsed, Filter::parse_json(&filter.to_string()));
    parsed.map_err(|error| error.kind())
}

fn pairs(metadata: &Metadata) -> impl Iterator<Item = (&str, &str)> {
    metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

fn select_one(filter: &Filter, metadata: Option<&Metadata>) -> bool {
    let mut columns = Columns::default();
    if let Some(metadata) = metadata {
        columns.insert(3, pairs(metadata));
    }
    let live = FixedBitSet::from_iter([3]);
    columns.select(filter, &live).contains(3)
}

#[test]
fn contract_vectors() {
    let cases = vectors();
    assert_eq!(cases.len(), 111);
    for case in cases {
        let name = &case["name"];
        let parsed = parse(&case["filter"]);
        if case["error"] == json!(true) {
            let expected = match case["python"].as_str() {
                Some("ValueError") => ErrorKind::InvalidFilter,
                Some("TypeError") => ErrorKind::InvalidFilterType,
                other => panic!("{name}: {other:?}"),
            };
            assert_eq!(parsed, Err(expected), "{name}");
            continue;
        }
        let filter = parsed.unwrap();
        let metadata: Option<Metadata> = serde_json::from_value(case["metadata"].clone()).unwrap();
        let expected = case["matches"].as_bool().unwrap();
        assert_eq!(filter.matches(metadata.as_ref()), expected, "{name}");
        assert_eq!(select_one(&filter, metadata.as_ref()), expected, "{name}");
        let travelled = parse(&filter.to_json()).unwrap();
        assert_eq!(
            travelled.matches(metadata.as_ref()),
            expected,
            "{name}: travelled"
        );
    }
}

#[test]
fn operators_that_parse_alike_all_travel() {
    let filter = json!({"field": "n", "condition": {"$eq": "1", "$in": ["1", "2"], "$ne": "3", "$nin": ["4"], "$gt": 0.5}});
    let travelled = parse(&filter).unwrap().to_json();
    let expected = json!({"field": "n", "condition": {"$eq": "1", "$in": ["1", "2"], "$ne": "3", "$nin": ["4"], "$gt": "0.5"}});
    assert_eq!(travelled, expected);
    let circle = json!({"field": "at", "condition": {"$near": "52.5,13.4,250.25"}});
    assert_eq!(parse(&circle).unwrap().to_json(), circle);
}

#[test]
fn messages_name_the_path() {
    let leaf = json!({"field": "a", "condition": {"$eq": "x"}});
    for (filter, message) in [
        (json!("x"), "filter: must be an object, got a string"),
        (
            json!({"field": "a", "condition": 1}),
            "condition: must be an object, got a number",
        ),
        (
            json!({"$and": [leaf, {"field": "a", "condition": {}}]}),
            "$and[1].condition: must have an operator",
        ),
        (
            json!({"$or": [{"$and": [leaf, {"field": "a", "condition": {"$in": ["x", null]}}]}]}),
            "$or[0].$and[1].condition.$in[1]: must be a string, a number or a boolean, got null",
        ),
        (
            json!({"$or": [leaf], "limit": 3}),
            "filter: unexpected key \"limit\" beside \"$or\"",
        ),
    ] {
        assert_eq!(Filter::parse(&filter).unwrap_err().to_string(), message);
    }
}

#[test]
fn scalars_become_text() {
    for (scalar, text) in [
        ("10.0", "10"),
        ("-0.0", "0"),
        ("0.5", "0.5"),
        ("1e20", "100000000000000000000"),
        ("1e-7", "0.0000001"),
        ("5.960464477539063e-8", "0.00000005960464477539063"),
        ("123456789.123456789", "123456789.12345679"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("true", "true"),
        ("\"10.0\"", "10.0"),
    ] {
        let filter = format!(r#"{{"field": "f", "condition": {{"$eq": {scalar}}}}}"#);
        let metadata = Metadata::from([("f".to_owned(), text.to_owned())]);
        assert!(
            Filter::parse_json(&filter).unwrap().matches(Some(&metadata)),
            "{scalar}"
        );
    }
}

#[test]
fn operators_beyond_the_vectors() {
    for (condition, value, expected) in [
        (json!({"$in": ["z", "a", "m"]}), "z", true),
        (json!({"$in": ["z", "a", "m"]}), "m", true),
        (json!({"$nin": ["z", "a", "m"]}), "a", false),
        (json!({"$in": ["a", "b"], "$ne": "a"}), "a", false),
        (json!({"$lt": "Berlin"}), "40.7,-73.9", true),
        (json!({"$gt": 3}), "40.7,-73.9", false),
        (json!({"$gt": "1700000000000000000"}), "1700000000000000001", true),
        (json!({"$lte": "1e999"}), "1e1000", false),
    ] {
        let filter = parse(&json!({"field": "f", "condition": condition})).unwrap();
        let metadata = Metadata::from([("f".to_owned(), value.to_owned())]);
        assert_eq!(filter.matches(Some(&metadata)), expected, "{condition} {value}");
        assert_eq!(
            select_one(&filter, Some(&metadata)),
            expected,
            "{condition} {value}"
        );
    }
}

#[test]
fn json_that_is_no_filter_at_all() {
    for text in [
        "",
        "{",
        "{} {}",
        "nul",
        r#"{"field": "a", "condition": {"$gt": 1e999}}"#,
    ] {
        assert_eq!(
            Filter::parse_json(text).unwrap_err().kind(),
            ErrorKind::InvalidFilter,
            "{text}"
        );
    }
    let twice = r#"{"field": "a", "condition": {"$gt": 1, "$gt": 5}}"#;
    let message = Filter::parse_json(twice).unwrap_err().to_string();
    assert!(message.contains("key \"$gt\" stands twice"), "{message}");
}

fn nested(levels: usize) -> Value {
    let leaf = json!({"field": "a", "condition": {"$in": ["x"]}});
    (0..levels).fold(leaf, |inner, _| json!({"$and": [inner]}))
}

#[test]
fn nesting_has_a_bound() {
    let metadata = Metadata::from([("a".to_owned(), "x".to_owned())]);
    assert!(Filter::parse(&nested(64)).unwrap().matches(Some(&metadata)));
    assert_eq!(
        Filter::parse(&nested(65)).unwrap_err().kind(),
        ErrorKind::InvalidFilter
    );
    for open in ["[", "{\"$and\":[", "{\"field\":\"a\",\"condition\":"] {
        let text = open.repeat(100_000);
        assert_eq!(
            Filter::parse_json(&text).unwrap_err().kind(),
            ErrorKind::InvalidFilter
        );
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "a",
            "b",
            "10",
            "10.0",
            "-3",
            "1e1",
            " 10",
            "inf",
            "0,0",
            "0,1",
            "0, 1.5",
            "9007199254740993",
            "9007199254740992"
        ])
        .prop_map(Value::from),
        (-3i64..12).prop_map(Value::from),
        prop::sample::select(vec![0.5, 10.0, -3.0]).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ]
}

fn filter() -> impl Strategy<Value = Value> {
    let operator = prop_oneof![
        (
            prop::sample::select(vec!["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]),
            scalar()
        ),
        (
            prop::sample::select(vec!["$in", "$nin"]),
            prop::collection::vec(scalar(), 0..4).prop_map(Value::from)
        ),
        (
            Just("$near"),
            (0..3).prop_map(|step| Value::from(format!("0,1,{}", 60_000 * step)))
        ),
    ];
    let condition = prop::collection::vec(operator, 1..3).prop_map(|operators| {
        let object = operators
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        Value::Object(object)
    });
    let leaf =
        (field(), condition).prop_map(|(field, condition)| json!({"field": field, "condition": condition}));
    leaf.prop_recursive(3, 12, 3, |inner| {
        (
            prop::sample::select(vec!["$and", "$or"]),
            prop::collection::vec(inner, 0..3),
        )
            .prop_map(|(key, parts)| json!({key: parts}))
    })
}

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["f", "g", "h.i"]).prop_map(String::from)
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let text = scalar().prop_map(|value| value.as_str().map_or(value.to_string(), String::from));
    prop::collection::btree_map(field(), text, 0..3)
}

proptest! {
    /// Adds, removes and replacements, rows being used again, then a compaction.
    #[test]
    fn the_bitmap_is_the_loop_over_documents(
        steps in prop::collection::vec((0u32..20, prop::option::weighted(0.8, metadata())), 1..60),
        filters in prop::collection::vec(filter(), 1..6),
        dead in 0u32..20,
        dropped in 0u32..5,
    ) {
        let filters: Vec<Filter> = filters.iter().map(|filter| parse(filter).unwrap()).collect();
        let (mut columns, mut documents) = (Columns::default(), BTreeMap::new());
        for (row, metadata) in steps {
            if let Some(old) = documents.remove(&row) {
                columns.remove(row, pairs(&old));
            }
            if let Some(metadata) = metadata {
                columns.insert(row, pairs(&metadata));
                documents.insert(row, metadata);
            }
        }
        let check = |columns: &Columns, documents: &BTreeMap<u32, Metadata>, live: &FixedBitSet| {
            for filter in &filters {
                let selected = columns.select(filter, live);
                assert_eq!(selected.len(), live.len());
                // A live row that is not in the map is a document without metadata.
                let expected = live.ones().filter(|&row| filter.matches(documents.get(&(row as u32))));
                assert_eq!(selected.ones().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
            }
        };
        let mut live = FixedBitSet::with_capacity(18);
        live.insert_range(..);
        live.set(dead as usize % 18, false);
        check(&columns, &documents, &live);

        let mut new_row = vec![NO_ROW; 19];
        let mut moved = BTreeMap::new();
        for (at, (row, metadata)) in (0u32..).zip(documents.range(..19)) {
            if at % 5 != dropped {
                new_row[*row as usize] = moved.len() as u32;
                moved.insert(moved.len() as u32, metadata.clone());
            }
        }
        columns.remap(&new_row);
        live.insert_range(..);
        check(&columns, &moved, &live);
        for (row, metadata) in moved {
            columns.remove(row, pairs(&metadata));
        }
        check(&columns, &BTreeMap::new(), &live);
    }

    #[test]
    fn values_have_a_total_order(mut texts in prop::collection::vec(scalar(), 0..40)) {
        let text = |value: &Value| value.as_str().map_or(value.to_string(), String::from);
        texts.sort_by(|a, b| compare_values(&text(a), &text(b)));
        for (i, a) in texts.iter().enumerate() {
            for b in &texts[i..] {
                prop_assert!(compare_values(&text(a), &text(b)).is_le());
            }
        }
    }
}
