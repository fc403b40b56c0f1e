//! A filter given as an Elixir map, as the JSON value that the core parses.

use moss::{Error, ErrorKind, Filter, FilterPath as Path, Result};
use rustler::{BigInt, Term, TermType};
use serde_json::{Map, Number, Value};

use crate::convert::{is_nil, items, mismatch, pairs};

/// An integer of more bytes is refused: writing out its digits takes quadratic time. About 4,900 digits.
const MAX_INTEGER_BYTES: usize = 2048;

/// The filter of a call; nil is none.
pub(crate) fn filter(value: Term<'_>) -> Result<Option<Filter>> {
    match is_nil(value) {
        true => Ok(None),
        false => Filter::parse(&to_json(value, &Path::Root, 0)?).map(Some),
    }
}

fn to_json(value: Term<'_>, path: &Path<'_>, depth: usize) -> Result<Value> {
    if depth > Path::MAX_DEPTH {
        return Err(invalid(path, "is nested too deeply"));
    }
    if is_nil(value) {
        return Ok(Value::Null);
    }
    if let Ok(flag) = value.decode::<bool>() {
        return Ok(Value::Bool(flag));
    }
    match value.get_type() {
        TermType::Binary => value
            .decode::<String>()
            .map(Value::String)
            .map_err(|_| wrong_type(value, path)),
        TermType::Integer => integer(value, path),
        TermType::Float => value
            .decode::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| invalid(path, "must be a finite number")),
        TermType::Map => object(value, path, depth),
        TermType::List => items(value, path)
            .map_err(|error| Error::new(ErrorKind::InvalidFilterType, error.to_string()))?
            .into_iter()
            .enumerate()
            .map(|(at, item)| to_json(item, &Path::Index(path, at), depth + 1))
            .collect::<Result<_>>()
            .map(Value::Array),
        _ => Err(wrong_type(value, path)),
    }
}

fn object(map: Term<'_>, path: &Path<'_>, depth: usize) -> Result<Value> {
    let mut object = Map::new();
    for (key, value) in pairs(map, path, "a map")? {
        let Ok(key) = key.decode::<String>() else {
            let name = format_args!("a key of {path}");
            return Err(Error::new(
                ErrorKind::InvalidFilterType,
                mismatch(key, &name, "a string, as in %{\"field\" => \"city\"}"),
            ));
        };
        let value = to_json(value, &Path::Key(path, &key), depth + 1)?;
        object.insert(key, value);
    }
    Ok(Value::Object(object))
}

fn integer(value: Term<'_>, path: &Path<'_>) -> Result<Value> {
    if let Ok(number) = value.decode::<i64>() {
        return Ok(number.into());
    }
    if let Ok(number) = value.decode::<u64>() {
        return Ok(number.into());
    }
    if !path.in_operator() {
        // Anywhere else a number is an error whatever its size, and the parser says which.
        return Ok(u64::MAX.into());
    }
    // The external form of an integer is as long as the integer.
    if value.to_binary().len() > MAX_INTEGER_BYTES {
        return Err(invalid(path, "has too many digits"));
    }
    value
        .decode::<BigInt>()
        .map(|digits| Value::String(digits.to_string()))
        .map_err(|_| invalid(path, "has too many digits"))
}

fn wrong_type(value: Term<'_>, path: &Path<'_>) -> Error {
    let wanted = "a map, list, string, boolean or number";
    Error::new(ErrorKind::InvalidFilterType, mismatch(value, path, wanted))
}

fn invalid(path: &Path<'_>, what: &str) -> Error {
    Error::new(ErrorKind::InvalidFilter, format!("{path} {what}"))
}
