//! `moss serve`: the service, in this process.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use moss_serve::{LogFormat, Options};

use super::job::seconds;
use crate::context::Context;
use crate::failure::{Failure, Outcome};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where all data is: a directory, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix
    #[arg(long, env = "MOSS_STORE", value_name = "URL")]
    store: String,
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: String,
    /// What clients reach the service by [default: what their requests say]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Register an unknown project with the key that it first comes with: for one box and for tests
    #[arg(long)]
    register_on_first_use: bool,
    /// Send readers of segments to URLs that the store signs, where it can
    #[arg(long)]
    presigned_urls: bool,
    /// Certificate chain in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Requests per second of one project [default: no limit]
    #[arg(long, value_name = "REQUESTS")]
    rate_limit: Option<NonZeroU32>,
    /// Bytes that large bodies may hold in memory together, and the largest upload [default: 2 GiB]
    #[arg(long, value_name = "BYTES")]
    upload_bytes: Option<usize>,
    /// Bytes of indexes that are kept in memory for queries [default: 512 MiB]
    #[arg(long, value_name = "BYTES")]
    cache_bytes: Option<usize>,
    /// How long requests and jobs may go on once the service is told to stop [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    drain_seconds: Option<Duration>,
    /// How the log reads; RUST_LOG says what is in it
    #[arg(long, value_enum, default_value = "text")]
    log_format: Format,
    /// Base URL of an OpenTelemetry collector, OTLP over HTTP [default: OTEL_EXPORTER_OTLP_ENDPOINT]
    #[arg(long, value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// What opens /v1/admin [default: those routes are not there]
    #[arg(long, env = "MOSS_ADMIN_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    admin_token: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Serve {
    /// Serves until the process is told to stop. The runtime is the service's own, on all CPUs.
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let mut options = Options::new(self.store);
        options.listen = self.listen;
        options.public_url = self.public_url;
        options.register_on_first_use = self.register_on_first_use;
        options.presigned_urls = self.presigned_urls;
        options.tls_cert = self.tls_cert;
        options.tls_key = self.tls_key;
        options.rate_limit = self.rate_limit;
        options.upload_bytes = self.upload_bytes.unwrap_or(options.upload_bytes);
        options.cache_bytes = self.cache_bytes.unwrap_or(options.cache_bytes);
        options.drain = self.drain_seconds.unwrap_or(options.drain);
        options.log_format = match self.log_format {
            Format::Text => LogFormat::Text,
            Format::Json => LogFormat::Json,
        };
        options.verbose = context.global.verbose;
        options.otlp_endpoint = self.otlp_endpoint;
        options.admin_token = self.admin_token.filter(|token| !token.is_empty());
        let runtime = tokio::runtime::Runtime::new()
            .map_err(|error| Failure::failed(format!("threads of the service: {error}")))?;
        let served = runtime.block_on(moss_serve::serve(options));
        // What still runs was given its time: another replica goes on with a job.
        runtime.shutdown_background();
        Ok(served?)
    }
}
