//! An object store that fails on demand, before or after it did its work, and that lets others in between any two steps.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What the caller hears, once the store's client has given up trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Reset,
    TimedOut,
    TooManyRequests,
    Unavailable,
    /// 409: two requests met; `object_store` calls it "already exists".
    Conflict,
    /// 412: the condition does not hold, which a repeated creation meets on its own object.
    Precondition,
}

impl Answer {
    pub(crate) const ALL: [Answer; 6] = [
        Answer::Reset,
        Answer::TimedOut,
        Answer::TooManyRequests,
        Answer::Unavailable,
        Answer::Conflict,
        Answer::Precondition,
    ];

    fn error(self, path: &Path, creates: bool) -> Error {
        let (path, store) = (path.to_string(), "flaky");
        let source = match self {
            Answer::Reset => "connection reset",
            Answer::TimedOut => "operation timed out",
            Answer::TooManyRequests => "status code: 429 Too Many Requests",
            Answer::Unavailable => "status code: 503 Service Unavailable",
            Answer::Conflict => "status code: 409 Conflict",
            Answer::Precondition => "status code: 412 Precondition Failed",
        };
        let source = source.into();
        match self {
            Answer::Conflict => Error::AlreadyExists { path, source },
            Answer::Precondition if creates => Error::AlreadyExists { path, source },
            Answer::Precondition => Error::Precondition { path, source },
            _ => Error::Generic { store, source },
        }
    }
}

/// How one request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Refused: nothing happened.
    Before(Answer),
    /// The work was done and the answer lost; of a list the first part came.
    After(Answer),
}

/// Whether and how requests fail.
#[derive(Debug, Default)]
struct Faults {
    /// Of the next requests; then all is well.
    plan: Mutex<VecDeque<Fault>>,
    /// Draws how often a request lets others go first.
    schedule: Option<Mutex<fastrand::Rng>>,
    /// One request of so many fails; 0 for none.
    storm: Mutex<u32>,
}

impl Faults {
    async fn step(&self) -> Fault {
        if let Some(schedule) = &self.schedule {
            let others = schedule.lock().unwrap().u32(0..4);
            for _ in 0..others {
                tokio::task::yield_now().await;
            }
        }
        self.draw()
    }

    fn draw(&self) -> Fault {
        if let Some(planned) = self.plan.lock().unwrap().pop_front() {
            return planned;
        }
        let storm = *self.storm.lock().unwrap();
        let Some(schedule) = self.schedule.as_ref().filter(|_| storm > 0) else {
            return Fault::None;
        };
        let mut random = schedule.lock().unwrap();
        let answer = Answer::ALL[random.usize(..Answer::ALL.len())];
        match (random.u32(..storm), random.bool(), answer) {
            (1.., ..) => Fault::None,
            // A store that says so has done something before.
            (_, _, Answer::Conflict | Answer::Precondition) => Fault::After(answer),
            (_, true, _) => Fault::Before(answer),
            (_, false, _) => Fault::After(answer),
        }
    }
}

/// A store whose requests end as planned, then well.
#[derive(Debug)]
pub(crate) struct Flaky {
    inner: Arc<dyn ObjectStore>,
    faults: Arc<Faults>,
}

impl Flaky {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>) -> Flaky {
        Flaky {
            inner,
            faults: Arc::default(),
        }
    }

    /// A store on which tasks of one thread interleave in an order that follows from the seed, and whose lists come in pages
    /// that are read one after another.
    pub(crate) fn interleaving(inner: Arc<dyn ObjectStore>, seed: u64) -> Flaky {
        Flaky::stormy(inner, seed, 0)
    }

    /// The same, where one request of `storm` fails.
    pub(crate) fn stormy(inner: Arc<dyn ObjectStore>, seed: u64, storm: u32) -> Flaky {
        let faults = Faults {
            schedule: Some(Mutex::new(fastrand::Rng::with_seed(seed))),
            storm: Mutex::new(storm),
            ..Faults::default()
        };
        Flaky {
            inner,
            faults: Arc::new(faults),
        }
    }

    /// Lets the request after `good` good ones end so.
    pub(crate) fn fail_after(&self, good: usize, fault: Fault) {
        let mut plan: VecDeque<Fault> = vec![Fault::None; good].into();
        plan.push_back(fault);
        *self.faults.plan.lock().unwrap() = plan;
    }

    /// Ends plan and storm. Returns whether the planned fault came to pass; there may have been fewer requests.
    pub(crate) fn heal(&self) -> bool {
        *self.faults.storm.lock().unwrap() = 0;
        std::mem::take(&mut *self.faults.plan.lock().unwrap()).is_empty()
    }
}

impl fmt::Display for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "flaky {}", self.inner)
    }
}

/// A list as buckets give it: page after page, each of what is there when it is read.
fn pages(
    inner: Arc<dyn ObjectStore>,
    faults: Arc<Faults>,
    prefix: Option<Path>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let start = Some(Path::default());
    let pages = stream::try_unfold(start, move |after| {
        let (inner, faults, prefix) = (Arc::clone(&inner), Arc::clone(&faults), prefix.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            if let Fault::Before(answer) | Fault::After(answer) = faults.step().await {
                return Err(answer.error(&after, false));
            }
            let length = 3;
            let page = inner.list_with_offset(prefix.as_ref(), &after).take(length);
            let page: Vec<ObjectMeta> = page.try_collect().await?;
            let last = page.last().map(|object| object.location.clone());
            let next = last.filter(|_| page.len() == length);
            Ok(Some((stream::iter(page.into_iter().map(Ok)), next)))
        }
    });
    pages.try_flatten().boxed()
}

#[async_trait]
impl ObjectStore for Flaky {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let creates = options.mode == PutMode::Create;
        let planned = self.faults.step().await;
        if let Fault::Before(answer) = planned {
            return Err(answer.error(path, creates));
        }
        let put = self.inner.put_opts(path, payload, options).await;
        match planned {
            Fault::After(answer) => put.and(Err(answer.error(path, creates))),
            _ => put,
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        match self.faults.step().await {
            Fault::None => self.inner.get_opts(path, options).await,
            Fault::Before(answer) | Fault::After(answer) => Err(answer.error(path, false)),
        }
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, faults) = (Arc::clone(&self.inner), Arc::clone(&self.faults));
        let deletions = paths.and_then(move |path| {
            let (inner, faults) = (Arc::clone(&inner), Arc::clone(&faults));
            async move {
                let planned = faults.step().await;
                if let Fault::Before(answer) = planned {
                    return Err(answer.error(&path, false));
                }
                inner.delete(&path).await?;
                match planned {
                    Fault::After(answer) => Err(answer.error(&path, false)),
                    _ => Ok(path),
                }
            }
        });
        deletions.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if self.faults.schedule.is_some() {
            return pages(Arc::clone(&self.inner), Arc::clone(&self.faults), prefix.cloned());
        }
        let listed = self.inner.list(prefix);
        match self.faults.draw() {
            Fault::None => listed,
            Fault::Before(answer) => stream::iter([Err(answer.error(&Path::default(), false))]).boxed(),
            Fault::After(answer) => {
                let broken = stream::iter([Err(answer.error(&Path::default(), false))]);
                listed.take(1).chain(broken).boxed()
            }
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        match self.faults.step().await {
            Fault::None => self.inner.list_with_delimiter(prefix).await,
            Fault::Before(answer) | Fault::After(answer) => Err(answer.error(&Path::default(), false)),
        }
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
