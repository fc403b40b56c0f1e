//! Python values into Rust ones: strict about type, and with the name of what was wrong in the message.

use std::fmt::Display;

use moss::Metadata;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyIterator, PyList, PyMemoryView, PyString, PyTuple,
};

use crate::enter::Turns;
use crate::errors::{invalid_argument, invalid_type};

/// `{name} must be {wanted}, not {type}`.
pub(crate) fn mismatch(value: &Bound<'_, PyAny>, name: &dyn Display, wanted: &str) -> String {
    let found = match value.get_type().name() {
        Ok(found) => found.to_string(),
        Err(_) => "another type".to_owned(),
    };
    format!("{name} must be {wanted}, not {found}")
}

/// The `TypeError` of a [`mismatch`].
pub(crate) fn wrong_type(value: &Bound<'_, PyAny>, name: &dyn Display, wanted: &str) -> PyErr {
    invalid_type(value.py(), mismatch(value, name, wanted))
}

/// A `str`.
pub(crate) fn text(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<String> {
    let text = value
        .cast::<PyString>()
        .map_err(|_| wrong_type(value, name, "str"))?;
    match text.to_cow() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(invalid_argument(
            value.py(),
            format!("{name} holds a lone surrogate, which no UTF-8 text can"),
        )),
    }
}

/// A `bool`, and nothing that only behaves like one.
pub(crate) fn flag(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<bool> {
    match value.cast::<PyBool>() {
        Ok(flag) => Ok(flag.is_true()),
        Err(_) => Err(wrong_type(value, name, "bool")),
    }
}

/// An integer; one beyond 64 bits becomes the nearest that fits. `True` is no integer here.
pub(crate) fn integer(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<i64> {
    if value.is_instance_of::<PyBool>() {
        return Err(wrong_type(value, name, "int"));
    }
    match value.extract::<i64>() {
        Ok(number) => Ok(number),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => {
            Ok(if value.lt(0)? { i64::MIN } else { i64::MAX })
        }
        Err(_) => Err(wrong_type(value, name, "int")),
    }
}

/// A float, an integer or whatever has `__float__`, as NumPy's scalars do. `True` and text are no numbers here.
pub(crate) fn number(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<f64> {
    if let Ok(number) = value.cast_exact::<PyFloat>() {
        return Ok(number.value());
    }
    if value.is_instance_of::<PyBool>() {
        return Err(wrong_type(value, name, "float"));
    }
    match value.extract::<f64>() {
        Ok(number) => Ok(number),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => Err(invalid_argument(
            value.py(),
            format!("{name} is beyond the range of a float"),
        )),
        Err(_) => Err(wrong_type(value, name, "float")),
    }
}

/// The items of a list, tuple or other iterable as they are now; text and mappings are no lists.
pub(crate) fn items<'py>(value: &Bound<'py, PyAny>, name: &dyn Display) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if let Ok(list) = value.cast::<PyList>() {
        return Ok(list.iter().collect());
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return Ok(tuple.iter().collect());
    }
    if value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyDict>()
    {
        return Err(wrong_type(value, name, "a list"));
    }
    match PyIterator::from_object(value) {
        Ok(items) => items.collect(),
        Err(_) => Err(wrong_type(value, name, "a list")),
    }
}

/// A list of `str`.
pub(crate) fn texts(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Vec<String>> {
    let mut turns = Turns::new();
    items(value, name)?
        .iter()
        .enumerate()
        .map(|(at, item)| {
            turns.offer(value.py());
            text(item, &format_args!("{name}[{at}]"))
        })
        .collect()
}

/// Flat metadata: a `dict` of `str` to `str`, or `None`.
pub(crate) fn metadata(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Option<Metadata>> {
    if value.is_none() {
        return Ok(None);
    }
    let dict = value
        .cast::<PyDict>()
        .map_err(|_| wrong_type(value, name, "a dict of str to str"))?;
    let mut metadata = Metadata::new();
    for (key, value) in dict.iter() {
        let key = text(&key, &format_args!("a key of {name}"))?;
        let value = text(&value, &format_args!("{name}[{key:?}]"))?;
        metadata.insert(key, value);
    }
    Ok(Some(metadata))
}

/// A vector: any flat sequence of numbers, or `None`.
///
/// What exposes a buffer of floats, as NumPy arrays and `array.array` do, is copied in one piece; the rest is read
/// number by number.
pub(crate) fn embedding(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Option<Vec<f32>>> {
    if value.is_none() {
        return Ok(None);
    }
    let wanted = "a sequence of floats";
    if value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
    {
        return Err(wrong_type(value, name, wanted));
    }
    if !value.is_instance_of::<PyList>()
        && !value.is_instance_of::<PyTuple>()
        && let Some(vector) = from_buffer(value)
    {
        return Ok(Some(vector));
    }
    // A length and items by number set a sequence apart from a set, and from a generator that may never end.
    if value.len().is_err() || !value.hasattr("__getitem__")? {
        return Err(wrong_type(value, name, wanted));
    }
    items(value, name)?
        .iter()
        .enumerate()
        .map(|(at, item)| Ok(number(item, &format_args!("{name}[{at}]"))? as f32))
        .collect::<PyResult<_>>()
        .map(Some)
}

/// The floats of a flat buffer of native `float` or `double`; `None` for everything else.
///
/// The stable ABI of Python 3.10 has no buffer protocol, but it has `memoryview`, which speaks it.
// Both sides of the copy are this process, so its own byte order is the right one.
#[allow(clippy::host_endian_bytes)]
fn from_buffer(value: &Bound<'_, PyAny>) -> Option<Vec<f32>> {
    let view = PyMemoryView::from(value).ok()?;
    let flat = view.getattr("ndim").ok()?.extract::<usize>().ok()? == 1;
    let format = view.getattr("format").ok()?.extract::<String>().ok()?;
    if !flat || !matches!(format.as_str(), "f" | "d") {
        return None;
    }
    let bytes = view.call_method0("tobytes").ok()?;
    let bytes = bytes.cast::<PyBytes>().ok()?.as_bytes();
    Some(if format == "f" {
        let (floats, _) = bytes.as_chunks::<4>();
        floats.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect()
    } else {
        let (doubles, _) = bytes.as_chunks::<8>();
        doubles
            .iter()
            .map(|bytes| f64::from_ne_bytes(*bytes) as f32)
            .collect()
    })
}

/// Whether a Python integer, and not a `bool`.
pub(crate) fn is_integer(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>()
}

/// Refuses a `dict` as the options of a call: it has no attributes, so that what it says would not be heard.
pub(crate) fn no_dict(options: Option<&Bound<'_, PyAny>>, class: &str) -> PyResult<()> {
    match options.filter(|options| options.is_instance_of::<PyDict>()) {
        Some(dict) => Err(wrong_type(dict, &"options", &format!("a {class}"))),
        None => Ok(()),
    }
}

/// An attribute of an options object of any class; absent, or no object at all, is `None`.
pub(crate) fn option<'py>(
    options: Option<&Bound<'py, PyAny>>,
    attribute: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(options) = options else {
        return Ok(None);
    };
    let value = options.getattr_opt(attribute)?;
    Ok(value.filter(|value| !value.is_none()))
}
