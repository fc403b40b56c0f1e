//! The test that a store must pass before a service trusts it: everything that Moss promises rests on create-if-absent.

use std::path::Path as FilePath;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use moss_core::{Error, ErrorKind, Result};
use object_store::path::Path;
use uuid::Uuid;

use crate::local;
use crate::object::{Created, Objects};

/// Below it nothing stays.
pub(crate) const PROBES: &str = "service/probe";
/// A store that looks first and writes then lets two through now and then, not each time.
const ROUNDS: usize = 4;
const CREATORS: usize = 16;
/// Before a failed request is tried again.
const PAUSES_MS: [u64; 4] = [100, 200, 400, 800];

/// Races creators for fresh objects and reads, lists and overwrites what they wrote, then removes it.
pub(crate) async fn probe(objects: &Objects, directory: Option<&FilePath>) -> Result<()> {
    let prefix = Path::from(PROBES).join(Uuid::new_v4().to_string());
    let outcome = race(objects, &prefix).await;
    let removed = steady(|| objects.delete_under(&prefix, None)).await;
    outcome
        .and(removed)
        .map_err(|error| error.within("probing the store"))?;
    local::remove_leftovers(directory, &Path::from(PROBES))
}

async fn race(objects: &Objects, prefix: &Path) -> Result<()> {
    for round in 0..ROUNDS {
        let path = prefix.clone().join(round.to_string());
        let creators = (0..CREATORS).map(|creator| {
            let bytes = Bytes::from(format!("creator {creator} of round {round}"));
            let path = path.clone();
            async move {
                let created = steady(|| objects.create(&path, bytes.clone())).await?;
                Ok::<_, Error>((created, bytes))
            }
        });
        let mut winners = Vec::new();
        for outcome in join_all(creators).await {
            if let (Created::New, bytes) = outcome? {
                winners.push(bytes);
            }
        }
        let [winner] = winners.as_slice() else {
            return Err(unfit(format!(
                "{} of {CREATORS} writers who created one object at the same time were told that it is theirs",
                winners.len()
            )));
        };
        let late = Bytes::from_static(b"late");
        if steady(|| objects.create(&path, late.clone())).await? == Created::New {
            return Err(unfit("a writer may create an object that is there already"));
        }
        if steady(|| objects.get(&path)).await?.as_ref() != Some(winner) {
            return Err(unfit("an object holds something else than its creator was told"));
        }
    }
    let listed = steady(|| objects.list(prefix)).await?.len();
    if listed != ROUNDS {
        return Err(unfit(format!(
            "a list shows {listed} of {ROUNDS} objects that were just written"
        )));
    }
    // What the newest version of an index is rests on this.
    let counted_down = |name: &str| name.parse().ok().map(|round: u64| u64::MAX - round);
    if steady(|| objects.greatest(prefix, counted_down)).await? != Some(u64::MAX) {
        return Err(unfit("a list does not begin with the least name"));
    }
    let path = prefix.clone().join("overwritten");
    for bytes in [&b"old"[..], b"new"] {
        let bytes = Bytes::from_static(bytes);
        steady(|| objects.put(&path, bytes.clone())).await?;
        if steady(|| objects.get(&path)).await? != Some(bytes) {
            return Err(unfit("an object that was just overwritten reads as before"));
        }
    }
    Ok(())
}

/// Asks again where a request failed: that is no verdict on the store, and all that is asked here may be asked twice.
async fn steady<T, F: Future<Output = Result<T>>>(ask: impl Fn() -> F) -> Result<T> {
    for pause in PAUSES_MS {
        match ask().await {
            Err(error) if matches!(error.kind(), ErrorKind::Network | ErrorKind::Io) => {
                tracing::debug!(%error, "probing again");
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            settled => return settled,
        }
    }
    ask().await
}

fn unfit(what: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!(
            "{what}, so pushes would be lost; use a store with conditional writes (If-None-Match) and consistent reads: \
             S3, Google Cloud Storage, Azure Blob Storage, Ceph, or a directory on a local disk"
        ),
    )
}
