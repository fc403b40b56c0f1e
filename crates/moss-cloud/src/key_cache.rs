//! Keys as this process knows them: read at most every few seconds, however many requests come.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use moss_core::Result;
use moss_store::ProjectStore;
use parking_lot::Mutex;

use crate::key::{Key, ProjectRecord, is_id};

/// How long a revoked key may still open a project in another process. Five seconds are promised; a slow read takes
/// some of them.
const KNOWN_FOR: Duration = Duration::from_secs(3);

/// A project, and one of its keys: the id of a key that is an object of its own, or empty for the key of first use.
type Slot = (String, String);
type Reading = Shared<BoxFuture<'static, Result<Option<Key>>>>;

/// Keys by project and id. Callers that ask for one at a time share one reading of the store.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    readings: Mutex<HashMap<Slot, (Instant, Reading)>>,
}

impl KeyCache {
    /// A key as it was at most a few seconds ago; `None` if there was none. Without an id, the key of first use.
    ///
    /// # Errors
    /// `CacheCorrupt`, `Io`.
    pub(crate) async fn get(
        &self,
        store: &ProjectStore,
        project: &str,
        id: Option<&str>,
    ) -> Result<Option<Key>> {
        let own = id.filter(|id| is_id(id)).unwrap_or_default();
        let slot = (project.to_owned(), own.to_owned());
        let reading = self.reading(store, &slot);
        let key = reading.clone().await;
        if !matches!(key, Ok(Some(_))) {
            // A key may be made, or the store come back, before this reading is old.
            let mut readings = self.readings.lock();
            if readings
                .get(&slot)
                .is_some_and(|(_, known)| known.ptr_eq(&reading))
            {
                readings.remove(&slot);
            }
        }
        Ok(key?.filter(|key| id.is_none_or(|id| key.id == id)))
    }

    fn reading(&self, store: &ProjectStore, slot: &Slot) -> Reading {
        let mut readings = self.readings.lock();
        if let Some((since, reading)) = readings.get(slot)
            && since.elapsed() < KNOWN_FOR
        {
            return reading.clone();
        }
        readings.retain(|_, (since, _)| since.elapsed() < KNOWN_FOR);
        let reading = read_key(store.clone(), slot.1.clone()).boxed().shared();
        readings.insert(slot.clone(), (Instant::now(), reading.clone()));
        reading
    }

    /// Forgets the keys of a project, so that this process sees a change at once.
    pub(crate) fn forget(&self, project: &str) {
        self.readings.lock().retain(|(known, _), _| known != project);
    }
}

/// A key from the store, wherever it is kept.
async fn read_key(store: ProjectStore, own: String) -> Result<Option<Key>> {
    if own.is_empty() {
        let record: Option<ProjectRecord> = store.record().await?;
        return Ok(record.and_then(|record| record.first_key()));
    }
    let record = store.key(&own).await?;
    Ok(record.map(|record| Key { id: own, record }))
}
