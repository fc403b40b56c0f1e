//! JSON to a checked tree.

use std::fmt;

use serde_json::{Map, Value};

use super::ast::{Comparison, Limit, Node, Test};
use super::geo::Circle;
use super::path::Path;
use super::{Filter, json, number};
use crate::limits::MAX_FILTER_DEPTH;
use crate::{Error, ErrorKind, Result};

impl Filter {
    /// The filter that a JSON value says.
    ///
    /// Scalars become strings: integers their digits, floats without fraction too (`10.0` is `"10"`, minus zero
    /// `"0"`), other floats the shortest decimal that reads back, booleans `"true"` and `"false"`. A host whose
    /// integers go beyond 64 bits hands those over as strings of digits.
    ///
    /// # Errors
    /// `InvalidFilterType` for a part of the wrong type, `InvalidFilter` for one that says nothing the grammar
    /// knows; the message names the path of the part.
    ///
    /// # Example: the fault is named
    /// ```
    /// use moss_core::filter::Filter;
    /// let filter = serde_json::json!({"$and": [{"field": "city", "condition": {"$regex": "N.*"}}]});
    /// let error = Filter::parse(&filter).unwrap_err();
    /// assert_eq!(error.to_string(), "$and[0].condition: unknown operator \"$regex\"");
    /// ```
    pub fn parse(value: &Value) -> Result<Filter> {
        let root = parse_node(value, &Path::Root, 0)?;
        Ok(Filter { root })
    }

    /// The filter that a JSON text says; the same as [`parse`](Filter::parse), and a key that stands twice in
    /// one object is a fault.
    ///
    /// # Errors
    /// As [`parse`](Filter::parse); `InvalidFilter` for a text that is not JSON.
    pub fn parse_json(text: &str) -> Result<Filter> {
        let value = json::parse(text).map_err(|error| {
            Error::new(
                ErrorKind::InvalidFilter,
                format!("filter is not valid JSON: {error}"),
            )
        })?;
        Filter::parse(&value)
    }
}

impl Path<'_> {
    fn wrong_content(&self, message: impl fmt::Display) -> Error {
        Error::new(ErrorKind::InvalidFilter, format!("{self}: {message}"))
    }

    fn wrong_type(&self, expected: &str, value: &Value) -> Error {
        let got = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        Error::new(
            ErrorKind::InvalidFilterType,
            format!("{self}: must be {expected}, got {got}"),
        )
    }
}

fn parse_node(value: &Value, path: &Path<'_>, depth: usize) -> Result<Node> {
    let Value::Object(object) = value else {
        return Err(path.wrong_type("an object", value));
    };
    for key in ["$and", "$or"] {
        let Some(parts) = object.get(key) else { continue };
        refuse_other_keys(object, &[key], path)?;
        let path = Path::Key(path, key);
        if depth == MAX_FILTER_DEPTH {
            return Err(path.wrong_content(format_args!("nested more than {MAX_FILTER_DEPTH} levels deep")));
        }
        let Value::Array(parts) = parts else {
            return Err(path.wrong_type("a list", parts));
        };
        let parts = parts
            .iter()
            .enumerate()
            .map(|(at, part)| parse_node(part, &Path::Index(&path, at), depth + 1))
            .collect::<Result<Vec<_>>>()?;
        return Ok(if key == "$and" {
            Node::And(parts)
        } else {
            Node::Or(parts)
        });
    }
    let (Some(field), Some(condition)) = (object.get("field"), object.get("condition")) else {
        return Err(path.wrong_content("must have \"field\" and \"condition\", or \"$and\", or \"$or\""));
    };
    refuse_other_keys(object, &["field", "condition"], path)?;
    let Value::String(field) = field else {
        return Err(Path::Key(path, "field").wrong_type("a string", field));
    };
    let tests = parse_condition(condition, &Path::Key(path, "condition"))?;
    Ok(Node::Field {
        field: field.clone(),
        tests,
    })
}

fn refuse_other_keys(object: &Map<String, Value>, known: &[&str], path: &Path<'_>) -> Result<()> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(path.wrong_content(format_args!("unexpected key {key:?} beside {:?}", known[0]))),
        None => Ok(()),
    }
}

fn parse_condition(value: &Value, path: &Path<'_>) -> Result<Vec<Test>> {
    let Value::Object(operators) = value else {
        return Err(path.wrong_type("an object", value));
    };
    if operators.is_empty() {
        return Err(path.wrong_content("must have an operator"));
    }
    operators
        .iter()
        .map(|(operator, value)| parse_test(operator, value, path))
        .collect()
}

fn parse_test(operator: &str, value: &Value, condition: &Path<'_>) -> Result<Test> {
    let path = Path::Key(condition, operator);
    let order = |comparison| {
        let text = scalar(value, &path)?;
        let near = number::parse(&text);
        Ok(Test::Order(comparison, Limit { text, near }))
    };
    match operator {
        "$eq" => Ok(Test::In(vec![scalar(value, &path)?])),
        "$ne" => Ok(Test::NotIn(vec![scalar(value, &path)?])),
        "$in" => Ok(Test::In(scalars(value, &path)?)),
        "$nin" => Ok(Test::NotIn(scalars(value, &path)?)),
        "$gt" => order(Comparison::Greater),
        "$gte" => order(Comparison::GreaterOrEqual),
        "$lt" => order(Comparison::Less),
        "$lte" => order(Comparison::LessOrEqual),
        "$near" => {
            let circle = Circle::parse(&scalar(value, &path)?);
            circle.map(Test::Near).map_err(|fault| path.wrong_content(fault))
        }
        _ => Err(condition.wrong_content(format_args!("unknown operator {operator:?}"))),
    }
}

fn scalars(value: &Value, path: &Path<'_>) -> Result<Vec<String>> {
    let Value::Array(values) = value else {
        return Err(path.wrong_type("a list", value));
    };
    let mut texts = values
        .iter()
        .enumerate()
        .map(|(at, value)| scalar(value, &Path::Index(path, at)))
        .collect::<Result<Vec<_>>>()?;
    texts.sort_unstable();
    Ok(texts)
}

fn scalar(value: &Value, path: &Path<'_>) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => Ok(float_text(float)),
            _ => Ok(number.to_string()),
        },
        _ => Err(path.wrong_type("a string, a number or a boolean", value)),
    }
}

fn float_text(float: f64) -> String {
    // Adding zero turns minus zero into zero. Display never writes an exponent or a needless ".0".
    (float + 0.0).to_string()
}
