//! Checks what a service took and answered against the OpenAPI document that it hands out.
//!
//! For tests: a mismatch panics, with what the document says and what is wrong with the body.

#![allow(clippy::unwrap_used)] // part of the tests

use std::sync::LazyLock;

use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../moss-serve/openapi.json")).unwrap());

/// Panics unless `body` is what the document says of this status of this operation.
pub fn check_answer(method: &str, path: &str, status: u16, body: &Value) {
    let Some(operation) = operation(method, path) else {
        assert!(matches!(status, 404 | 405), "{method} {path} is not documented");
        return check(&json!({"$ref": "#/components/schemas/Error"}), body);
    };
    let responses = &operation["responses"];
    let response = responses.get(status.to_string()).unwrap_or(&responses["default"]);
    let response = response.get("$ref").map_or(response, resolve);
    check(&response["content"]["application/json"]["schema"], body);
}

/// Panics unless `body` is what the document says of a request that the service took.
pub fn check_request(schema: &str, body: &Value) {
    check(&json!({"$ref": format!("#/components/schemas/{schema}")}), body);
}

/// Panics unless `body` is what the document says that this manage action answers.
pub fn check_manage_answer(action: &str, body: &Value) {
    let (first, rest) = action.split_at(1);
    let name = format!("{}{rest}Answer", first.to_uppercase());
    check(&json!({"$ref": format!("#/components/schemas/{name}")}), body);
}

fn check(schema: &Value, body: &Value) {
    assert!(schema.is_object(), "no schema for {body}");
    let whole = json!({"allOf": [schema], "components": DOCUMENT["components"]});
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&whole)
        .unwrap();
    let faults: Vec<String> = validator
        .iter_errors(body)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "{body} is not {schema}: {faults:?}");
}

fn resolve(reference: &Value) -> &'static Value {
    let pointer = reference.as_str().unwrap().trim_start_matches('#');
    DOCUMENT.pointer(pointer).unwrap()
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        let same = |(template, part): (&&str, &&str)| template.starts_with('{') || template == part;
        template.len() == parts.len() && template.iter().zip(&parts).all(same)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let (_, operations) = paths.iter().find(|(template, _)| fits(template))?;
    operations.get(method.to_lowercase())
}
