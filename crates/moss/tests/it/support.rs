//! What the tests share.

use std::sync::atomic::{AtomicU32, Ordering};

use moss::{
    AddOptions, Client, Document, ErrorKind, GetOptions, PushOptions, PushResult, Session, SessionOptions,
};

/// A client of a store of its own in memory.
pub(crate) fn client() -> Client {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Client::with_base_url("project", "key", &format!("memory://test-{number}")).unwrap()
}

/// A session of caller's vectors.
pub(crate) async fn open(client: &Client, name: &str) -> Session {
    client
        .session(name, &SessionOptions::new().model_id("custom"))
        .await
        .unwrap()
}

pub(crate) fn doc(id: &str, text: &str) -> Document {
    Document::new(id, text).with_embedding([text.len() as f32, 1.0])
}

pub(crate) fn add(session: &Session, documents: &[(&str, &str)]) {
    let documents = documents.iter().map(|(id, text)| doc(id, text)).collect();
    session.add_docs(documents, &AddOptions::new()).unwrap();
}

pub(crate) async fn push(session: &Session) -> PushResult {
    session.push_index(&PushOptions::new()).await.unwrap()
}

/// All documents as `id=text`, by id.
pub(crate) fn content(session: &Session) -> Vec<String> {
    let documents = session.get_docs(&GetOptions::new()).unwrap();
    documents
        .into_iter()
        .map(|document| format!("{}={}", document.id, document.text))
        .collect()
}

pub(crate) fn kind<T: std::fmt::Debug>(result: moss::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}
