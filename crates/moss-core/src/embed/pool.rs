//! The threads of batches: a pool of our own, never the global pool of rayon.
//!
//! The global pool is the host's and does not survive `fork`. Ours is made on first use and belongs to the process
//! that made it; a forked child makes its own. Nothing here blocks on a lock that a fork could leave locked.

use std::sync::OnceLock;

use rayon::prelude::*;

use crate::{Error, ErrorKind, Result};

/// Above this a number of threads is a mistake.
const MAX_THREADS: usize = 1024;

/// The pool of one process. A child of `fork` finds its parent's, whose threads it does not have, and appends its own.
struct Generation {
    process: u32,
    /// `None` where the calling thread is all there may be.
    pool: Option<rayon::ThreadPool>,
    child: OnceLock<Box<Generation>>,
}

static FIRST: OnceLock<Box<Generation>> = OnceLock::new();

/// Applies `f` to every item, in parallel, and returns the results in the items' order.
///
/// A single item, or all of them where one thread is allowed, run on the calling thread.
pub(super) fn map<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    if items.len() > 1
        && let Some(pool) = pool()?
    {
        // Texts differ a hundredfold in length, so each is its own unit of work.
        return pool.install(|| items.par_iter().with_max_len(1).map(&f).collect());
    }
    items.iter().map(f).collect()
}

fn pool() -> Result<Option<&'static rayon::ThreadPool>> {
    let process = std::process::id();
    let mut place = &FIRST;
    while let Some(generation) = place.get() {
        if generation.process == process {
            return Ok(generation.pool.as_ref());
        }
        place = &generation.child;
    }
    let made = Box::new(Generation {
        process,
        pool: build(thread_count()?)?,
        child: OnceLock::new(),
    });
    // Made before it is set, so that the cell is never half-way when a fork happens. Losing a race drops ours.
    Ok(place.get_or_init(|| made).pool.as_ref())
}

/// How many threads [`map`] runs on, at most.
pub(super) fn threads() -> Result<usize> {
    Ok(pool()?.map_or(1, rayon::ThreadPool::current_num_threads))
}

fn build(threads: usize) -> Result<Option<rayon::ThreadPool>> {
    if threads == 1 {
        return Ok(None);
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|at| format!("moss-embed-{at}"))
        .build()
        .map(Some)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("embedding threads: {error}")))
}

/// `MOSS_NUM_THREADS`, else the CPUs that affinity and cgroup quota leave to this process.
fn thread_count() -> Result<usize> {
    match std::env::var_os("MOSS_NUM_THREADS") {
        Some(value) if !value.is_empty() => parse_threads(&value.to_string_lossy()),
        _ => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

fn parse_threads(value: &str) -> Result<usize> {
    match value.trim().parse() {
        Ok(threads) if (1..=MAX_THREADS).contains(&threads) => Ok(threads),
        _ => Err(Error::invalid(format!(
            "MOSS_NUM_THREADS must be 1 to {MAX_THREADS}, got {value:?}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_and_the_first_error_wins() {
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(map(&items, |&x| Ok(x * 2)).unwrap()[99], 198);
        assert!(
            map(&items, |&x| if x == 50 {
                Err(Error::invalid("fifty"))
            } else {
                Ok(x)
            })
            .is_err()
        );
    }

    #[test]
    fn thread_numbers() {
        assert_eq!(parse_threads(" 2 ").unwrap(), 2);
        for bad in ["0", "-1", "two", "1025", "1.5"] {
            assert!(parse_threads(bad).unwrap_err().to_string().contains(bad), "{bad}");
        }
    }
}
