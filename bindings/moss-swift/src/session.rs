//! A session.

use std::path::Path;
use std::sync::Arc;

use moss::{AddOptions, OnConflict, PushOptions, Session};

use crate::error::Result;
use crate::handle::Handle;
use crate::results::{NativePush, NativeUpserted};
use crate::values::{
    NativeDocument, NativeGetOptions, NativeLoadOptions, NativeQueryOptions, NativeSearchResult, bytes,
    documents,
};

/// A read-write index in memory: see [`moss::Session`].
#[derive(uniffi::Object)]
pub(crate) struct NativeSession {
    handle: Handle<Session>,
}

impl NativeSession {
    pub(crate) fn new(session: Session) -> Arc<NativeSession> {
        Arc::new(NativeSession {
            handle: Handle::new("MossSession", session),
        })
    }
}

#[uniffi::export]
impl NativeSession {
    /// Waits for calls in flight and refuses later ones.
    fn close(&self) {
        self.handle.close();
    }

    fn name(&self) -> Result<String> {
        self.handle.here(|session| Ok(session.name().to_owned()))
    }

    fn model_id(&self) -> Result<String> {
        self.handle.here(|session| Ok(session.model_id()))
    }

    fn doc_count(&self) -> Result<u64> {
        self.handle.here(|session| Ok(session.doc_count() as u64))
    }

    /// Embeds, which takes milliseconds a document.
    async fn add_docs(&self, docs: Vec<NativeDocument>, upsert: bool) -> Result<NativeUpserted> {
        let add = move |session: &Session| {
            let options = AddOptions::new().upsert(upsert);
            Ok(session.add_docs(documents(docs)?, &options)?.into())
        };
        self.handle.aside(add).await
    }

    fn delete_docs(&self, ids: Vec<String>) -> Result<u64> {
        self.handle.here(|session| Ok(session.delete_docs(&ids)? as u64))
    }

    fn get_docs(&self, options: NativeGetOptions) -> Result<Vec<NativeDocument>> {
        self.handle.here(|session| {
            let docs = session.get_docs(&options.into_options()?)?;
            Ok(docs.into_iter().map(Into::into).collect())
        })
    }

    /// The query vector of a text.
    fn embed(&self, text: String) -> Result<Vec<u8>> {
        self.handle
            .here(|session| Ok(bytes(&session.embed_query(&text)?)))
    }

    /// The vector, if there is one, is read where Swift holds it.
    fn query(
        &self,
        text: String,
        embedding: &[u8],
        options: NativeQueryOptions,
    ) -> Result<NativeSearchResult> {
        self.handle
            .here(|session| Ok(session.query(&text, &options.into_options(embedding)?)?.into()))
    }

    async fn load_index(&self, index_name: String, options: NativeLoadOptions) -> Result<u64> {
        let load = move |session: Session| async move {
            Ok(session.load_index(&index_name, &options.into()).await? as u64)
        };
        self.handle.there(load).await
    }

    async fn save_to_disk(&self, path: String) -> Result<()> {
        self.handle
            .aside(move |session| session.save_to_disk(Path::new(&path)))
            .await
    }

    async fn load_from_disk(&self, path: String) -> Result<u64> {
        let load =
            move |session: Session| async move { Ok(session.load_from_disk(Path::new(&path)).await? as u64) };
        self.handle.there(load).await
    }

    /// `on_conflict` is `merge`, `replace`, `fail`, or left to the session.
    async fn push_index(&self, on_conflict: Option<String>) -> Result<NativePush> {
        let push = move |session: Session| async move {
            let mut options = PushOptions::new();
            options.on_conflict = on_conflict.map(|word| word.parse::<OnConflict>()).transpose()?;
            Ok(session.push_index(&options).await?.into())
        };
        self.handle.there(push).await
    }
}

#[cfg(test)]
mod tests {
    use moss::{Client, SessionOptions};

    use super::*;

    #[test]
    fn a_query_fits_the_stack_of_a_thread_of_apple() {
        let client = Client::with_base_url("project", "key", "memory://stack").unwrap();
        let options = SessionOptions::new().model_id("custom").auto_load(false);
        let session = moss::block_on(client.session("s", &options)).unwrap();
        let session = NativeSession::new(session);
        let json = |levels: usize| {
            let (open, close) = ("{\"$and\":[".repeat(levels), "]}".repeat(levels));
            format!("{open}{{\"field\":\"a\",\"condition\":{{\"$eq\":1}}}}{close}")
        };
        // Threads other than the first have 512 KiB there, and Swift's own frames stand below.
        let ask = move || {
            for (levels, is_legal) in [(60, true), (100_000, false)] {
                let options = NativeQueryOptions::with_filter(json(levels));
                let found = session.query("x".to_owned(), &[0; 8], options);
                assert_eq!(found.is_ok(), is_legal, "{levels}");
            }
        };
        let thread = std::thread::Builder::new().stack_size(384 << 10).spawn(ask);
        thread.unwrap().join().unwrap();
    }
}
