//! The local read-write index of one process.

use std::path::PathBuf;
use std::str::FromStr;

use moss::{LoadOptions, OnConflict, PushOptions, QueryOptions, block_on};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::convert::{text, texts};
use crate::documents;
use crate::enter::{FreedElsewhere, enter};
use crate::errors::to_python;
use crate::manage::optional_text;
use crate::options::{add_options, get_options, query_options};
use crate::results::{PushIndexResult, SearchResult, push_result, search_result};

/// What `moss.SessionIndex` holds. Calls work with the interpreter lock released.
#[pyclass(module = "moss_core._moss", frozen)]
pub(crate) struct Session {
    session: FreedElsewhere<moss::Session>,
}

impl Session {
    pub(crate) fn new(session: moss::Session) -> Session {
        // A thread costs more than freeing a small session.
        let session = FreedElsewhere::new(session, |session| session.doc_count() > 500);
        Session { session }
    }

    fn ask(&self, py: Python<'_>, query: &str, options: &QueryOptions) -> PyResult<SearchResult> {
        let found = enter(py, || self.session.query(query, options))?;
        search_result(py, found)
    }
}

#[pymethods]
impl Session {
    /// The session's name, which is that of the index it pushes.
    #[getter]
    fn name(&self) -> &str {
        self.session.name()
    }

    /// Documents in the session.
    #[getter]
    fn doc_count(&self) -> usize {
        self.session.doc_count()
    }

    /// The model in force.
    #[getter]
    fn model_id(&self) -> String {
        self.session.model_id()
    }

    /// Adds documents or replaces those of the same id: the number added, the number replaced.
    #[pyo3(signature = (docs, options=None))]
    fn add_docs(
        &self,
        py: Python<'_>,
        docs: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(usize, usize)> {
        let options = add_options(options)?;
        let docs = documents::batch(docs)?;
        let upserted = enter(py, || self.session.add_docs(docs, &options))?;
        Ok((upserted.added, upserted.updated))
    }

    /// Deletes documents: how many there were.
    fn delete_docs(&self, py: Python<'_>, doc_ids: &Bound<'_, PyAny>) -> PyResult<usize> {
        let ids = texts(doc_ids, &"doc_ids")?;
        enter(py, || self.session.delete_docs(&ids))
    }

    /// Loads the session's model, so that the first query need not.
    fn warm(&self, py: Python<'_>) -> PyResult<()> {
        enter(py, || self.session.embed_query("").map(|_| ()))
    }

    /// Documents by id, filter and order.
    #[pyo3(signature = (options=None))]
    fn get_docs<'py>(
        &self,
        py: Python<'py>,
        options: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let options = get_options(options)?;
        let found = enter(py, || self.session.get_docs(&options))?;
        documents::give(py, found)
    }

    /// Asks the session.
    #[pyo3(signature = (query, options=None))]
    fn query(
        &self,
        py: Python<'_>,
        query: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<SearchResult> {
        let (query, options) = (text(query, &"query")?, query_options(py, options)?);
        self.ask(py, &query, &options)
    }

    /// As `query`, if that takes no longer than handing it to a thread is worth; else None, and nothing is done.
    #[pyo3(signature = (query, options=None))]
    fn query_if_quick(
        &self,
        py: Python<'_>,
        query: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<SearchResult>> {
        let (query, options) = (text(query, &"query")?, query_options(py, options)?);
        let is_quick = self.session.is_quick(&query, &options);
        is_quick.then(|| self.ask(py, &query, &options)).transpose()
    }

    /// Commits the session's content as the next version of its index. `on_conflict` is "merge", "replace" or
    /// "fail"; None is "merge", and "replace" for a session that was opened without loading.
    #[pyo3(signature = (on_conflict=None))]
    fn push_index(
        &self,
        py: Python<'_>,
        on_conflict: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PushIndexResult> {
        let mut options = PushOptions::default();
        if let Some(choice) = optional_text(on_conflict, "on_conflict")? {
            let choice = OnConflict::from_str(&choice).map_err(|error| to_python(py, &error))?;
            options.on_conflict = Some(choice);
        }
        let pushed = enter(py, || block_on(self.session.push_index(&options)))?;
        push_result(py, pushed)
    }

    /// Replaces the session's content by that of a cloud index: its number of documents, 0 if there is none.
    fn load_index(&self, py: Python<'_>, index_name: &Bound<'_, PyAny>) -> PyResult<usize> {
        let name = text(index_name, &"index_name")?;
        enter(py, || {
            block_on(self.session.load_index(&name, &LoadOptions::new()))
        })
    }

    /// Writes the session below `path/<name>/`.
    fn save_to_disk(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        enter(py, move || self.session.save_to_disk(&path))
    }

    /// Reads what `save_to_disk` wrote: its number of documents, 0 if there is nothing.
    fn load_from_disk(&self, py: Python<'_>, path: PathBuf) -> PyResult<usize> {
        enter(py, move || block_on(self.session.load_from_disk(&path)))
    }

    fn __repr__(&self) -> String {
        format!(
            "Session(name={:?}, model_id={:?}, doc_count={})",
            self.session.name(),
            self.session.model_id(),
            self.session.doc_count()
        )
    }
}
