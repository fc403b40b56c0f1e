//! The calls that manage the indexes of a project.

use moss::{Client, block_on};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::convert::{text, texts};
use crate::documents;
use crate::enter::enter;
use crate::jobs::{IndexInfo, JobStatusResponse, index_info, job_status};
use crate::options::{add_options, doc_ids, source_files};
use crate::results::{MutationResult, mutation_result};

/// A client of these credentials; does no I/O. A client that is made twice shares its store within the process.
pub(crate) fn connect(
    project_id: &Bound<'_, PyAny>,
    project_key: &Bound<'_, PyAny>,
    manage_url: Option<&Bound<'_, PyAny>>,
) -> PyResult<Client> {
    let py = project_id.py();
    let project_id = text(project_id, &"project_id")?;
    let project_key = text(project_key, &"project_key")?;
    let manage_url = manage_url
        .filter(|url| !url.is_none())
        .map(|url| text(url, &"manage_url"))
        .transpose()?;
    enter(py, || match manage_url {
        Some(url) => Client::with_base_url(&project_id, &project_key, &url),
        None => Client::new(&project_id, &project_key),
    })
}

/// An optional `str` argument.
pub(crate) fn optional_text(value: Option<&Bound<'_, PyAny>>, name: &str) -> PyResult<Option<String>> {
    value
        .filter(|value| !value.is_none())
        .map(|value| text(value, &name))
        .transpose()
}

/// Creates, changes, reads and deletes the indexes of a project. Every call waits until it is done, with the
/// interpreter lock released.
#[pyclass(module = "moss_core", frozen)]
pub(crate) struct ManageClient {
    client: Client,
}

#[pymethods]
impl ManageClient {
    /// `client_id` is taken because public callers give one; Moss has no use for it.
    #[new]
    #[pyo3(signature = (project_id, project_key, manage_url=None, client_id=None))]
    fn new(
        project_id: &Bound<'_, PyAny>,
        project_key: &Bound<'_, PyAny>,
        manage_url: Option<&Bound<'_, PyAny>>,
        client_id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<ManageClient> {
        optional_text(client_id, "client_id")?;
        let client = connect(project_id, project_key, manage_url)?;
        Ok(ManageClient { client })
    }

    /// Creates an index of these documents.
    #[pyo3(signature = (name, docs, model_id=None))]
    fn create_index(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        docs: &Bound<'_, PyAny>,
        model_id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<MutationResult> {
        let name = text(name, &"name")?;
        let model_id = optional_text(model_id, "model_id")?;
        let docs = documents::batch(docs)?;
        enter(py, || {
            block_on(self.client.create_index(&name, docs, model_id.as_deref()))
        })
        .map(mutation_result)
    }

    /// Creates an index of the texts in these files.
    #[pyo3(signature = (name, files, model_id=None))]
    fn create_index_from_files(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        files: &Bound<'_, PyAny>,
        model_id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<MutationResult> {
        let name = text(name, &"name")?;
        let model_id = optional_text(model_id, "model_id")?;
        let files = source_files(files)?;
        enter(py, || {
            block_on(
                self.client
                    .create_index_from_files(&name, &files, model_id.as_deref()),
            )
        })
        .map(mutation_result)
    }

    /// Adds documents to an index, or replaces those it has.
    #[pyo3(signature = (name, docs, options=None))]
    fn add_docs(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        docs: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<MutationResult> {
        let name = text(name, &"name")?;
        let options = add_options(options)?;
        let docs = documents::batch(docs)?;
        enter(py, || block_on(self.client.add_docs(&name, docs, &options))).map(mutation_result)
    }

    /// Deletes documents of an index.
    fn delete_docs(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        doc_ids: &Bound<'_, PyAny>,
    ) -> PyResult<MutationResult> {
        let name = text(name, &"name")?;
        let ids = texts(doc_ids, &"doc_ids")?;
        enter(py, || block_on(self.client.delete_docs(&name, &ids))).map(mutation_result)
    }

    /// The documents of an index, all or those of `options.doc_ids`.
    #[pyo3(signature = (name, options=None))]
    fn get_docs<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let name = text(name, &"name")?;
        let ids = doc_ids(options)?;
        let found = enter(py, || block_on(self.client.get_docs(&name, ids.as_deref())))?;
        documents::give(py, found)
    }

    /// What is known of an index.
    fn get_index(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<IndexInfo> {
        let name = text(name, &"name")?;
        let info = enter(py, || block_on(self.client.get_index(&name)))?;
        index_info(py, info)
    }

    /// All indexes of the project.
    fn list_indexes(&self, py: Python<'_>) -> PyResult<Vec<IndexInfo>> {
        enter(py, || block_on(self.client.list_indexes()))?
            .into_iter()
            .map(|info| index_info(py, info))
            .collect()
    }

    /// Deletes an index.
    fn delete_index(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        let name = text(name, &"name")?;
        enter(py, || block_on(self.client.delete_index(&name)))
    }

    /// All that is known of a job.
    fn get_job_status(&self, py: Python<'_>, job_id: &Bound<'_, PyAny>) -> PyResult<JobStatusResponse> {
        let job_id = text(job_id, &"job_id")?;
        let job = enter(py, || block_on(self.client.get_job_status(&job_id)))?;
        job_status(py, job)
    }

    fn __repr__(&self) -> &'static str {
        "ManageClient(...)"
    }
}
