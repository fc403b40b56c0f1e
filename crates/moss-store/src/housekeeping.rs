//! One round of collection over a whole store, for a service to call now and then.

use chrono::{DateTime, Utc};
use futures::{StreamExt, future, stream};
use moss_core::Result;
use object_store::path::Path;

use crate::garbage::{Retention, age_of};
use crate::object::Objects;
use crate::probe::PROBES;
use crate::project::ProjectStore;
use crate::store::Store;

/// Written to ask the store for its time.
const CLOCK: &str = "service/clock";
const PROJECTS_IN_FLIGHT: usize = 4;
/// Per project.
const INDEXES_IN_FLIGHT: usize = 4;

/// What a round of housekeeping saw and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Housekeeping {
    /// Projects looked at.
    pub projects: u64,
    /// Indexes looked at, deleted ones included.
    pub indexes: u64,
    /// Indexes of which something was collected.
    pub collected: u64,
    /// Steps that failed; each is in the log, and is tried again in the next round.
    pub failures: u64,
}

impl Housekeeping {
    /// Counts a step that returned whether it collected something.
    fn count(mut self, what: &str, done: Result<bool>) -> Housekeeping {
        match done {
            Ok(collected) => self.collected += u64::from(collected),
            Err(error) => {
                tracing::warn!(%error, "housekeeping: {what}");
                self.failures += 1;
            }
        }
        self
    }

    fn and(self, other: Housekeeping) -> Housekeeping {
        Housekeeping {
            projects: self.projects + other.projects,
            indexes: self.indexes + other.indexes,
            collected: self.collected + other.collected,
            failures: self.failures + other.failures,
        }
    }
}

/// Looks at every index, and at the jobs and payloads, of every project that has a record.
pub(crate) async fn keep_house(store: &Store, retention: &Retention) -> Housekeeping {
    let none = Housekeeping::default();
    let objects = &store.objects;
    let now = match objects.now(&Path::from(CLOCK)).await {
        Ok(now) => now,
        Err(error) => return none.count("the store's time", Err(error)),
    };
    let probes = remove_old_probes(objects, retention, now).await;
    let names = match store.project_names().await {
        Ok(names) => names,
        Err(error) => return none.count("listing projects", Err(error)),
    };
    stream::iter(names)
        .map(|name| async move {
            match store.project(&name) {
                Ok(project) => of_project(&project, retention, now).await,
                Err(error) => none.count("opening a project", Err(error)),
            }
        })
        .buffer_unordered(PROJECTS_IN_FLIGHT)
        .fold(none.count("old probes", probes), |sum, one| {
            future::ready(sum.and(one))
        })
        .await
}

async fn of_project(project: &ProjectStore, retention: &Retention, now: DateTime<Utc>) -> Housekeeping {
    let jobs = project.collect_jobs_at(retention.age, now).await.map(|()| false);
    let seen = Housekeeping {
        projects: 1,
        ..Housekeeping::default()
    };
    let names = project.index_names();
    names
        .map(|name| async move {
            let collected = match name.and_then(|name| project.index(&name)) {
                Ok(index) => index.collect_at(retention, now).await,
                Err(error) => Err(error),
            };
            Housekeeping {
                indexes: 1,
                ..Housekeeping::default()
            }
            .count("collecting an index", collected)
        })
        .buffer_unordered(INDEXES_IN_FLIGHT)
        .fold(seen.count("collecting jobs", jobs), |sum, one| {
            future::ready(sum.and(one))
        })
        .await
}

/// Of probes that were killed.
async fn remove_old_probes(objects: &Objects, retention: &Retention, now: DateTime<Utc>) -> Result<bool> {
    for object in objects.list(&Path::from(PROBES)).await? {
        if age_of(object.last_modified, now) >= retention.age {
            objects.delete(&object.location).await?;
        }
    }
    Ok(false)
}
