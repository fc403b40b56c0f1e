//! Elixir terms into Rust values: strict about type, and with the name of what was wrong in the message.

use std::fmt::Display;

use moss::{Error, ErrorKind, Metadata, Result};
use rustler::types::map::MapIterator;
use rustler::{Term, TermType};

/// `{name} must be {wanted}, not {what it is}`, without the value: it may be text of a document.
pub(crate) fn mismatch(value: Term<'_>, name: &dyn Display, wanted: &str) -> String {
    let found = match value.get_type() {
        TermType::Atom => match value.atom_to_string().as_deref() {
            Ok("nil") => "nil",
            Ok("true" | "false") => "a boolean",
            _ => "an atom",
        },
        TermType::Binary if value.is_binary() => "a binary that is no UTF-8",
        TermType::Binary => "a bitstring",
        TermType::Float => "a float",
        TermType::Integer => "an integer",
        TermType::List => "a list",
        TermType::Map if value.map_get(rustler::types::atom::__struct__()).is_ok() => "a struct",
        TermType::Map => "a map",
        TermType::Tuple => "a tuple",
        TermType::Fun => "a function",
        TermType::Pid => "a pid",
        _ => "another type",
    };
    // Of a wrong type, a text is a text whatever its encoding.
    let found = if found == "a binary that is no UTF-8" && value.decode::<&str>().is_ok() {
        "a string"
    } else {
        found
    };
    format!("{name} must be {wanted}, not {found}")
}

/// The `InvalidType` of a [`mismatch`].
pub(crate) fn wrong_type(value: Term<'_>, name: &dyn Display, wanted: &str) -> Error {
    Error::new(ErrorKind::InvalidType, mismatch(value, name, wanted))
}

pub(crate) fn is_nil(value: Term<'_>) -> bool {
    rustler::types::atom::nil() == value
}

/// A UTF-8 binary.
pub(crate) fn text(value: Term<'_>, name: &dyn Display) -> Result<String> {
    value
        .decode::<String>()
        .map_err(|_| wrong_type(value, name, "a string"))
}

/// A UTF-8 binary, or nil.
pub(crate) fn optional_text(value: Term<'_>, name: &dyn Display) -> Result<Option<String>> {
    match is_nil(value) {
        true => Ok(None),
        false => text(value, name).map(Some),
    }
}

/// `true` or `false`, and nothing that only counts as one.
pub(crate) fn flag(value: Term<'_>, name: &dyn Display) -> Result<bool> {
    value
        .decode::<bool>()
        .map_err(|_| wrong_type(value, name, "a boolean"))
}

/// An integer; one beyond 64 bits becomes the nearest that fits.
pub(crate) fn integer(value: Term<'_>, name: &dyn Display) -> Result<i64> {
    if let Ok(number) = value.decode::<i64>() {
        return Ok(number);
    }
    match value.get_type() {
        TermType::Integer => Ok(if is_negative(value) { i64::MIN } else { i64::MAX }),
        _ => Err(wrong_type(value, name, "an integer")),
    }
}

/// Terms have an order in which every integer has its place.
fn is_negative(integer: Term<'_>) -> bool {
    use rustler::Encoder;
    integer < 0i64.encode(integer.get_env())
}

/// A float or an integer, as `f32`; what is beyond it becomes infinite, which the core refuses.
pub(crate) fn number(value: Term<'_>, name: &dyn Display) -> Result<f32> {
    if let Ok(number) = value.decode::<f64>() {
        return Ok(number as f32);
    }
    match value.get_type() {
        TermType::Integer if is_negative(value) => Ok(f32::NEG_INFINITY),
        TermType::Integer => Ok(f32::INFINITY),
        _ => Err(wrong_type(value, name, "a number")),
    }
}

/// The items of a proper list.
pub(crate) fn items<'a>(value: Term<'a>, name: &dyn Display) -> Result<Vec<Term<'a>>> {
    match value.is_list() {
        // The length of an improper list is an error; only then is it safe to iterate.
        true if value.list_length().is_err() => Err(Error::new(
            ErrorKind::InvalidType,
            format!("{name} must be a proper list"),
        )),
        true => value
            .into_list_iterator()
            .map(Iterator::collect)
            .map_err(|_| wrong_type(value, name, "a list")),
        false => Err(wrong_type(value, name, "a list")),
    }
}

/// A list of strings.
pub(crate) fn texts(value: Term<'_>, name: &dyn Display) -> Result<Vec<String>> {
    items(value, name)?
        .into_iter()
        .enumerate()
        .map(|(at, item)| text(item, &format_args!("{name}[{at}]")))
        .collect()
}

/// A list of strings, or nil.
pub(crate) fn optional_texts(value: Term<'_>, name: &dyn Display) -> Result<Option<Vec<String>>> {
    match is_nil(value) {
        true => Ok(None),
        false => texts(value, name).map(Some),
    }
}

/// The pairs of a map.
pub(crate) fn pairs<'a>(value: Term<'a>, name: &dyn Display, wanted: &str) -> Result<MapIterator<'a>> {
    MapIterator::new(value).ok_or_else(|| wrong_type(value, name, wanted))
}

/// Flat metadata: a map of string to string, or nil.
pub(crate) fn metadata(value: Term<'_>, name: &dyn Display) -> Result<Option<Metadata>> {
    if is_nil(value) {
        return Ok(None);
    }
    let mut metadata = Metadata::new();
    for (key, value) in pairs(value, name, "a map of strings to strings")? {
        let key = text(key, &format_args!("a key of {name}"))?;
        let value = text(value, &format_args!("{key:?} of {name}"))?;
        metadata.insert(key, value);
    }
    Ok(Some(metadata))
}

/// A vector: a list of numbers, or nil. An empty one is none.
pub(crate) fn embedding(value: Term<'_>, name: &dyn Display) -> Result<Option<Vec<f32>>> {
    if is_nil(value) {
        return Ok(None);
    }
    let vector: Vec<f32> = items(value, name)?
        .into_iter()
        .enumerate()
        .map(|(at, item)| number(item, &format_args!("number {at} of {name}")))
        .collect::<Result<_>>()?;
    Ok(Some(vector).filter(|vector| !vector.is_empty()))
}
