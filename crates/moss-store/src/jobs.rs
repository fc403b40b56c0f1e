//! What several processes need to share the jobs of a project: a queue for each index, claims, and ages by one clock.

use std::time::Duration;

use bytes::Bytes;
use moss_core::{Error, ErrorKind, Result};
use object_store::path::Path;
use serde::de::DeserializeOwned;

use crate::garbage::age_of;
use crate::key::{queue_entry, queue_number};
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
            let last = self.queue(index).await?.last().copied();
            let path = self.keys.queued(index, last.map_or(1, |last| last + 1));
            if self.objects.create(&path, Bytes::from(job.to_owned())).await? == Created::Exists {
                continue;
            }
            // While this slept the number may have been another's who left, and whoever removes him late removes this job. A
            // number leaves after the one before it: where that is still there, this one was nobody's. To stand in the queue
            // twice does no harm.
            let queue = self.queue(index).await?;
            if last.map_or(queue == [1], |last| queue.contains(&last)) {
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
        let mut numbers = self
            .objects
            .numbers(&self.keys.queue(index), queue_number)
            .await?;
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
            let last = self
                .objects
                .numbers(&queue, queue_number)
                .await?
                .into_iter()
                .max();
            if let Some(last) = last {
                jobs.extend(self.queued_at(&queue_entry(&queue, last)).await?);
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
