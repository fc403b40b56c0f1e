//! The one download: published files from the hub, checked, packed into the cache.
//!
//! Files arrive under `<cache>/<weights>.download/`, so that what a cut connection or a killed process leaves behind is
//! continued by the next attempt. A lock file lets one process of many do it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use moss_core::embed::{ModelSpec, PUBLISHED_FILES};
use moss_core::vector::Precision;
use moss_core::{Error, ErrorKind, Result, limits};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode};

use crate::places::file_name;
use crate::progress::Progress;
use crate::{io, pack_to_file};

/// A server that is silent this long is taken for dead.
const SILENCE: Duration = Duration::from_secs(30);

/// Downloads and packs a model; returns the packed file.
pub(crate) async fn fetch(spec: &ModelSpec, hub: &str, cache: &Path) -> Result<PathBuf> {
    let packed = cache.join(file_name(spec));
    let folder = cache.join(format!("{}.download", spec.weights));
    fs::create_dir_all(&folder).map_err(|error| io(&folder, &error))?;
    let _lock = lock(cache.join(format!("{}.lock", spec.weights))).await?;
    if packed.exists() {
        return Ok(packed); // another process was faster
    }
    tracing::info!(model = spec.id, hub, "downloading the model");
    let client = Client::builder()
        .connect_timeout(SILENCE)
        .read_timeout(SILENCE)
        .build()
        .map_err(|error| unavailable(hub, error.without_url()))?;
    for name in PUBLISHED_FILES {
        let url = format!("{hub}/{}/resolve/main/{name}", spec.repository);
        let part = folder.join(name);
        // What an earlier process left is only continued where a pinned hash will judge the whole.
        if spec.weights_sha256.is_none() && part.exists() {
            fs::remove_file(&part).map_err(|error| io(&part, &error))?;
        }
        fetch_file(&client, &url, &part).await?;
    }
    let (from, to, spec) = (folder.clone(), packed.clone(), *spec);
    let packing = tokio::task::spawn_blocking(move || pack_to_file(&from, &spec, Precision::Int8, &to)).await;
    // Wrong or right, the parts have served: a wrong file must not be continued next time.
    let removed = fs::remove_dir_all(&folder).map_err(|error| io(&folder, &error));
    packing.map_err(|error| Error::new(ErrorKind::Internal, format!("packing: {error}")))??;
    removed?;
    Ok(packed)
}

/// Waits for the lock of this download; the file stays, so that nobody locks a deleted one.
async fn lock(path: PathBuf) -> Result<File> {
    let take = move || {
        let file = File::create(&path).map_err(|error| io(&path, &error))?;
        file.lock().map_err(|error| io(&path, &error))?;
        Ok(file)
    };
    tokio::task::spawn_blocking(take)
        .await
        .map_err(|error| Error::new(ErrorKind::Internal, format!("lock: {error}")))?
}

/// Brings `part` to the whole of `url`, going on where it stands, for as long as every connection brings something new.
async fn fetch_file(client: &Client, url: &str, part: &Path) -> Result<()> {
    loop {
        let have = fs::metadata(part).map_or(0, |metadata| metadata.len());
        match fetch_rest(client, url, part, have).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                let now = fs::metadata(part).map_or(0, |metadata| metadata.len());
                if now <= have {
                    return Err(error);
                }
                tracing::info!(url, bytes = now, "connection lost, going on");
            }
        }
    }
}

/// One connection: asks for what follows the first `have` bytes and appends it.
async fn fetch_rest(client: &Client, url: &str, part: &Path, have: u64) -> Result<()> {
    let mut request = client.get(url);
    if have > 0 {
        request = request.header(RANGE, format!("bytes={have}-"));
    }
    let mut response = request.send().await.map_err(|error| network(url, &error))?;
    let start = match response.status() {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(have) => have,
        // Nothing follows: the file was whole already, or is another one now. Its hash decides.
        StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => return Ok(()),
        status => return Err(unavailable(url, format!("the hub answered {status}"))),
    };
    let total = response.content_length().map(|rest| rest.saturating_add(start));
    let mut file = open_at(part, start).map_err(|error| io(part, &error))?;
    let progress = Progress::new(url, start, total);
    let mut length = start;
    while let Some(chunk) = response.chunk().await.map_err(|error| network(url, &error))? {
        length += chunk.len() as u64;
        if length > limits::MAX_MODEL_BYTES {
            return Err(unavailable(url, "the hub sends more than a model can have"));
        }
        file.write_all(&chunk).map_err(|error| io(part, &error))?;
        progress.at(length);
    }
    Ok(())
}

/// The file for appending at `start`; what stands behind is cut off.
fn open_at(part: &Path, start: u64) -> std::io::Result<File> {
    let file = File::options().append(true).create(true).open(part)?;
    file.set_len(start)?;
    Ok(file)
}

/// Where the range starts that the server chose to send, from `bytes 5-9/10`.
fn range_start(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

fn network(url: &str, error: &reqwest::Error) -> Error {
    let reason = if error.is_connect() {
        "the hub was not reached"
    } else if error.is_timeout() {
        "the hub fell silent"
    } else {
        "the connection was lost"
    };
    unavailable(url, reason)
}

fn unavailable(url: &str, reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::ModelUnavailable, format!("{url}: {reason}"))
}
