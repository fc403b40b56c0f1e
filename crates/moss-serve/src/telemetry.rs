//! The log of the process, and its traces where a collector is named.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use moss_core::{Error, ErrorKind, Result};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::{LogFormat, Options};

/// Names the collector where the options do not.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// What has to be ended for the last spans to arrive.
pub(crate) struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Sends what this process says to stderr, from `RUST_LOG` or else `info` or, if verbose, `debug` up, and its spans to the
/// collector. A program that has chosen another place for them before keeps it.
///
/// # Errors
/// `InvalidArgument` for an endpoint that is none.
pub(crate) fn start(options: &Options) -> Result<Telemetry> {
    let least = match options.verbose {
        true => LevelFilter::DEBUG,
        false => LevelFilter::INFO,
    };
    let level = EnvFilter::builder()
        .with_default_directive(least.into())
        .from_env_lossy();
    let to_stderr = fmt::layer().with_writer(std::io::stderr);
    let log = match options.log_format {
        LogFormat::Text => to_stderr.with_ansi(false).boxed(),
        LogFormat::Json => to_stderr.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let provider = exporter(options)?;
    let traces = provider.as_ref().map(|provider| {
        let ours = Targets::new().with_target("moss", LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("moss"))
            .with_filter(ours)
    });
    _ = tracing_subscriber::registry()
        .with(log.with_filter(level))
        .with(traces)
        .try_init();
    Ok(Telemetry { provider })
}

impl Telemetry {
    /// Sends the spans that are still here.
    pub(crate) async fn end(self) {
        let Some(provider) = self.provider else {
            return;
        };
        // It waits for its own thread.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "traces not sent");
        }
    }
}

fn exporter(options: &Options) -> Result<Option<SdkTracerProvider>> {
    let named = std::env::var(ENDPOINT)
        .ok()
        .filter(|endpoint| !endpoint.is_empty());
    let Some(endpoint) = options.otlp_endpoint.clone().or(named) else {
        return Ok(None);
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .map_err(|error| {
            let message = format!("OTLP endpoint {endpoint:?}: {error}");
            Error::new(ErrorKind::InvalidArgument, message)
        })?;
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("moss");
    }
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build());
    Ok(Some(provider.build()))
}

/// Puts the span of a request into the trace that its `traceparent` names, under a name that collectors group by.
pub(crate) fn join(span: &Span, headers: &HeaderMap, method: &str, route: &str) {
    static PROPAGATOR: LazyLock<TraceContextPropagator> = LazyLock::new(TraceContextPropagator::new);
    let caller = PROPAGATOR.extract_with_context(&Context::new(), &Headers(headers));
    // Nobody listens to traces, else.
    if span.set_parent(caller).is_ok() {
        span.record("otel.name", format!("{method} {route}"));
        span.record("otel.kind", "server");
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
