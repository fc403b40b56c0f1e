//! A model by its id: found, opened, warmed, and shared by all who ask for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use moss_core::embed::{self, Embedder, Encoder};
use moss_core::{Error, ErrorKind, Result};

use crate::{Places, locate};

static OPEN: Mutex<BTreeMap<&'static str, Weak<Encoder>>> = Mutex::new(BTreeMap::new());

/// The model of that id, ready for its first question.
///
/// One instance per id is shared while anyone in the process holds it. The environment is read when none is open.
/// Needs a tokio runtime; the file work runs on its blocking threads.
///
/// # Errors
/// `UnknownModel`; `ModelUnavailable` if the files are absent and cannot be downloaded, or are damaged.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let model = moss_models::open_model("moss-minilm").await?;
/// assert_eq!(model.embed_query("where is my refund")?.len(), model.dim());
/// # Ok::<(), moss_core::Error>(())
/// # }).unwrap();
/// ```
pub async fn open_model(id: &str) -> Result<Arc<dyn Embedder>> {
    let spec = embed::find(id)?;
    if let Some(encoder) = share(spec.id, None) {
        return Ok(encoder);
    }
    let path = locate(spec, &Places::from_env()).await?;
    let open = move || {
        let encoder = Encoder::open(&path, spec)?;
        encoder.warm()?;
        Ok(encoder)
    };
    let encoder = tokio::task::spawn_blocking(open)
        .await
        .map_err(|error| Error::new(ErrorKind::Internal, format!("opening model {id}: {error}")))??;
    // Two openers at once both get here; the first one's encoder is kept.
    let encoder = Arc::new(encoder);
    Ok(share(spec.id, Some(&encoder)).unwrap_or(encoder))
}

/// The encoder that is open under this id; if there is none, `new` becomes it.
fn share(id: &'static str, new: Option<&Arc<Encoder>>) -> Option<Arc<Encoder>> {
    // Held for a map access only. A panic in between leaves a valid map.
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = open.get(id).and_then(Weak::upgrade);
    if let (None, Some(new)) = (&found, new) {
        open.insert(id, Arc::downgrade(new));
    }
    found
}
