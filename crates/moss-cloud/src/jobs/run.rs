//! One attempt at a job: its work, and beside it the record that says that somebody is at it.

use std::sync::Arc;
use std::time::Duration;

use moss_core::{Error, ErrorKind, Result};
use parking_lot::Mutex;

use super::JobRecord;
use super::record::Phase;
use crate::Project;
use crate::time::now_ms;

/// Tries of the work and of the last record, where store or network fail.
const TRIES: u32 = 3;
/// Waited before the second try, and twice that before the third.
const PAUSE: Duration = Duration::from_secs(1);
/// The first beat comes after this part of the time between two, and each pause is twice the one before: whoever waits for a job of a
/// second sees how far it is, and a job that is done at once writes nothing on the way.
const FIRST_BEAT: u32 = 16;

/// How far the work is.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<Mutex<(f64, Option<Phase>)>>);

impl Progress {
    /// The work is in this phase, so much of it done, from 0 to 1.
    pub(super) fn set(&self, phase: Phase, done: f64) {
        let (start, end) = phase.range();
        let mut held = self.0.lock();
        *held = (held.0.max(start + (end - start) * done), Some(phase));
    }

    fn write_to(&self, record: &mut JobRecord) {
        let (progress, phase) = *self.0.lock();
        record.progress = record.progress.max(progress);
        record.phase = phase;
    }
}

/// One attempt at a job, which its claim allows.
pub(super) struct Run<'a> {
    pub(super) project: &'a Project,
    pub(super) job_id: &'a str,
    pub(super) attempt: u32,
    pub(super) progress: Progress,
}

impl<'a> Run<'a> {
    pub(super) fn new(project: &'a Project, job_id: &'a str, attempt: u32) -> Run<'a> {
        Run {
            project,
            job_id,
            attempt,
            progress: Progress::default(),
        }
    }

    /// Does the work and records how it ended, unless the job was taken over meanwhile.
    ///
    /// # Errors
    /// `Io`: the record could not be written.
    pub(super) async fn run(&self, index: &str) -> Result<()> {
        let _turn = self.project.turn(index).await;
        // Another process may have ended it before the claim.
        let record: Option<JobRecord> = self.project.store.job(self.job_id).await?;
        let Some(mut record) = record.filter(|record| !record.has_ended()) else {
            return Ok(());
        };
        record.attempt = self.attempt;
        record.updated_at = now_ms().max(record.updated_at);
        self.project.store.put_job(self.job_id, &record).await?;

        let Some(result) = self.work_and_beat(&mut record).await? else {
            tracing::warn!(job_id = self.job_id, "job taken over by another process");
            return Ok(());
        };
        record.end(&result);
        self.project.workers().count(&result);
        self.end(&record).await
    }

    /// `None` if the job was taken over.
    async fn work_and_beat(&self, record: &mut JobRecord) -> Result<Option<Result<()>>> {
        let started = record.clone();
        let work = self.work(&started);
        tokio::pin!(work);
        let most = self.project.options().job_heartbeat;
        let mut pause = most / FIRST_BEAT;
        loop {
            tokio::select! {
                result = &mut work => return Ok(self.is_mine().await?.then_some(result)),
                () = tokio::time::sleep(pause) => match self.beat(record).await {
                    Ok(true) => {}
                    Ok(false) => return Ok(None),
                    Err(error) => tracing::warn!(job_id = self.job_id, %error, "job record not written"),
                },
            }
            pause = most.min(pause * 2);
        }
    }

    /// Says that somebody is at it, and how far; false if the job was taken over.
    async fn beat(&self, record: &mut JobRecord) -> Result<bool> {
        if !self.is_mine().await? {
            return Ok(false);
        }
        self.progress.write_to(record);
        record.updated_at = now_ms().max(record.updated_at);
        self.project.store.put_job(self.job_id, record).await?;
        Ok(true)
    }

    /// The work, again where store or network failed.
    async fn work(&self, record: &JobRecord) -> Result<()> {
        let mut tries = 1;
        loop {
            match self.build(record).await {
                Err(error) if tries < TRIES && is_passing(&error) => {
                    tracing::warn!(job_id = self.job_id, %error, "job interrupted, tried again");
                }
                ended => return ended,
            }
            tokio::time::sleep(PAUSE * tries).await;
            tries += 1;
        }
    }

    /// Whether nobody else has taken the job over.
    async fn is_mine(&self) -> Result<bool> {
        let stored: Option<JobRecord> = self.project.store.job(self.job_id).await?;
        Ok(stored.is_some_and(|stored| stored.attempt == self.attempt && !stored.has_ended()))
    }

    async fn end(&self, record: &JobRecord) -> Result<()> {
        let mut tries = 1;
        while let Err(error) = self.project.store.put_job(self.job_id, record).await {
            if tries == TRIES {
                return Err(error);
            }
            tokio::time::sleep(PAUSE * tries).await;
            tries += 1;
        }
        if let Err(error) = self.project.store.delete_payload(self.job_id).await {
            tracing::warn!(job_id = self.job_id, %error, "payload of a job that ended not removed");
        }
        Ok(())
    }
}

fn is_passing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Network)
}
