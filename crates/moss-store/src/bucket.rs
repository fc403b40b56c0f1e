//! Buckets: S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage. Their settings are read from the
//! environment by `object_store`; here are its limits in time, and the parts of their URLs.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use moss_core::{Error, ErrorKind, Result};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::list::PaginatedListStore;
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};

use crate::object::Objects;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: &str = "5 seconds";
/// How long one try of a request may take with its body. `object_store` has one limit for all; 64 MB pass at 1 MB/s.
const REQUEST_TIMEOUT: &str = "64 seconds";
/// No request is tried again after so long: a bucket that refuses connections is an error within seconds, one that is not
/// reached within half a minute, and one that takes a request and never answers it within a minute and a half.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);
const MAX_RETRIES: usize = 6;
const MAX_BACKOFF: Duration = Duration::from_secs(2);
/// The longest name that any of the services gives a bucket.
const MAX_BUCKET_NAME: usize = 222;

/// The bucket `name[/prefix]` of a service.
pub(crate) fn open(scheme: &str, rest: &str) -> Result<Objects> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    // A URL with credentials in it is not repeated in the message.
    if !is_bucket_name(bucket) {
        return Err(invalid(
            scheme,
            "the name of a bucket has letters, digits, '.', '_' and '-'; keys go into the environment",
        ));
    }
    let prefix = Path::parse(prefix).map_err(|error| invalid(scheme, error))?;
    match scheme {
        "s3" => {
            let mut builder = AmazonS3Builder::from_env();
            for (key, value) in limits("AWS") {
                builder = builder.with_config(AmazonS3ConfigKey::Client(key), value);
            }
            let built = builder.with_bucket_name(bucket).with_retry(retries()).build();
            bucket_of(scheme, built, prefix)
        }
        "gs" => {
            let mut builder = GoogleCloudStorageBuilder::from_env();
            for (key, value) in limits("GOOGLE") {
                builder = builder.with_config(GoogleConfigKey::Client(key), value);
            }
            let built = builder.with_bucket_name(bucket).with_retry(retries()).build();
            bucket_of(scheme, built, prefix)
        }
        "az" => {
            let mut builder = MicrosoftAzureBuilder::from_env();
            for (key, value) in limits("AZURE") {
                builder = builder.with_config(AzureConfigKey::Client(key), value);
            }
            let built = builder.with_container_name(bucket).with_retry(retries()).build();
            bucket_of(scheme, built, prefix)
        }
        other => Err(invalid(other, "unknown scheme")),
    }
}

fn bucket_of<T>(scheme: &str, built: object_store::Result<T>, prefix: Path) -> Result<Objects>
where
    T: ObjectStore + Signer + PaginatedListStore,
{
    match built {
        Ok(bucket) => Ok(Objects::of_bucket(Arc::new(bucket), prefix)),
        Err(error) => Err(invalid(scheme, error)),
    }
}

/// Our limits in time, where the environment names none.
fn limits(service: &str) -> impl Iterator<Item = (ClientConfigKey, &'static str)> {
    let limits = [
        (
            "CONNECT_TIMEOUT",
            ClientConfigKey::ConnectTimeout,
            CONNECT_TIMEOUT,
        ),
        ("TIMEOUT", ClientConfigKey::Timeout, REQUEST_TIMEOUT),
    ];
    limits
        .into_iter()
        .filter(move |(name, ..)| env::var_os(format!("{service}_{name}")).is_none())
        .map(|(_, key, value)| (key, value))
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            max_backoff: MAX_BACKOFF,
            ..BackoffConfig::default()
        },
        max_retries: MAX_RETRIES,
        retry_timeout: RETRY_TIMEOUT,
    }
}

fn is_bucket_name(name: &str) -> bool {
    (1..=MAX_BUCKET_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn invalid(scheme: &str, what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("store {scheme}://: {what}"))
}
