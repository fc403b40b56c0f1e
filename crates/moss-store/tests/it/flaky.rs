//! An object store that fails on demand, before or after it did its work, and that lets others in between any two steps.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// How one request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Refused: nothing happened.
    Before,
    /// The work was done and the answer lost.
    After,
}

/// A store whose requests end as planned, then well.
#[derive(Debug)]
pub(crate) struct Flaky {
    inner: Arc<dyn ObjectStore>,
    plan: Mutex<VecDeque<Fault>>,
    /// Draws how often a request lets others go first.
    schedule: Option<Mutex<fastrand::Rng>>,
}

impl Flaky {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>) -> Flaky {
        Flaky {
            inner,
            plan: Mutex::default(),
            schedule: None,
        }
    }

    /// A store on which tasks of one thread interleave in an order that follows from the seed.
    pub(crate) fn interleaving(inner: Arc<dyn ObjectStore>, seed: u64) -> Flaky {
        Flaky {
            schedule: Some(Mutex::new(fastrand::Rng::with_seed(seed))),
            ..Flaky::new(inner)
        }
    }

    /// Lets the request after `good` good ones end so.
    pub(crate) fn fail_after(&self, good: usize, fault: Fault) {
        let mut plan: VecDeque<Fault> = vec![Fault::None; good].into();
        plan.push_back(fault);
        *self.plan.lock().unwrap() = plan;
    }

    /// Ends the plan. Returns whether its fault came to pass; there may have been fewer requests.
    pub(crate) fn heal(&self) -> bool {
        std::mem::take(&mut *self.plan.lock().unwrap()).is_empty()
    }

    async fn step(&self) -> Fault {
        if let Some(schedule) = &self.schedule {
            let others = schedule.lock().unwrap().u32(0..4);
            for _ in 0..others {
                tokio::task::yield_now().await;
            }
        }
        self.plan.lock().unwrap().pop_front().unwrap_or(Fault::None)
    }
}

fn fault() -> Error {
    Error::Generic {
        store: "flaky",
        source: "connection reset".into(),
    }
}

impl fmt::Display for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "flaky {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Flaky {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let planned = self.step().await;
        if planned == Fault::Before {
            return Err(fault());
        }
        let put = self.inner.put_opts(location, payload, opts).await;
        match planned {
            Fault::After => put.and(Err(fault())),
            _ => put,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match self.step().await {
            Fault::None => self.inner.get_opts(location, options).await,
            Fault::Before | Fault::After => Err(fault()),
        }
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let planned = self.plan.lock().unwrap().pop_front().unwrap_or(Fault::None);
        match planned {
            Fault::None => self.inner.list(prefix),
            Fault::Before | Fault::After => futures::stream::once(async { Err(fault()) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
