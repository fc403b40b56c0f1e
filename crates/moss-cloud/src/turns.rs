//! Turns, in order of arrival, to do what takes a core or much memory: a process that takes on all that is asked of it at once
//! does none of it well, or dies of it.

use std::sync::Arc;

use moss_core::{Error, ErrorKind, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::CloudOptions;

/// Jobs that run at once and work on little.
const SMALL_JOBS: usize = 16;
/// What a small job works on at most: it must not wait for a large one.
const SMALL_JOB_BYTES: u64 = 1 << 20;
/// What all large jobs work on together, the largest upload at least.
const LARGE_JOBS_BYTES: u64 = 2 << 30;
/// What a large job counts for at least, so that there are not many of them.
const LARGE_JOB_BYTES: u64 = 64 << 20;
/// Memory is counted in pages, since turns are counted in 32 bits.
const PAGE: u64 = 4 << 10;

/// Held while it is somebody's turn.
pub(crate) type Turn = OwnedSemaphorePermit;

/// The turns of a process.
#[derive(Debug)]
pub(crate) struct TurnsTo {
    /// More queries than there are cores for make each other slow, and the last one slowest.
    query: Arc<Semaphore>,
    /// Pages of indexes that are being read.
    load: Arc<Semaphore>,
    load_pages: u32,
    small_jobs: Arc<Semaphore>,
    /// Pages of what large jobs work on.
    large_jobs: Arc<Semaphore>,
}

impl TurnsTo {
    pub(crate) fn new(options: &CloudOptions) -> TurnsTo {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let load_pages = pages(options.cache_bytes as u64);
        TurnsTo {
            query: Arc::new(Semaphore::new(cores)),
            load: Arc::new(Semaphore::new(load_pages as usize)),
            load_pages,
            small_jobs: Arc::new(Semaphore::new(SMALL_JOBS)),
            large_jobs: Arc::new(Semaphore::new(pages(LARGE_JOBS_BYTES) as usize)),
        }
    }

    /// To run a query.
    pub(crate) async fn query(&self) -> Result<Turn> {
        take(&self.query, 1).await
    }

    /// To read an index whose segments have so many bytes. One that is larger than all that may be read is read alone.
    pub(crate) async fn load(&self, bytes: u64) -> Result<Turn> {
        take(&self.load, pages(bytes).min(self.load_pages)).await
    }

    /// To run a job that works on so many bytes.
    pub(crate) async fn job(&self, bytes: u64) -> Result<Turn> {
        if bytes <= SMALL_JOB_BYTES {
            return take(&self.small_jobs, 1).await;
        }
        let counted = bytes.clamp(LARGE_JOB_BYTES, LARGE_JOBS_BYTES);
        take(&self.large_jobs, pages(counted)).await
    }
}

fn pages(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PAGE).max(1)).unwrap_or(u32::MAX)
}

async fn take(turns: &Arc<Semaphore>, count: u32) -> Result<Turn> {
    let turn = turns.clone().acquire_many_owned(count).await;
    turn.map_err(|_| Error::new(ErrorKind::Closed, "the cloud is closed"))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn small_jobs_do_not_wait_for_large_ones_and_these_share_their_bytes() {
        let turns = TurnsTo::new(&CloudOptions::default());
        let first = turns.job(1500 << 20).now_or_never().unwrap().unwrap();
        assert!(turns.job(600 << 20).now_or_never().is_none());
        assert!(turns.job(1 << 20).now_or_never().is_some());
        drop(first);
        assert!(turns.job(u64::MAX).now_or_never().is_some(), "alone");
    }

    #[test]
    fn an_index_larger_than_all_the_room_is_read_alone() {
        let options = CloudOptions {
            cache_bytes: 1 << 20,
            ..CloudOptions::default()
        };
        let turns = TurnsTo::new(&options);
        let first = turns.load(1 << 30).now_or_never().unwrap().unwrap();
        assert!(turns.load(1).now_or_never().is_none());
        drop(first);
        assert!(turns.load(1).now_or_never().is_some());
    }
}
