//! Object stores that look right to one careful client and lose the writes of two.

use std::fmt;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What such a store does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neglect {
    /// Writes whatever the condition is, and says that all went well.
    Condition,
    /// Looks whether the object is there, and writes later.
    Atomicity,
    /// Leaves an object out of its lists.
    Lists,
    /// Says that it has overwritten an object, and has not.
    Overwrites,
}

#[derive(Debug)]
pub(crate) struct Careless {
    inner: InMemory,
    neglect: Neglect,
}

impl Careless {
    pub(crate) fn new(neglect: Neglect) -> Careless {
        Careless {
            inner: InMemory::new(),
            neglect,
        }
    }
}

impl fmt::Display for Careless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "careless about {:?}", self.neglect)
    }
}

#[async_trait]
impl ObjectStore for Careless {
    async fn put_opts(&self, path: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        let creates = options.mode == PutMode::Create;
        match self.neglect {
            Neglect::Condition => options.mode = PutMode::Overwrite,
            Neglect::Atomicity if creates && self.inner.head(path).await.is_err() => {
                tokio::task::yield_now().await;
                options.mode = PutMode::Overwrite;
            }
            Neglect::Overwrites if !creates => options.mode = PutMode::Create,
            _ => {}
        }
        match self.inner.put_opts(path, payload, options).await {
            Err(object_store::Error::AlreadyExists { .. }) if !creates => Ok(PutResult {
                e_tag: None,
                version: None,
                extensions: Default::default(),
            }),
            put => put,
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
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let left_out = usize::from(self.neglect == Neglect::Lists);
        self.inner.list(prefix).skip(left_out).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
