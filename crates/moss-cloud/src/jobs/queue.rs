//! The queue of an index: one task a process and index runs what stands in it, in order.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moss_core::Result;
use moss_store::Created;
use parking_lot::Mutex;
use uuid::Uuid;

use super::run::Run;
use super::{JobRecord, State};
use crate::Project;

/// A job is taken over when its record was not written for so many of the times that it should have been.
const MISSED_BEATS: u32 = 8;
/// How long to wait for another process that runs a job; twice as long each time, up to the time between two beats.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// After so many failures in a row a worker gives up; whoever asks for the job's status starts the next.
const MAX_FAILURES: u32 = 8;

/// The workers of this process by project and index; whether more work arrived since each looked last.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    running: Mutex<HashMap<(String, String), bool>>,
    completed: AtomicU64,
    failed: AtomicU64,
}

/// The jobs of this process since the cloud was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobStats {
    /// Indexes with a job that runs here, or waits here for another process.
    pub running: usize,
    /// Jobs that ended well here.
    pub completed: u64,
    /// Jobs that failed here.
    pub failed: u64,
}

impl Workers {
    pub(crate) fn stats(&self) -> JobStats {
        JobStats {
            running: self.running.lock().len(),
            completed: self.completed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    pub(super) fn count<T>(&self, result: &Result<T>) {
        let counter = if result.is_ok() {
            &self.completed
        } else {
            &self.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Project {
    /// Sees that a worker of this process goes through the queue of an index once more.
    pub(crate) fn run_jobs(&self, index: &str) {
        let key = (self.id().to_owned(), index.to_owned());
        let mut running = self.workers().running.lock();
        if let Some(has_more) = running.get_mut(&key) {
            *has_more = true;
            return;
        }
        running.insert(key.clone(), false);
        let worker = Worker {
            project: self.clone(),
            key,
            is_counted_on: true,
        };
        tokio::spawn(worker.work());
    }

    /// How long the record of a job is not written before the job is taken over.
    pub(crate) fn abandoned_after(&self) -> Duration {
        self.options().job_heartbeat * MISSED_BEATS
    }
}

struct Worker {
    project: Project,
    key: (String, String),
    /// Whether others leave the queue to it.
    is_counted_on: bool,
}

impl Worker {
    async fn work(mut self) {
        let mut failures = 0;
        loop {
            match self.drain().await {
                Ok(()) if self.has_more() => failures = 0,
                Ok(()) => return,
                Err(error) => {
                    failures += 1;
                    tracing::warn!(index = self.index(), %error, failures, "jobs interrupted");
                    if failures == MAX_FAILURES {
                        return;
                    }
                    tokio::time::sleep(self.beat() * failures).await;
                }
            }
        }
    }

    /// Whether to go through the queue again; else the worker is no longer counted on, from this very instant.
    fn has_more(&mut self) -> bool {
        let mut running = self.project.workers().running.lock();
        match running.get_mut(&self.key) {
            Some(has_more) if *has_more => {
                *has_more = false;
                true
            }
            _ => {
                running.remove(&self.key);
                self.is_counted_on = false;
                false
            }
        }
    }

    fn index(&self) -> &str {
        &self.key.1
    }

    fn beat(&self) -> Duration {
        self.project.options().job_heartbeat
    }

    /// Sees every job of the queue to its end.
    async fn drain(&self) -> Result<()> {
        let store = &self.project.store;
        let mut ended = 0;
        loop {
            let mut numbers = store.queue(self.index()).await?;
            numbers.retain(|number| *number > ended);
            if numbers.is_empty() {
                return Ok(());
            }
            for number in numbers {
                if let Some(job_id) = store.queued_job(self.index(), number).await? {
                    self.finish(&job_id).await?;
                }
                if ended > 0 {
                    store.dequeue_job(self.index(), ended).await?;
                }
                ended = number;
            }
        }
    }

    /// Runs a job, or waits while another process does.
    async fn finish(&self, job_id: &str) -> Result<()> {
        let mut pause = FIRST_PAUSE;
        loop {
            let record: Option<JobRecord> = self.project.store.job(job_id).await?;
            // A job is queued once it is building.
            let Some(record) = record.filter(|record| record.status == State::Building) else {
                return Ok(());
            };
            if self.is_free(job_id, &record).await? {
                // Before the claim: whoever claimed a job is at it, or is taken for dead.
                let bytes = self.project.store.payload_bytes(job_id).await?;
                let _turn = self
                    .project
                    .cloud()
                    .turns_to()
                    .job(bytes.unwrap_or_default())
                    .await?;
                if let Some(attempt) = self.claim(job_id, record.attempt).await? {
                    Run::new(&self.project, job_id, attempt).run(self.index()).await?;
                    continue;
                }
            }
            pause = pause.min(self.beat());
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// Whether nobody works on the job.
    async fn is_free(&self, job_id: &str, record: &JobRecord) -> Result<bool> {
        if record.attempt == 0 {
            return Ok(true);
        }
        let aged: Option<(JobRecord, Duration)> = self.project.store.job_and_age(job_id).await?;
        Ok(aged.is_some_and(|(record, age)| !record.has_ended() && age >= self.project.abandoned_after()))
    }

    /// The number of the attempt, if this process is the one to make it.
    async fn claim(&self, job_id: &str, earlier: u32) -> Result<Option<u32>> {
        let store = &self.project.store;
        let by = Uuid::new_v4().to_string();
        let mut attempt = earlier;
        loop {
            attempt += 1;
            if store.claim_job(job_id, attempt, &by).await? == Created::New {
                return Ok(Some(attempt));
            }
            // Whoever claimed it may have died before he wrote the record.
            let age = store.claim_age(job_id, attempt).await?;
            if age.is_none_or(|age| age < self.project.abandoned_after()) {
                return Ok(None);
            }
        }
    }
}

/// A worker that ended otherwise, with its runtime above all, does not keep the next from starting.
impl Drop for Worker {
    fn drop(&mut self) {
        if self.is_counted_on {
            self.project.workers().running.lock().remove(&self.key);
        }
    }
}
