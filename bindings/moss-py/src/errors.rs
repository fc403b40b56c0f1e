//! The error map: one Python class per `ErrorKind`, below `MossError` and the built-in exception of the contract.

use moss::{Error, ErrorKind};
use pyo3::exceptions::{PyException, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};

/// `MossError`, then the class of every kind in the order of `ErrorKind::ALL`.
struct Classes {
    root: Py<PyType>,
    by_kind: Vec<(ErrorKind, Py<PyType>)>,
}

static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();

/// The built-in exception that callers of this kind catch.
fn builtin_base(py: Python<'_>, kind: ErrorKind) -> Bound<'_, PyType> {
    use ErrorKind::*;
    match kind {
        InvalidArgument | InvalidFilter | UnknownModel | MixedEmbeddings | EmbeddingMissing
        | EmbeddingRequired | DimensionMismatch | ModelMismatch => py.get_type::<PyValueError>(),
        InvalidType | InvalidFilterType => py.get_type::<PyTypeError>(),
        _ => py.get_type::<PyRuntimeError>(),
    }
}

fn make_class<'py>(
    py: Python<'py>,
    name: &str,
    bases: &Bound<'py, PyTuple>,
    kind: &str,
    doc: &str,
) -> PyResult<Py<PyType>> {
    let body = PyDict::new(py);
    body.set_item("__module__", "moss_core")?;
    body.set_item("__doc__", doc)?;
    body.set_item("kind", kind)?;
    let class = py.get_type::<PyType>().call1((name, bases, body))?;
    Ok(class.cast_into::<PyType>()?.unbind())
}

fn classes(py: Python<'_>) -> PyResult<&Classes> {
    CLASSES.get_or_try_init(py, || {
        let bases = PyTuple::new(py, [py.get_type::<PyException>()])?;
        let doc =
            "Whatever Moss raises. `kind` names the row of the error list; branch on it or on the class.";
        let root = make_class(py, "MossError", &bases, "", doc)?;
        let by_kind = ErrorKind::ALL
            .into_iter()
            .map(|kind| {
                let bases = PyTuple::new(py, [root.bind(py), &builtin_base(py, kind)])?;
                let doc = format!("A `MossError` of kind `{}`.", kind.name());
                let class = make_class(py, &format!("{}Error", kind.name()), &bases, kind.name(), &doc)?;
                Ok((kind, class))
            })
            .collect::<PyResult<_>>()?;
        Ok(Classes { root, by_kind })
    })
}

/// Puts every class into the module, and the map of kind name to class that reads errors off the wire.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let classes = classes(py)?;
    module.add("MossError", &classes.root)?;
    let by_name = PyDict::new(py);
    for (kind, class) in &classes.by_kind {
        module.add(&*format!("{}Error", kind.name()), class)?;
        by_name.set_item(kind.name(), class)?;
    }
    module.add("ERRORS_BY_KIND", by_name)
}

/// The Python exception of an error.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    let classes = match classes(py) {
        Ok(classes) => classes,
        Err(failure) => return failure,
    };
    let class = classes
        .by_kind
        .iter()
        .find(|(kind, _)| *kind == error.kind())
        .map_or(&classes.root, |(_, class)| class);
    PyErr::from_type(class.bind(py).clone(), error.to_string())
}

/// A `TypeError` of Moss.
pub(crate) fn invalid_type(py: Python<'_>, message: impl Into<String>) -> PyErr {
    to_python(py, &Error::new(ErrorKind::InvalidType, message))
}

/// A `ValueError` of Moss.
pub(crate) fn invalid_argument(py: Python<'_>, message: impl Into<String>) -> PyErr {
    to_python(py, &Error::new(ErrorKind::InvalidArgument, message))
}
