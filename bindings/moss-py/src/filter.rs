//! A filter given as a Python dict, as the JSON value that the core parses.

use std::fmt;

use moss::{Error, ErrorKind, Filter, FilterPath as Path};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Value};

use crate::convert::{is_integer, mismatch, text};
use crate::enter::enter;
use crate::errors::to_python;

/// The filter of a call, compiled.
pub(crate) fn filter(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Filter>> {
    let Some(value) = value else {
        return Ok(None);
    };
    let json = to_json(value, &Path::Root, 0)?;
    enter(value.py(), move || Filter::parse(&json)).map(Some)
}

fn to_json(value: &Bound<'_, PyAny>, path: &Path<'_>, depth: usize) -> PyResult<Value> {
    if depth > Path::MAX_DEPTH {
        return Err(invalid(value, path, "is nested too deeply"));
    }
    if value.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Value::Bool(flag.is_true()));
    }
    if value.is_instance_of::<PyString>() {
        return Ok(Value::String(text(value, path)?));
    }
    if is_integer(value) {
        return integer(value, path);
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return match serde_json::Number::from_f64(number.value()) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(invalid(value, path, "must be a finite number")),
        };
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        return object(dict, path, depth);
    }
    if let Ok(list) = value.cast::<PyList>() {
        return array(list.iter(), path, depth);
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return array(tuple.iter(), path, depth);
    }
    Err(wrong_type(value, path, "a dict, list, str, bool, int or float"))
}

fn wrong_type(value: &Bound<'_, PyAny>, path: &dyn fmt::Display, wanted: &str) -> PyErr {
    fault(
        value.py(),
        ErrorKind::InvalidFilterType,
        mismatch(value, path, wanted),
    )
}

fn object(dict: &Bound<'_, PyDict>, path: &Path<'_>, depth: usize) -> PyResult<Value> {
    let mut map = Map::new();
    for (key, value) in dict.iter() {
        if !key.is_instance_of::<PyString>() {
            return Err(wrong_type(&key, &format_args!("a key of {path}"), "str"));
        }
        let key = text(&key, &format_args!("a key of {path}"))?;
        let value = to_json(&value, &Path::Key(path, &key), depth + 1)?;
        map.insert(key, value);
    }
    Ok(Value::Object(map))
}

fn array<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    path: &Path<'_>,
    depth: usize,
) -> PyResult<Value> {
    items
        .enumerate()
        .map(|(at, item)| to_json(&item, &Path::Index(path, at), depth + 1))
        .collect::<PyResult<_>>()
        .map(Value::Array)
}

fn integer(value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<Value> {
    if let Ok(number) = value.extract::<i64>() {
        return Ok(number.into());
    }
    if let Ok(number) = value.extract::<u64>() {
        return Ok(number.into());
    }
    if !path.in_operator() {
        // Anywhere else a number is an error whatever its size, and the parser says which.
        return Ok(u64::MAX.into());
    }
    // An operator compares an integer by its digits, so that beyond 64 bits the digits themselves will do. An
    // enum member prints its name, the plain integer of it does not.
    let digits = value
        .py()
        .get_type::<PyInt>()
        .call1((value,))
        .and_then(|plain| plain.str());
    match digits {
        Ok(digits) => Ok(Value::String(digits.to_string())),
        Err(_) => Err(invalid(value, path, "has too many digits")),
    }
}

fn invalid(value: &Bound<'_, PyAny>, path: &Path<'_>, what: &str) -> PyErr {
    fault(value.py(), ErrorKind::InvalidFilter, format!("{path} {what}"))
}

fn fault(py: Python<'_>, kind: ErrorKind, message: String) -> PyErr {
    to_python(py, &Error::new(kind, message))
}
