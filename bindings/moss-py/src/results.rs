//! What queries and mutations return.

use std::collections::BTreeMap;

use moss::ScoredDocument;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::enter::Turns;
use crate::record::{ListOf, MetadataField, Words, record};

record! {
    /// A document that a query found.
    QueryResultDocumentInfo "(id, text, metadata=None, score=0.0, payload=None, index_name=None)"
    {
        /// The document's key.
        id / set_id: String,
        /// Its text.
        text / set_text: Words,
    }
    optional {
        /// Its metadata, or None.
        metadata / set_metadata: MetadataField = MetadataField::new(None),
        /// How well it answers, between 0 and 1.
        score / set_score: f32 = 0.0,
        /// Its payload, or None.
        payload / set_payload: Option<Words> = None,
        /// The index it comes from, where several were asked.
        index_name / set_index_name: Option<String> = None,
    }
}

record! {
    /// The answer to a query.
    SearchResult "(docs, query, index_name=None, time_taken_ms=None)"
    {
        /// What was found, best first.
        docs / set_docs: ListOf<Py<QueryResultDocumentInfo>>,
        /// The text that was asked.
        query / set_query: Words,
    }
    optional {
        /// The index that was asked.
        index_name / set_index_name: Option<String> = None,
        /// Whole milliseconds.
        time_taken_ms / set_time_taken_ms: Option<i64> = None,
    }
}

record! {
    /// What became of a mutation of a cloud index.
    MutationResult "(job_id, index_name, doc_count)"
    {
        /// The job that did it.
        job_id: String,
        /// The index.
        index_name: String,
        /// Documents or ids in the request.
        doc_count: i64,
    }
    optional {}
}

record! {
    /// What became of a push.
    PushIndexResult "(job_id, index_name, doc_count, status, version='', conflicts=None)"
    {
        /// The job that did it.
        job_id: String,
        /// The index, which has the session's name.
        index_name: String,
        /// Documents in the pushed version.
        doc_count: i64,
        /// "completed".
        status: String,
    }
    optional {
        /// The version that the push made.
        version: String = String::new(),
        /// Ids that another session had changed too; this session's change was kept.
        conflicts: ListOf<String> = Python::attach(ListOf::empty),
    }
}

record! {
    /// What became of loading several indexes.
    LoadIndexesResult "(loaded, failed)"
    {
        /// The names that are loaded now.
        loaded: ListOf<String>,
        /// Why the others are not, by name.
        failed: Py<PyDict>,
    }
    optional {}
}

fn found(document: ScoredDocument) -> QueryResultDocumentInfo {
    let ScoredDocument {
        id,
        text,
        metadata,
        payload,
        score,
        index_name,
        ..
    } = document;
    QueryResultDocumentInfo {
        id,
        text: Words(text),
        metadata: MetadataField::new(metadata),
        score,
        payload: payload.map(Words),
        index_name,
    }
}

/// A count as Python's integer.
pub(crate) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(crate) fn search_result(py: Python<'_>, result: moss::SearchResult) -> PyResult<SearchResult> {
    let docs = PyList::empty(py);
    let mut turns = Turns::new();
    for document in result.docs {
        docs.append(Bound::new(py, found(document))?)?;
        turns.offer(py);
    }
    Ok(SearchResult {
        docs: ListOf::new(&docs),
        query: Words(result.query),
        index_name: result.index_name,
        time_taken_ms: Some(i64::try_from(result.time_taken_ms).unwrap_or(i64::MAX)),
    })
}

pub(crate) fn mutation_result(result: moss::MutationResult) -> MutationResult {
    MutationResult {
        job_id: result.job_id,
        index_name: result.index_name,
        doc_count: count(result.doc_count),
    }
}

pub(crate) fn push_result(py: Python<'_>, result: moss::PushResult) -> PyResult<PushIndexResult> {
    Ok(PushIndexResult {
        job_id: result.job_id,
        index_name: result.index_name,
        doc_count: count(result.doc_count),
        status: result.status,
        version: result.version,
        conflicts: ListOf::new(&PyList::new(py, result.conflicts)?),
    })
}

pub(crate) fn load_indexes_result(
    py: Python<'_>,
    loaded: Vec<String>,
    failed: BTreeMap<String, String>,
) -> PyResult<LoadIndexesResult> {
    Ok(LoadIndexesResult {
        loaded: ListOf::new(&PyList::new(py, loaded)?),
        failed: failed.into_pyobject(py)?.unbind(),
    })
}
