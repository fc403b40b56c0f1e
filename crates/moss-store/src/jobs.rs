//! What several processes need to share the jobs of a project: a queue for each index, claims, and ages by one clock.

use std::time::Duration;

use bytes::Bytes;
use moss_core::{Error, ErrorKind, Result};
use object_store::path::Path;
use serde::de::DeserializeOwned;

use crate::garbage::age_of;
use crate::key::queue_number;
use crate::object::{Created, corrupt};
use crate::project::ProjectStore;

/// How often a job may find its number in the queue taken by another one.
const QUEUE_ATTEMPTS: usize = 64;

impl ProjectStore {
    /// The state of a job and how long ago it was written, by the store's time; `None` for an unknown one. Writes an object
    /// to learn the time.
    ///
    /// # Errors
    /// `CacheCorrupt` if it is not such a state, `Io`.
    pub async fn job_and_age<T: DeserializeOwned>(&self, job: &str) -> Result<Option<(T, Duration)>> {
        let path = self.keys.job(job);
        let Some((bytes, written)) = self.objects.get_dated(&path).await? else {
            return Ok(None);
        };
        let state = serde_json::from_slice(&bytes).map_err(|error| corrupt(&path, error))?;
        let now = self.objects.now(&self.keys.clock()).await?;
        Ok(Some((state, age_of(written, now))))
    }

    /// Takes a job on for the `attempt`th time: of many callers one gets [`Created::New`]. `by` tells callers apart.
    ///
    /// # Errors
    /// `Io`; calling again is safe.
    pub async fn claim_job(&self, job: &str, attempt: u32, by: &str) -> Result<Created> {
        let path = self.keys.claim(job, attempt);
        self.objects.create(&path, Bytes::from(by.to_owned())).await
    }

    /// Whether a job was claimed for the `attempt`th time.
    ///
    /// # Errors
    /// `Io`.
    pub async fn has_claim(&self, job: &str, attempt: u32) -> Result<bool> {
        self.objects.exists(&self.keys.claim(job, attempt)).await
    }

    /// How long ago a job was claimed for the `attempt`th time, by the store's time; `None` if it was not.
    ///
    /// # Errors
    /// `Io`.
    pub async fn claim_age(&self, job: &str, attempt: u32) -> Result<Option<Duration>> {
        let Some((_, written)) = self.objects.get_dated(&self.keys.claim(job, attempt)).await? else {
            return Ok(None);
        };
        let now = self.objects.now(&self.keys.clock()).await?;
        Ok(Some(age_of(written, now)))
    }

    /// Puts a job at the end of an index's queue: behind all that were put there before this was called.
    ///
    /// # Errors
    /// `Conflict` if others are faster all the time; `Io`.
    pub async fn enqueue_job(&self, index: &str, job: &str) -> Result<()> {
        for _ in 0..QUEUE_ATTEMPTS {
            let number = self.queue(index).await?.last().map_or(1, |last| last + 1);
            let path = self.keys.queued(index, number);
            if self.objects.create(&path, Bytes::from(job.to_owned())).await? == Created::New {
                return Ok(());
            }
        }
        Err(Error::new(
            ErrorKind::Conflict,
            format!("index {index:?}: too many jobs arrive at once"),
        ))
    }

    /// The numbers in an index's queue, first come first.
    ///
    /// # Errors
    /// `Io`.
    pub async fn queue(&self, index: &str) -> Result<Vec<u64>> {
        let entries = self.objects.list(&self.keys.queue(index)).await?;
        let mut numbers: Vec<u64> = entries
            .iter()
            .filter_map(|entry| queue_number(&entry.location))
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The job that arrived last in each queue of the project; those before it have ended if it has.
    ///
    /// # Errors
    /// As [`queued_job`](ProjectStore::queued_job).
    pub async fn last_queued_jobs(&self) -> Result<Vec<String>> {
        let mut jobs = Vec::new();
        for queue in self.objects.children(&self.keys.queues()).await? {
            let entries = self.objects.list(&queue).await?;
            let last = entries.iter().max_by_key(|entry| queue_number(&entry.location));
            if let Some(last) = last {
                jobs.extend(self.queued_at(&last.location).await?);
            }
        }
        Ok(jobs)
    }

    /// The job with this number in the queue; `None` if it has left.
    ///
    /// # Errors
    /// `CacheCorrupt` for an entry that is no text, `Io`.
    pub async fn queued_job(&self, index: &str, number: u64) -> Result<Option<String>> {
        self.queued_at(&self.keys.queued(index, number)).await
    }

    async fn queued_at(&self, path: &Path) -> Result<Option<String>> {
        let Some(bytes) = self.objects.get(path).await? else {
            return Ok(None);
        };
        let job = String::from_utf8(bytes.into());
        job.map(Some).map_err(|_| corrupt(path, "not the id of a job"))
    }

    /// Takes a job that has ended out of the queue. Never the last: numbers go on from it, so that none is used twice and a
    /// late remover removes no other job.
    ///
    /// # Errors
    /// `Io`.
    pub async fn dequeue_job(&self, index: &str, number: u64) -> Result<()> {
        self.objects.delete(&self.keys.queued(index, number)).await
    }
}
