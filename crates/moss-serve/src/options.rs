//! What whoever runs the service may set.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use moss_cloud::CloudOptions;

/// How a line of the log reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object per line.
    Json,
}

/// How a service runs. Made by [`Options::new`]; the fields are set one by one.
///
/// ```
/// let mut options = moss_serve::Options::new("memory://docs");
/// options.listen = "127.0.0.1:0".to_owned();
/// ```
///
/// Not `Debug`: they hold the admin token.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// URL of the store, see [`Cloud::open`](moss_cloud::Cloud::open).
    pub store: String,
    /// Address and port to listen on; default `127.0.0.1:8080`. Port 0 takes a free one.
    pub listen: String,
    /// What clients reach the service by, as `https://moss.example.com`, for the URLs in its answers. Default: what the
    /// request says, by `X-Forwarded-Proto` and `Host`.
    pub public_url: Option<String>,
    /// Whether an unknown project is registered with the key that it first comes with; default false. For one box,
    /// development and tests: whoever reaches the service can make projects.
    pub register_on_first_use: bool,
    /// Whether readers of segments are sent to URLs that the store signs, where it can; default false. Takes the bytes off
    /// the service; clients must reach the store.
    pub presigned_urls: bool,
    /// Certificate chain in PEM, with [`tls_key`](Options::tls_key); default none, and then the service speaks plain HTTP.
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate in PEM.
    pub tls_key: Option<PathBuf>,
    /// Requests per second of one project, and as many at once after a pause; default no limit.
    pub rate_limit: Option<NonZeroU32>,
    /// Bytes that bodies of requests above 64 KiB may hold in memory together, and with that the largest upload; bodies of
    /// answers may hold as many. Default 2 GiB.
    pub upload_bytes: usize,
    /// How long a connection may wait for a request, or be in the middle of its headers; default 60 s.
    pub header_timeout: Duration,
    /// How far a body may fall behind 8 KiB a second, whoever sends it: a client that sends nothing for so long, or takes
    /// nothing of its answer, is cut off, and so is one that stays slower. Default 30 s.
    pub body_timeout: Duration,
    /// How long requests and jobs may go on after the service was told to stop; default 30 s.
    pub drain: Duration,
    /// How the log of [`serve`](crate::serve) reads; what is in it follows `RUST_LOG`.
    pub log_format: LogFormat,
    /// Whether the log begins at `debug` where `RUST_LOG` says nothing; default false, and then it begins at `info`.
    pub verbose: bool,
    /// Base URL of an OpenTelemetry collector that takes OTLP over HTTP, as `http://localhost:4318`; default
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, and without that no traces. For [`serve`](crate::serve).
    pub otlp_endpoint: Option<String>,
    /// What opens `/v1/admin`, where projects and keys are made; default none, and then those routes are not there.
    pub admin_token: Option<String>,
    /// About how many bytes the indexes in memory may take; default 512 MiB, see [`CloudOptions::cache_bytes`].
    pub cache_bytes: usize,
}

impl Options {
    /// The defaults over the store at this URL.
    pub fn new(store: impl Into<String>) -> Options {
        Options {
            store: store.into(),
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            register_on_first_use: false,
            presigned_urls: false,
            tls_cert: None,
            tls_key: None,
            rate_limit: None,
            upload_bytes: moss_proto::MAX_UPLOAD_BYTES,
            header_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            log_format: LogFormat::Text,
            verbose: false,
            otlp_endpoint: None,
            admin_token: None,
            cache_bytes: CloudOptions::default().cache_bytes,
        }
    }
}
