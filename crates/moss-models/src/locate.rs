//! One model: the first place that has it, else a download.

use std::path::PathBuf;

use moss_core::embed::ModelSpec;
use moss_core::{Error, ErrorKind, Result};

use crate::download;
use crate::places::{Places, file_name};

/// The packed file or directory of a model in the first place that has one, without looking inside it.
///
/// Touches no network. `None` if no place has it.
///
/// # Errors
/// `ModelUnavailable` if a place cannot be looked at, so that it is not known whether it has the model.
pub fn find_file(spec: &ModelSpec, places: &Places) -> Result<Option<PathBuf>> {
    for directory in places.directories() {
        for path in [directory.join(file_name(spec)), directory.join(spec.id)] {
            match path.try_exists() {
                Ok(true) => return Ok(Some(path)),
                Ok(false) => {}
                Err(error) => {
                    let message = format!("model {}: {}: {error}", spec.id, path.display());
                    return Err(Error::new(ErrorKind::ModelUnavailable, message));
                }
            }
        }
    }
    Ok(None)
}

/// As [`find_file`], and where nothing is found, downloads the model into the cache.
///
/// # Errors
/// `ModelUnavailable` if the model is nowhere and cannot be downloaded; it names the model, the places and the fix.
pub async fn locate(spec: &ModelSpec, places: &Places) -> Result<PathBuf> {
    if let Some(path) = find_file(spec, places)? {
        return Ok(path);
    }
    let reason = match (&places.hub, &places.cache) {
        (None, _) => "MOSS_OFFLINE forbids the download".to_owned(),
        (_, None) => "there is no cache directory to download to".to_owned(),
        (Some(hub), Some(cache)) => match download::fetch(spec, hub, cache).await {
            Ok(path) => return Ok(path),
            Err(error) => error.to_string(),
        },
    };
    Err(absent(spec, places, &reason))
}

fn absent(spec: &ModelSpec, places: &Places, reason: &str) -> Error {
    let mut searched: Vec<String> = places
        .directories()
        .map(|directory| directory.display().to_string())
        .collect();
    if searched.is_empty() {
        searched.push("no directory".to_owned());
    }
    let message = format!(
        "model {} is not in {}, and {reason}; put {} in a directory and set MOSS_MODEL_DIR to it",
        spec.id,
        searched.join(", "),
        file_name(spec)
    );
    Error::new(ErrorKind::ModelUnavailable, message)
}
