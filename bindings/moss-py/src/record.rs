//! How a plain data class is declared once: constructor, attributes and `repr`.

use std::fmt::Display;
use std::marker::PhantomData;

use moss::Metadata;
use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyList, PyString};

use crate::convert;

/// A type of attribute: how it is read from Python, given to Python and shown in a `repr`.
pub(crate) trait Field: Sized {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self>;
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>>;
    fn show(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.give(py)?.repr()?.to_string())
    }
}

/// Declares a data class.
///
/// `field / set_field: Type` is an attribute that can be assigned, `field: Type` one that cannot. Those after
/// `optional` may be left out of the constructor, or be `None` there, and then have the given default.
macro_rules! record {
    (
        $(#[$doc:meta])*
        $name:ident $signature:tt
        { $( $(#[$field_doc:meta])* $field:ident $(/ $set:ident)? : $type:ty ),* $(,)? }
        optional
        { $( $(#[$optional_doc:meta])* $optional:ident $(/ $optional_set:ident)? : $optional_type:ty = $default:expr ),* $(,)? }
        $($methods:tt)*
    ) => {
        $(#[$doc])*
        #[pyo3::pyclass(module = "moss_core")]
        pub(crate) struct $name {
            $( $(#[$field_doc])* pub(crate) $field: $type, )*
            $( $(#[$optional_doc])* pub(crate) $optional: $optional_type, )*
        }

        #[pyo3::pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = ($($field,)* $($optional=None,)*), text_signature = $signature)]
            #[allow(clippy::too_many_arguments)]
            fn new(
                $($field: &pyo3::Bound<'_, pyo3::PyAny>,)*
                $($optional: Option<&pyo3::Bound<'_, pyo3::PyAny>>,)*
            ) -> pyo3::PyResult<Self> {
                Ok($name {
                    $( $field: <$type as $crate::record::Field>::take(
                        $field, &concat!(stringify!($name), ".", stringify!($field)))?, )*
                    $( $optional: match $optional {
                        Some(value) => <$optional_type as $crate::record::Field>::take(
                            value, &concat!(stringify!($name), ".", stringify!($optional)))?,
                        None => $default,
                    }, )*
                })
            }

            $(
                $(#[$field_doc])*
                #[getter]
                fn $field<'py>(&self, py: pyo3::Python<'py>) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                    $crate::record::Field::give(&self.$field, py)
                }
                $(
                    #[setter($field)]
                    fn $set(&mut self, value: &pyo3::Bound<'_, pyo3::PyAny>) -> pyo3::PyResult<()> {
                        self.$field = $crate::record::Field::take(
                            value, &concat!(stringify!($name), ".", stringify!($field)))?;
                        Ok(())
                    }
                )?
            )*
            $(
                $(#[$optional_doc])*
                #[getter]
                fn $optional<'py>(&self, py: pyo3::Python<'py>) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                    $crate::record::Field::give(&self.$optional, py)
                }
                $(
                    #[setter($optional)]
                    fn $optional_set(&mut self, value: &pyo3::Bound<'_, pyo3::PyAny>) -> pyo3::PyResult<()> {
                        self.$optional = $crate::record::Field::take(
                            value, &concat!(stringify!($name), ".", stringify!($optional)))?;
                        Ok(())
                    }
                )?
            )*

            fn __repr__(&self, py: pyo3::Python<'_>) -> pyo3::PyResult<String> {
                let fields = [
                    $( format!("{}={}", stringify!($field), $crate::record::Field::show(&self.$field, py)?), )*
                    $( format!("{}={}", stringify!($optional), $crate::record::Field::show(&self.$optional, py)?), )*
                ];
                Ok(format!("{}({})", stringify!($name), fields.join(", ")))
            }

            $($methods)*
        }
    };
}
pub(crate) use record;

impl Field for String {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        convert::text(value, name)
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyString::new(py, self).into_any())
    }
}

/// The words of a user or a document: a `str` whose length alone is shown, because a `repr` ends up in logs.
#[derive(Default)]
pub(crate) struct Words(pub(crate) String);

impl Words {
    pub(crate) fn shown(text: &str) -> String {
        format!("<{} characters>", text.chars().count())
    }
}

impl Field for Words {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        convert::text(value, name).map(Words)
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.give(py)
    }
    fn show(&self, _py: Python<'_>) -> PyResult<String> {
        Ok(Words::shown(&self.0))
    }
}

impl Field for bool {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        convert::flag(value, name)
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyBool::new(py, *self).to_owned().into_any())
    }
}

impl Field for i64 {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        convert::integer(value, name)
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.into_pyobject(py)?.into_any())
    }
}

impl Field for f64 {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        convert::number(value, name)
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyFloat::new(py, *self).into_any())
    }
}

impl Field for f32 {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        Ok(convert::number(value, name)? as f32)
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        f64::from(*self).give(py)
    }
    /// The shortest decimal that is this `f32`, not the seventeen digits of the `f64` it widens to.
    fn show(&self, _py: Python<'_>) -> PyResult<String> {
        Ok(format!("{self:?}"))
    }
}

impl<T: Field> Field for Option<T> {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        if value.is_none() {
            return Ok(None);
        }
        T::take(value, name).map(Some)
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Some(value) => value.give(py),
            None => Ok(py.None().into_bound(py)),
        }
    }
    fn show(&self, py: Python<'_>) -> PyResult<String> {
        match self {
            Some(value) => value.show(py),
            None => Ok("None".to_owned()),
        }
    }
}

/// An object of one class, ours or Python's; the attribute is that very object. What a dict must hold is checked
/// where it is used.
impl<T: PyTypeInfo> Field for Py<T> {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        match value.cast::<T>() {
            Ok(object) => Ok(object.clone().unbind()),
            Err(_) => {
                let wanted = T::type_object(value.py()).name()?;
                Err(convert::wrong_type(value, name, &wanted.to_cow()?))
            }
        }
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.bind(py).clone().into_any())
    }
}

/// The content of a file, shown by its length.
pub(crate) struct Content(pub(crate) Py<PyBytes>);

impl Field for Content {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        Py::take(value, name).map(Content)
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.give(py)
    }
    fn show(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<{} bytes>", self.0.bind(py).as_bytes().len()))
    }
}

/// A vector. Reading it makes a new list each time.
#[derive(Clone)]
pub(crate) struct Embedding(pub(crate) Vec<f32>);

impl Embedding {
    pub(crate) fn shown(vector: &[f32]) -> String {
        format!("<{} floats>", vector.len())
    }
}

impl Field for Embedding {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        match convert::embedding(value, name)? {
            Some(vector) => Ok(Embedding(vector)),
            None => Err(convert::wrong_type(value, name, "a sequence of floats")),
        }
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyList::new(py, &self.0)?.into_any())
    }
    fn show(&self, _py: Python<'_>) -> PyResult<String> {
        Ok(Embedding::shown(&self.0))
    }
}

/// A list of `T`, copied when it is assigned and the same list at each reading.
pub(crate) struct ListOf<T> {
    list: Py<PyList>,
    item: PhantomData<fn() -> T>,
}

impl<T> ListOf<T> {
    pub(crate) fn new(list: &Bound<'_, PyList>) -> ListOf<T> {
        ListOf {
            list: list.clone().unbind(),
            item: PhantomData,
        }
    }

    pub(crate) fn empty(py: Python<'_>) -> ListOf<T> {
        ListOf::new(&PyList::empty(py))
    }
}

impl<T: Field> Field for ListOf<T> {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        let items = convert::items(value, name)?;
        for (at, item) in items.iter().enumerate() {
            T::take(item, &format_args!("{name}[{at}]"))?;
        }
        Ok(ListOf::new(&PyList::new(value.py(), items)?))
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.list.bind(py).clone().into_any())
    }
}

/// The dict of some metadata: made at the first reading and the same from then on, so that changes to it stay.
pub(crate) struct LiveDict(PyOnceLock<Py<PyDict>>);

impl LiveDict {
    pub(crate) fn new() -> LiveDict {
        LiveDict(PyOnceLock::new())
    }

    pub(crate) fn give<'py>(
        &self,
        py: Python<'py>,
        metadata: Option<&Metadata>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(metadata) = metadata else {
            return Ok(py.None().into_bound(py));
        };
        let dict = self.0.get_or_try_init(py, || {
            let dict = PyDict::new(py);
            for (key, value) in metadata {
                dict.set_item(key, value)?;
            }
            PyResult::Ok(dict.unbind())
        })?;
        Ok(dict.bind(py).clone().into_any())
    }

    /// The dict, if anybody has it.
    pub(crate) fn handed_out<'a, 'py>(&'a self, py: Python<'py>) -> Option<&'a Bound<'py, PyDict>> {
        self.0.get(py).map(|dict| dict.bind(py))
    }
}

/// Metadata of a result.
pub(crate) struct MetadataField {
    given: Option<Metadata>,
    live: LiveDict,
}

impl MetadataField {
    pub(crate) fn new(given: Option<Metadata>) -> MetadataField {
        MetadataField {
            given,
            live: LiveDict::new(),
        }
    }

    /// How metadata is shown: its keys, for the values are the users'.
    pub(crate) fn shown(metadata: Option<&Metadata>) -> String {
        match metadata {
            Some(metadata) => format!("<keys {:?}>", metadata.keys().collect::<Vec<_>>()),
            None => "None".to_owned(),
        }
    }
}

impl Field for MetadataField {
    fn take(value: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<Self> {
        convert::metadata(value, name).map(MetadataField::new)
    }
    fn give<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.give(py, self.given.as_ref())
    }
    fn show(&self, _py: Python<'_>) -> PyResult<String> {
        Ok(MetadataField::shown(self.given.as_ref()))
    }
}
