//! What the cloud says of its indexes and jobs.

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::convert::text;
use crate::errors::invalid_argument;
use crate::record::record;
use crate::results::count;

record! {
    /// The model of an index.
    ModelRef "(id, version)"
    {
        /// The model's id.
        id / set_id: String,
        /// The version of its files, or "".
        version / set_version: String,
    }
    optional {}
}

record! {
    /// An index of the cloud.
    IndexInfo "(id, name, version, status, doc_count, created_at, updated_at, model)"
    {
        /// The index's own id, which survives pushes.
        id / set_id: String,
        /// Its name in the project.
        name / set_name: String,
        /// Its current version.
        version / set_version: String,
        /// One of `IndexStatus`.
        status / set_status: String,
        /// Documents in it.
        doc_count / set_doc_count: i64,
        /// When it was made: ISO 8601, UTC.
        created_at / set_created_at: String,
        /// When its current version was made.
        updated_at / set_updated_at: String,
        /// Its model.
        model / set_model: Py<ModelRef>,
    }
    optional {}
}

record! {
    /// The state of an index.
    IndexStatus "(value)"
    {
        /// One of the constants of this class.
        value / set_value: String,
    }
    optional {}

    #[classattr]
    #[pyo3(name = "NotStarted")]
    const NOT_STARTED: &'static str = "NotStarted";
    #[classattr]
    #[pyo3(name = "Building")]
    const BUILDING: &'static str = "Building";
    #[classattr]
    #[pyo3(name = "Ready")]
    const READY: &'static str = "Ready";
    #[classattr]
    #[pyo3(name = "Failed")]
    const FAILED: &'static str = "Failed";
}

/// The state of a job. Equal to another of the same `value`, and to that string.
#[pyclass(module = "moss_core", frozen)]
pub(crate) struct JobStatus {
    /// One of the constants of this class.
    #[pyo3(get)]
    value: String,
}

#[pymethods]
impl JobStatus {
    #[classattr]
    const PENDING_UPLOAD: &'static str = "pending_upload";
    #[classattr]
    const UPLOADING: &'static str = "uploading";
    #[classattr]
    const BUILDING: &'static str = "building";
    #[classattr]
    const COMPLETED: &'static str = "completed";
    #[classattr]
    const FAILED: &'static str = "failed";

    #[new]
    fn new(value: &Bound<'_, PyAny>) -> PyResult<JobStatus> {
        let known = [
            Self::PENDING_UPLOAD,
            Self::UPLOADING,
            Self::BUILDING,
            Self::COMPLETED,
            Self::FAILED,
        ];
        let value = one_of(value, "JobStatus", &known)?;
        Ok(JobStatus { value })
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp) -> PyResult<Py<PyAny>> {
        let py = other.py();
        let equal = if let Ok(other) = other.cast::<JobStatus>() {
            self.value == other.get().value
        } else if let Ok(other) = other.cast::<PyString>() {
            other.to_cow().is_ok_and(|other| self.value == other)
        } else {
            return Ok(py.NotImplemented());
        };
        Ok(match op {
            CompareOp::Eq => equal.into_pyobject(py)?.to_owned().into_any().unbind(),
            CompareOp::Ne => (!equal).into_pyobject(py)?.to_owned().into_any().unbind(),
            _ => py.NotImplemented(),
        })
    }

    /// That of the string, because equal objects have one hash.
    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, &self.value).hash()
    }

    fn __repr__(&self) -> String {
        format!("JobStatus('{}')", self.value)
    }
}

/// What a running job is at.
#[pyclass(module = "moss_core", frozen)]
pub(crate) struct JobPhase {
    /// One of the constants of this class.
    #[pyo3(get)]
    value: String,
}

impl JobPhase {
    const KNOWN: [&'static str; 6] = [
        Self::DOWNLOADING,
        Self::DESERIALIZING,
        Self::GENERATING_EMBEDDINGS,
        Self::BUILDING_INDEX,
        Self::UPLOADING,
        Self::CLEANUP,
    ];
}

#[pymethods]
impl JobPhase {
    #[classattr]
    const DOWNLOADING: &'static str = "downloading";
    #[classattr]
    const DESERIALIZING: &'static str = "deserializing";
    #[classattr]
    const GENERATING_EMBEDDINGS: &'static str = "generating_embeddings";
    #[classattr]
    const BUILDING_INDEX: &'static str = "building_index";
    #[classattr]
    const UPLOADING: &'static str = "uploading";
    #[classattr]
    const CLEANUP: &'static str = "cleanup";

    #[new]
    fn new(value: &Bound<'_, PyAny>) -> PyResult<JobPhase> {
        let value = one_of(value, "JobPhase", &JobPhase::KNOWN)?;
        Ok(JobPhase { value })
    }

    fn __repr__(&self) -> String {
        format!("JobPhase('{}')", self.value)
    }
}

fn one_of(value: &Bound<'_, PyAny>, class: &str, known: &[&str]) -> PyResult<String> {
    let given = text(value, &format_args!("{class}.value"))?;
    if known.contains(&given.as_str()) {
        return Ok(given);
    }
    let fault = format!("{class} is one of {}, not {given:?}", known.join(", "));
    Err(invalid_argument(value.py(), fault))
}

record! {
    /// How far a job is.
    JobProgress "(job_id, status, progress, current_phase=None)"
    {
        /// The job.
        job_id: String,
        /// Its state.
        status: Py<JobStatus>,
        /// 0 to 100.
        progress: f64,
    }
    optional {
        /// What it is at, while it is building.
        current_phase: Option<Py<JobPhase>> = None,
    }
}

record! {
    /// All that is known of a job.
    JobStatusResponse "(job_id, status, progress, current_phase, error, created_at, updated_at, completed_at=None)"
    {
        /// The job.
        job_id: String,
        /// Its state.
        status: Py<JobStatus>,
        /// 0 to 100.
        progress: f64,
        /// What it is at, while it is building.
        current_phase: Option<Py<JobPhase>>,
        /// Why it failed, if it did.
        error: Option<String>,
        /// When it was made: ISO 8601, UTC.
        created_at: String,
        /// When it last changed.
        updated_at: String,
    }
    optional {
        /// When it ended, if it did.
        completed_at: Option<String> = None,
    }
}

pub(crate) fn index_info(py: Python<'_>, info: moss::IndexInfo) -> PyResult<IndexInfo> {
    let model = ModelRef {
        id: info.model.id,
        version: info.model.version,
    };
    Ok(IndexInfo {
        id: info.id,
        name: info.name,
        version: info.version,
        status: info.status,
        doc_count: count(info.doc_count),
        created_at: info.created_at,
        updated_at: info.updated_at,
        model: Py::new(py, model)?,
    })
}

pub(crate) fn job_status(py: Python<'_>, job: moss::JobStatus) -> PyResult<JobStatusResponse> {
    // A phase that no SDK knows reads as none.
    let phase = job
        .current_phase
        .filter(|phase| JobPhase::KNOWN.contains(&phase.as_str()));
    Ok(JobStatusResponse {
        job_id: job.job_id,
        status: Py::new(py, JobStatus { value: job.status })?,
        progress: job.progress,
        current_phase: phase.map(|value| Py::new(py, JobPhase { value })).transpose()?,
        error: job.error,
        created_at: job.created_at,
        updated_at: job.updated_at,
        completed_at: job.completed_at,
    })
}

/// Adds `IndexStatusValues`, the constants of `IndexStatus` as a dict.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let values = PyDict::new(module.py());
    for value in [
        IndexStatus::NOT_STARTED,
        IndexStatus::BUILDING,
        IndexStatus::READY,
        IndexStatus::FAILED,
    ] {
        values.set_item(value, value)?;
    }
    module.add("IndexStatusValues", values)
}
