//! How many requests a project may send.

use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use moss_core::{Error, ErrorKind, Result};

/// Counts the requests of each project against one limit, if there is one.
pub(crate) struct Rate {
    limiter: Option<DefaultKeyedRateLimiter<String>>,
}

impl Rate {
    /// So many requests per second, and as many at once after a pause.
    pub(crate) fn new(per_second: Option<NonZeroU32>) -> Rate {
        Rate {
            limiter: per_second.map(|limit| RateLimiter::keyed(Quota::per_second(limit))),
        }
    }

    /// Counts a request of this project.
    ///
    /// # Errors
    /// `RateLimited`: a second later one more is allowed.
    pub(crate) fn check(&self, project: &str) -> Result<()> {
        let allowed = match &self.limiter {
            Some(limiter) => limiter.check_key(&project.to_owned()).is_ok(),
            None => true,
        };
        if allowed {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::RateLimited,
            format!("project {project:?} sends too many requests, wait a second"),
        ))
    }

    /// Forgets projects that have been quiet.
    pub(crate) fn tidy(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
        }
    }
}
