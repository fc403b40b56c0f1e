//! The indexes that are loaded into this process, and the sessions that are opened in it.

use moss::{Client, LoadOptions, SessionOptions, block_on};
use pyo3::prelude::*;

use crate::convert::{flag, integer, text, texts};
use crate::enter::{FreedElsewhere, enter};
use crate::manage::{connect, optional_text};
use crate::options::ranking;
use crate::results::{LoadIndexesResult, SearchResult, load_indexes_result, search_result};
use crate::session::Session;

/// Holds loaded indexes and answers queries from them. Calls wait with the interpreter lock released.
#[pyclass(module = "moss_core", frozen)]
pub(crate) struct IndexManager {
    client: FreedElsewhere<Client>,
}

#[pymethods]
impl IndexManager {
    /// `client_id` is taken because public callers give one; Moss has no use for it.
    #[new]
    #[pyo3(signature = (project_id, project_key, manage_url=None, client_id=None))]
    fn new(
        project_id: &Bound<'_, PyAny>,
        project_key: &Bound<'_, PyAny>,
        manage_url: Option<&Bound<'_, PyAny>>,
        client_id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<IndexManager> {
        optional_text(client_id, "client_id")?;
        let client = connect(project_id, project_key, manage_url)?;
        // The loaded indexes go with their client.
        let client = FreedElsewhere::new(client, |_| true);
        Ok(IndexManager { client })
    }

    /// Whether the index is loaded here.
    fn has_index(&self, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.client.has_index(&text(name, &"name")?))
    }

    /// Loads the current version of an index, or loads it anew.
    #[pyo3(
        signature = (name, auto_refresh=None, polling_interval_in_seconds=None),
        text_signature = "($self, name, auto_refresh=False, polling_interval_in_seconds=None)"
    )]
    fn load_index(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        auto_refresh: Option<&Bound<'_, PyAny>>,
        polling_interval_in_seconds: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let name = text(name, &"name")?;
        let mut options = LoadOptions::default();
        if let Some(auto_refresh) = auto_refresh {
            options.auto_refresh = flag(auto_refresh, &"auto_refresh")?;
        }
        if let Some(interval) = polling_interval_in_seconds {
            let seconds = integer(interval, &"polling_interval_in_seconds")?;
            options.polling_interval_secs = u64::try_from(seconds).map_or(1, |seconds| seconds.max(1));
        }
        enter(py, || block_on(self.client.load_index(&name, &options)))?;
        Ok(name)
    }

    /// Says whether the loaded index can be asked in words. Loading has warmed its model, and an index of custom
    /// vectors has none, so that nothing is left to do.
    fn load_query_model(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = text(name, &"name")?;
        enter(py, || self.client.loaded_info(&name).map(|_| ()))
    }

    /// Loads each of these indexes on its own.
    fn load_indexes(&self, py: Python<'_>, names: &Bound<'_, PyAny>) -> PyResult<LoadIndexesResult> {
        let names = texts(names, &"names")?;
        let result = enter(py, || Ok(block_on(self.client.load_indexes(&names))))?;
        load_indexes_result(py, result.loaded, result.failed)
    }

    /// Frees a loaded index.
    fn unload_index(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = text(name, &"name")?;
        enter(py, || self.client.unload_index(&name))
    }

    /// Asks a loaded index in words.
    #[pyo3(signature = (name, query, top_k=None, alpha=None, filter=None))]
    #[allow(clippy::too_many_arguments)] // the seam that public tests patch has this shape
    fn query_text(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        query: &Bound<'_, PyAny>,
        top_k: Option<&Bound<'_, PyAny>>,
        alpha: Option<&Bound<'_, PyAny>>,
        filter: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<SearchResult> {
        self.query(py, name, query, None, top_k, alpha, filter)
    }

    /// Asks a loaded index with the query's vector.
    #[pyo3(signature = (name, query, embedding=None, top_k=None, alpha=None, filter=None))]
    #[allow(clippy::too_many_arguments)]
    fn query(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        query: &Bound<'_, PyAny>,
        embedding: Option<&Bound<'_, PyAny>>,
        top_k: Option<&Bound<'_, PyAny>>,
        alpha: Option<&Bound<'_, PyAny>>,
        filter: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<SearchResult> {
        let name = text(name, &"name")?;
        let query = text(query, &"query")?;
        let options = ranking(py, embedding, top_k, alpha, filter)?;
        let found = enter(py, || self.client.query(&name, &query, &options))?;
        search_result(py, found)
    }

    /// Asks several loaded indexes of one model as if they were one.
    #[pyo3(signature = (names, query, embedding=None, top_k=None, filter=None))]
    fn query_multi_index(
        &self,
        py: Python<'_>,
        names: &Bound<'_, PyAny>,
        query: &Bound<'_, PyAny>,
        embedding: Option<&Bound<'_, PyAny>>,
        top_k: Option<&Bound<'_, PyAny>>,
        filter: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<SearchResult> {
        let names = texts(names, &"names")?;
        let query = text(query, &"query")?;
        let options = ranking(py, embedding, top_k, None, filter)?;
        let found = enter(py, || self.client.query_multi_index(&names, &query, &options))?;
        search_result(py, found)
    }

    /// Asks the cloud's query endpoint, which runs in this process: the index need not be loaded.
    #[pyo3(signature = (name, query, embedding=None, top_k=None))]
    fn cloud_query(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        query: &Bound<'_, PyAny>,
        embedding: Option<&Bound<'_, PyAny>>,
        top_k: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<SearchResult> {
        let name = text(name, &"name")?;
        let query = text(query, &"query")?;
        let options = ranking(py, embedding, top_k, None, None)?;
        let found = enter(py, || block_on(self.client.cloud_query(&name, &query, &options)))?;
        search_result(py, found)
    }

    /// Opens a session; without `auto_load` it starts empty, without a look at the cloud.
    #[pyo3(signature = (name, model_id=None, auto_load=true))]
    fn session(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        model_id: Option<&Bound<'_, PyAny>>,
        auto_load: bool,
    ) -> PyResult<Session> {
        let name = text(name, &"index_name")?;
        let mut options = SessionOptions::default().auto_load(auto_load);
        if let Some(model_id) = optional_text(model_id, "model_id")? {
            options = options.model_id(model_id);
        }
        let session = enter(py, || block_on(self.client.session(&name, &options)))?;
        Ok(Session::new(session))
    }

    fn __repr__(&self) -> &'static str {
        "IndexManager(...)"
    }
}
