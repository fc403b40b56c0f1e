//! Values of scenarios: what stands for another value, and how a result compares with what is expected.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// How far two numbers may lie apart.
const TOLERANCE: f64 = 1e-4;

/// `value` with references and repetitions replaced by what they stand for.
pub(crate) fn resolve(value: &Value, kept: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::Object(fields) => match (fields.get("$ref"), fields.get("$repeat")) {
            (Some(path), _) => {
                let (name, field) = path.as_str().unwrap().split_once('.').unwrap();
                kept.get(name).unwrap_or_else(|| panic!("no result {name:?}"))[field].clone()
            }
            (_, Some(repeat)) => {
                let times = usize::try_from(repeat[1].as_u64().unwrap()).unwrap();
                match &repeat[0] {
                    Value::String(text) => json!(text.repeat(times)),
                    list => std::iter::repeat_n(list.as_array().unwrap(), times)
                        .flatten()
                        .cloned()
                        .collect(),
                }
            }
            _ => fields
                .iter()
                .map(|(key, value)| (key.clone(), resolve(value, kept)))
                .collect(),
        },
        Value::Array(items) => items.iter().map(|item| resolve(item, kept)).collect(),
        other => other.clone(),
    }
}

/// A number of a vector or option; JSON itself has only finite ones.
pub(crate) fn float(value: &Value) -> f32 {
    match value["$float"].as_str() {
        Some(special) => special.parse().unwrap(),
        None => value.as_f64().unwrap() as f32,
    }
}

/// Why `got` is not what is expected at `path`.
pub(crate) fn compare(expected: &Value, got: &Value, path: &str) -> Result<(), String> {
    let differs = || Err(format!("{path}: expected {expected}, got {got}"));
    match (expected, got) {
        (Value::Object(fields), _) if fields.contains_key("$not") => {
            match compare(&fields["$not"], got, path) {
                Ok(()) => differs(),
                Err(_) => Ok(()),
            }
        }
        (Value::Object(fields), Value::Object(_)) => fields.iter().try_for_each(|(key, value)| {
            let got = got.get(key).unwrap_or(&Value::Null);
            if key == "metadata" && value != got {
                return Err(format!("{path}.metadata: expected {value}, got {got}"));
            }
            compare(value, got, &format!("{path}.{key}"))
        }),
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => items
            .iter()
            .zip(others)
            .enumerate()
            .try_for_each(|(at, (item, other))| compare(item, other, &format!("{path}[{at}]"))),
        (Value::Number(number), Value::Number(other)) => {
            let (number, other) = (number.as_f64().unwrap(), other.as_f64().unwrap());
            if (number - other).abs() <= TOLERANCE {
                Ok(())
            } else {
                differs()
            }
        }
        _ if expected == got => Ok(()),
        _ => differs(),
    }
}
