//! A client.

use std::sync::Arc;

use moss::{AddOptions, Client, MemoryPressure};

use crate::authenticator::{FromSwift, NativeAuthenticator};
use crate::error::Result;
use crate::handle::Handle;
use crate::results::{NativeIndex, NativeJob, NativeMutation, NativeRefresh};
use crate::session::NativeSession;
use crate::values::{
    NativeDocument, NativeLoadOptions, NativeQueryOptions, NativeSearchResult, NativeSessionOptions,
    documents,
};

/// A project's door to the cloud: see [`moss::Client`].
#[derive(uniffi::Object)]
pub(crate) struct NativeClient {
    handle: Handle<Client>,
}

impl NativeClient {
    fn new(client: impl FnOnce() -> moss::Result<Client>) -> Result<Arc<NativeClient>> {
        let client = moss::contain(client)?;
        Ok(Arc::new(NativeClient {
            handle: Handle::new("MossClient", client),
        }))
    }
}

#[uniffi::export]
impl NativeClient {
    #[uniffi::constructor]
    fn with_key(project_id: String, project_key: String, base_url: Option<String>) -> Result<Arc<Self>> {
        NativeClient::new(|| match base_url {
            Some(base_url) => Client::with_base_url(&project_id, &project_key, &base_url),
            None => Client::new(&project_id, &project_key),
        })
    }

    #[uniffi::constructor]
    fn with_authenticator(
        project_id: String,
        authenticator: Arc<dyn NativeAuthenticator>,
        base_url: Option<String>,
    ) -> Result<Arc<Self>> {
        let authenticator = Arc::new(FromSwift(authenticator));
        NativeClient::new(|| Client::with_authenticator(&project_id, authenticator, base_url.as_deref()))
    }

    /// Waits for calls in flight, refuses later ones and unloads the indexes; sessions stay open.
    fn close(&self) {
        if let Some(client) = self.handle.close() {
            // Sessions hold the client too, but not what it has loaded.
            client.release_memory(MemoryPressure::Critical);
        }
    }

    async fn create_index(
        &self,
        name: String,
        docs: Vec<NativeDocument>,
        model_id: Option<String>,
    ) -> Result<NativeMutation> {
        let create = move |client: Client| async move {
            let created = client.create_index(&name, documents(docs)?, model_id.as_deref());
            Ok(created.await?.into())
        };
        self.handle.there(create).await
    }

    async fn add_docs(
        &self,
        name: String,
        docs: Vec<NativeDocument>,
        upsert: bool,
    ) -> Result<NativeMutation> {
        let add = move |client: Client| async move {
            let options = AddOptions::new().upsert(upsert);
            Ok(client.add_docs(&name, documents(docs)?, &options).await?.into())
        };
        self.handle.there(add).await
    }

    async fn delete_docs(&self, name: String, ids: Vec<String>) -> Result<NativeMutation> {
        let delete = move |client: Client| async move { Ok(client.delete_docs(&name, &ids).await?.into()) };
        self.handle.there(delete).await
    }

    async fn get_docs(&self, name: String, ids: Option<Vec<String>>) -> Result<Vec<NativeDocument>> {
        let get = move |client: Client| async move {
            let docs = client.get_docs(&name, ids.as_deref()).await?;
            Ok(docs.into_iter().map(Into::into).collect())
        };
        self.handle.there(get).await
    }

    async fn get_index(&self, name: String) -> Result<NativeIndex> {
        let get = move |client: Client| async move { Ok(client.get_index(&name).await?.into()) };
        self.handle.there(get).await
    }

    async fn list_indexes(&self) -> Result<Vec<NativeIndex>> {
        let list = |client: Client| async move {
            let indexes = client.list_indexes().await?;
            Ok(indexes.into_iter().map(Into::into).collect())
        };
        self.handle.there(list).await
    }

    async fn delete_index(&self, name: String) -> Result<bool> {
        let delete = move |client: Client| async move { client.delete_index(&name).await };
        self.handle.there(delete).await
    }

    async fn job_status(&self, job_id: String) -> Result<NativeJob> {
        let get = move |client: Client| async move { Ok(client.get_job_status(&job_id).await?.into()) };
        self.handle.there(get).await
    }

    async fn load_index(&self, name: String, options: NativeLoadOptions) -> Result<()> {
        let load =
            move |client: Client| async move { client.load_index(&name, &options.into()).await.map(|_| ()) };
        self.handle.there(load).await
    }

    fn unload_index(&self, name: String) -> Result<()> {
        self.handle.here(|client| client.unload_index(&name))
    }

    async fn refresh_index(&self, name: String) -> Result<NativeRefresh> {
        let refresh = move |client: Client| async move { Ok(client.refresh_index(&name).await?.into()) };
        self.handle.there(refresh).await
    }

    /// The vector, if there is one, is read where Swift holds it.
    fn query(
        &self,
        name: String,
        text: String,
        embedding: &[u8],
        options: NativeQueryOptions,
    ) -> Result<NativeSearchResult> {
        self.handle.here(|client| {
            Ok(client
                .query(&name, &text, &options.into_options(embedding)?)?
                .into())
        })
    }

    /// How many indexes were unloaded.
    fn release_memory(&self, critical: bool) -> Result<u64> {
        let pressure = if critical {
            MemoryPressure::Critical
        } else {
            MemoryPressure::Low
        };
        self.handle
            .here(|client| Ok(client.release_memory(pressure) as u64))
    }

    async fn session(&self, name: String, options: NativeSessionOptions) -> Result<Arc<NativeSession>> {
        let open = move |client: Client| async move {
            Ok(NativeSession::new(client.session(&name, &options.into()).await?))
        };
        self.handle.there(open).await
    }
}
