//! Documents: the class that users make, and the way of whole batches in and out.

use std::fmt::Display;
use std::sync::Arc;

use moss::{Document, Metadata};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::convert::{embedding, items, metadata, text, wrong_type};
use crate::enter::Turns;
use crate::errors::invalid_argument;
use crate::record::{Embedding, Field, LiveDict, MetadataField, Words};

/// A document: what is added, replaced, found and deleted.
///
/// `metadata` is one dict, and changes to it count. `embedding` is kept in single precision and read as a new list
/// each time: to change it, assign another one.
#[pyclass(module = "moss_core")]
pub(crate) struct DocumentInfo {
    /// Shared, so that a batch is collected by counting references and copied with the interpreter lock released.
    document: Arc<Document>,
    live: LiveDict,
}

impl DocumentInfo {
    pub(crate) fn new(document: Document) -> DocumentInfo {
        DocumentInfo {
            document: Arc::new(document),
            live: LiveDict::new(),
        }
    }

    fn edit(&mut self) -> &mut Document {
        Arc::make_mut(&mut self.document)
    }

    /// The document as it is now, with what was written into its metadata dict.
    fn current(&self, py: Python<'_>, name: &dyn Display) -> PyResult<Arc<Document>> {
        if let Some(dict) = self.live.handed_out(py) {
            let now = metadata(dict, &format_args!("{name}.metadata"))?;
            if now != self.document.metadata {
                let mut document = (*self.document).clone();
                document.metadata = now;
                return Ok(Arc::new(document));
            }
        }
        Ok(Arc::clone(&self.document))
    }
}

#[pymethods]
impl DocumentInfo {
    #[new]
    #[pyo3(signature = (id, text, metadata=None, embedding=None, payload=None))]
    fn py_new(
        id: &Bound<'_, PyAny>,
        text: &Bound<'_, PyAny>,
        metadata: Option<&Bound<'_, PyAny>>,
        embedding: Option<&Bound<'_, PyAny>>,
        payload: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<DocumentInfo> {
        let document = Document {
            id: String::take(id, &"DocumentInfo.id")?,
            text: String::take(text, &"DocumentInfo.text")?,
            metadata: take_metadata(metadata, &"DocumentInfo")?,
            embedding: take_embedding(embedding, &"DocumentInfo")?,
            payload: take_payload(payload, &"DocumentInfo")?,
        };
        Ok(DocumentInfo::new(document))
    }

    /// The key, unique in an index.
    #[getter]
    fn id(&self) -> &str {
        &self.document.id
    }
    #[setter]
    fn set_id(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.edit().id = String::take(value, &"DocumentInfo.id")?;
        Ok(())
    }

    /// What is embedded and searched by keyword.
    #[getter]
    fn text(&self) -> &str {
        &self.document.text
    }
    #[setter]
    fn set_text(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.edit().text = String::take(value, &"DocumentInfo.text")?;
        Ok(())
    }

    /// What filters see: a flat dict of str to str, or None.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.give(py, self.document.metadata.as_ref())
    }
    #[setter]
    fn set_metadata(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.edit().metadata = take_metadata(Some(value), &"DocumentInfo")?;
        self.live = LiveDict::new();
        Ok(())
    }

    /// The vector, or None: any sequence of floats is taken.
    #[getter]
    fn embedding<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        let vector = self.document.embedding.as_ref();
        vector.map(|vector| PyList::new(py, vector)).transpose()
    }
    #[setter]
    fn set_embedding(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.edit().embedding = take_embedding(Some(value), &"DocumentInfo")?;
        Ok(())
    }

    /// An opaque string that comes back with the document, or None.
    #[getter]
    fn payload(&self) -> Option<&str> {
        self.document.payload.as_deref()
    }
    #[setter]
    fn set_payload(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.edit().payload = take_payload(Some(value), &"DocumentInfo")?;
        Ok(())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let document = &self.document;
        let or_none = |shown: Option<String>| shown.unwrap_or_else(|| "None".to_owned());
        Ok(format!(
            "DocumentInfo(id={}, text={}, metadata={}, embedding={}, payload={})",
            document.id.show(py)?,
            Words::shown(&document.text),
            MetadataField::shown(document.metadata.as_ref()),
            or_none(document.embedding.as_deref().map(Embedding::shown)),
            or_none(document.payload.as_deref().map(Words::shown)),
        ))
    }
}

fn take_metadata(value: Option<&Bound<'_, PyAny>>, of: &dyn Display) -> PyResult<Option<Metadata>> {
    match value {
        Some(value) => metadata(value, &format_args!("{of}.metadata")),
        None => Ok(None),
    }
}

fn take_embedding(value: Option<&Bound<'_, PyAny>>, of: &dyn Display) -> PyResult<Option<Vec<f32>>> {
    match value {
        Some(value) => embedding(value, &format_args!("{of}.embedding")),
        None => Ok(None),
    }
}

fn take_payload(value: Option<&Bound<'_, PyAny>>, of: &dyn Display) -> PyResult<Option<String>> {
    match value.filter(|value| !value.is_none()) {
        Some(value) => text(value, &format_args!("{of}.payload")).map(Some),
        None => Ok(None),
    }
}

/// A document written as a plain dict.
fn from_dict(dict: &Bound<'_, PyDict>, name: &dyn Display) -> PyResult<Document> {
    let mut document = Document::default();
    let (mut has_id, mut has_text) = (false, false);
    for (key, value) in dict.iter() {
        match text(&key, &format_args!("a key of {name}"))?.as_str() {
            "id" => {
                document.id = text(&value, &format_args!("{name}.id"))?;
                has_id = true;
            }
            "text" => {
                document.text = text(&value, &format_args!("{name}.text"))?;
                has_text = true;
            }
            "metadata" => document.metadata = take_metadata(Some(&value), name)?,
            "embedding" => document.embedding = take_embedding(Some(&value), name)?,
            "payload" => document.payload = take_payload(Some(&value), name)?,
            key => {
                return Err(invalid_argument(
                    dict.py(),
                    format!(
                        "{name} has the unknown key {key:?}; known are id, text, metadata, embedding, payload"
                    ),
                ));
            }
        }
    }
    for (name_of_key, given) in [("id", has_id), ("text", has_text)] {
        if !given {
            return Err(invalid_argument(
                dict.py(),
                format!("{name} has no {name_of_key:?}"),
            ));
        }
    }
    Ok(document)
}

/// A batch of documents, `DocumentInfo` or dicts, as the list is now.
///
/// Collected under the interpreter lock in short turns; the copy of texts and vectors is made with the lock released.
pub(crate) fn batch(docs: &Bound<'_, PyAny>) -> PyResult<Vec<Document>> {
    let py = docs.py();
    let mut turns = Turns::new();
    let mut shared = Vec::new();
    for (at, item) in items(docs, &"docs")?.iter().enumerate() {
        let name = format_args!("docs[{at}]");
        shared.push(if let Ok(document) = item.cast::<DocumentInfo>() {
            document.try_borrow()?.current(py, &name)?
        } else if let Ok(dict) = item.cast::<PyDict>() {
            Arc::new(from_dict(dict, &name)?)
        } else {
            return Err(wrong_type(item, &name, "a DocumentInfo or a dict"));
        });
        turns.offer(py);
    }
    Ok(py.detach(|| shared.into_iter().map(Arc::unwrap_or_clone).collect()))
}

/// A list of `DocumentInfo`, made in short turns.
pub(crate) fn give(py: Python<'_>, documents: Vec<Document>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    let mut turns = Turns::new();
    for document in documents {
        list.append(Bound::new(py, DocumentInfo::new(document))?)?;
        turns.offer(py);
    }
    Ok(list)
}
