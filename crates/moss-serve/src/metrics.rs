//! `GET /metrics`: what the service counts, as Prometheus reads it. Labels are route templates, methods and statuses: what a
//! client sends never becomes a label, so that their number stays small. Open to all who reach the service; it names no
//! project, index or document.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use moss_cloud::Cloud;
use moss_core::{Error, ErrorKind, Result};

use crate::Service;
use crate::router::Route;

const REQUESTS: &str = "moss_http_requests_total";
const DURATION: &str = "moss_http_request_duration_seconds";
const CONNECTIONS: &str = "moss_http_connections";
const BODY_BYTES: &str = "moss_http_body_bytes";
const CONFLICTS: &str = "moss_push_conflicts_total";
const CACHE_REQUESTS: &str = "moss_cache_requests_total";
const CACHE_EVICTIONS: &str = "moss_cache_evictions_total";
const CACHE_INDEXES: &str = "moss_cache_indexes";
const CACHE_BYTES: &str = "moss_cache_bytes";
const JOBS: &str = "moss_jobs_total";
const JOBS_RUNNING: &str = "moss_jobs_running";
const RESIDENT: &str = "moss_resident_memory_bytes";
/// Upper bounds in seconds: a query in memory takes less than the first, a large build up to the last.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/metrics", read)]
}

async fn read(State(service): State<Arc<Service>>) -> impl IntoResponse {
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, service.metrics.read(&service))
}

/// The counters of one service. Several services in one process do not share any.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Metrics {
    pub(crate) fn new() -> Result<Metrics> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &BUCKETS)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("metrics: {error}")))?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            counter!(CONFLICTS).absolute(0);
        });
        Ok(Metrics { recorder, handle })
    }

    /// Counts an answer, or a client that went away before it, which is status 499 as in other servers.
    pub(crate) fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let labels = [("method", method.to_owned()), ("route", route.to_owned())];
        metrics::with_local_recorder(&self.recorder, || {
            counter!(REQUESTS, "method" => method, "route" => route.to_owned(), "status" => status.to_string())
                .increment(1);
            histogram!(DURATION, &labels).record(took);
        });
    }

    /// Counts a commit that another one came before.
    pub(crate) fn lost_a_race(&self) {
        metrics::with_local_recorder(&self.recorder, || counter!(CONFLICTS).increment(1));
    }

    /// Takes up what was measured since the last time. Where nobody reads the metrics, this alone keeps them small.
    pub(crate) fn tidy(&self) {
        self.handle.run_upkeep();
    }

    pub(crate) fn read(&self, service: &Service) -> String {
        metrics::with_local_recorder(&self.recorder, || {
            gauge!(CONNECTIONS).set(service.connections.connection_count() as f64);
            gauge!(BODY_BYTES).set(service.bodies.held() as f64);
            of_the_cloud(&service.cloud);
            if let Some(bytes) = resident_bytes() {
                gauge!(RESIDENT).set(bytes as f64);
            }
        });
        self.handle.render()
    }
}

/// Copies what the cloud counts by itself.
fn of_the_cloud(cloud: &Cloud) {
    let cache = cloud.cache_stats();
    for (result, count) in [
        ("hit", cache.hits),
        ("catch_up", cache.catch_ups),
        ("miss", cache.misses),
    ] {
        counter!(CACHE_REQUESTS, "result" => result).absolute(count);
    }
    counter!(CACHE_EVICTIONS).absolute(cache.evictions);
    gauge!(CACHE_INDEXES).set(cache.indexes as f64);
    gauge!(CACHE_BYTES).set(cache.bytes as f64);
    let jobs = cloud.job_stats();
    for (outcome, count) in [("completed", jobs.completed), ("failed", jobs.failed)] {
        counter!(JOBS, "outcome" => outcome).absolute(count);
    }
    gauge!(JOBS_RUNNING).set(jobs.running as f64);
}

fn describe() {
    describe_counter!(REQUESTS, Unit::Count, "Requests answered.");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "From a request's headers to those of its answer."
    );
    describe_gauge!(CONNECTIONS, Unit::Count, "Connections that are open.");
    describe_gauge!(
        BODY_BYTES,
        Unit::Bytes,
        "Bytes of large request bodies held in memory."
    );
    describe_counter!(
        CONFLICTS,
        Unit::Count,
        "Commits refused since another one came before."
    );
    describe_counter!(
        CACHE_REQUESTS,
        Unit::Count,
        "Uses of indexes in memory: whole, brought forward, or read anew."
    );
    describe_counter!(
        CACHE_EVICTIONS,
        Unit::Count,
        "Indexes that left memory since it was short."
    );
    describe_gauge!(CACHE_INDEXES, Unit::Count, "Indexes in memory.");
    describe_gauge!(CACHE_BYTES, Unit::Bytes, "About what the indexes in memory take.");
    describe_counter!(JOBS, Unit::Count, "Jobs that ended in this process.");
    describe_gauge!(
        JOBS_RUNNING,
        Unit::Count,
        "Indexes with a job under way in this process."
    );
    describe_gauge!(RESIDENT, Unit::Bytes, "Memory of the process that is in use.");
}

/// Memory of this process that is in RAM; `None` where the system has no `/proc`.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
