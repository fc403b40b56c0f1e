//! The calls that manage the indexes of a project, and the opening of sessions.

use moss::{Client as MossClient, Result, SessionOptions, block_on};
use rustler::{LocalPid, ResourceArc, Term};

use crate::convert::{flag, optional_text, optional_texts, text, texts};
use crate::documents::{self, DocumentInfo};
use crate::handle::{Answer, Client, Done, Session, answer, hand_out, tell};
use crate::options::{add_options, precision};
use crate::results::{IndexInfo, JobStatusResponse, MutationResult};
use crate::session::open_empty;

/// A client of these credentials; does no I/O. `client_id` is taken because public callers give one; Moss has no use
/// for it.
pub(crate) fn connect(
    project_id: Term<'_>,
    project_key: Term<'_>,
    base_url: Term<'_>,
    client_id: Term<'_>,
) -> Result<MossClient> {
    optional_text(client_id, &"client_id")?;
    let project_id = text(project_id, &"project_id")?;
    let project_key = text(project_key, &"project_key")?;
    match optional_text(base_url, &"base_url")? {
        Some(url) => MossClient::with_base_url(&project_id, &project_key, &url),
        None => MossClient::new(&project_id, &project_key),
    }
}

#[rustler::nif]
fn manage_new(
    project_id: Term<'_>,
    project_key: Term<'_>,
    base_url: Term<'_>,
    client_id: Term<'_>,
) -> Answer<ResourceArc<Client>> {
    answer(|| connect(project_id, project_key, base_url, client_id)).map(hand_out)
}

#[rustler::nif]
fn manage_tell(manage: ResourceArc<Client>, heir: LocalPid) -> Answer<Done> {
    tell(&manage, heir)
}

#[rustler::nif(schedule = "DirtyIo")]
fn manage_validate_credentials(manage: ResourceArc<Client>) -> Answer<Done> {
    manage.call(|client| block_on(client.authenticate()).map(|()| Done))
}

#[rustler::nif(schedule = "DirtyIo")]
fn manage_create_index(
    manage: ResourceArc<Client>,
    name: Term<'_>,
    docs: Term<'_>,
    model_id: Term<'_>,
) -> Answer<MutationResult> {
    manage.call(|client| {
        let name = text(name, &"name")?;
        let model_id = optional_text(model_id, &"model_id")?;
        let docs = documents::batch(docs)?;
        block_on(client.create_index(&name, docs, model_id.as_deref())).map(MutationResult::from)
    })
}

#[rustler::nif(schedule = "DirtyIo")]
fn manage_add_docs(
    manage: ResourceArc<Client>,
    name: Term<'_>,
    docs: Term<'_>,
    upsert: Term<'_>,
) -> Answer<MutationResult> {
    manage.call(|client| {
        let name = text(name, &"name")?;
        let options = add_options(upsert)?;
        let docs = documents::batch(docs)?;
        block_on(client.add_docs(&name, docs, &options)).map(MutationResult::from)
    })
}

#[rustler::nif(schedule = "DirtyIo")]
fn manage_delete_docs(
    manage: ResourceArc<Client>,
    name: Term<'_>,
    doc_ids: Term<'_>,
) -> Answer<MutationResult> {
    manage.call(|client| {
        let name = text(name, &"name")?;
        let ids = texts(doc_ids, &"doc_ids")?;
        block_on(client.delete_docs(&name, &ids)).map(MutationResult::from)
    })
}

#[rustler::nif(schedule = "DirtyIo")]
fn manage_get_docs(
    manage: ResourceArc<Client>,
    name: Term<'_>,
    doc_ids: Term<'_>,
) -> Answer<Vec<DocumentInfo>> {
    manage.call(|client| {
        let name = text(name, &"name")?;
        let ids = optional_texts(doc_ids, &"doc_ids")?;
        let found = block_on(client.get_docs(&name, ids.as_deref()))?;
        Ok(found.into_iter().map(DocumentInfo::from).collect())
    })
}

#[rustler::nif(schedule = "DirtyIo")]
fn manage_get_index(manage: ResourceArc<Client>, name: Term<'_>) -> Answer<IndexInfo> {
    manage.call(|client| block_on(client.get_index(&text(name, &"name")?)).map(IndexInfo::from))
}

#[rustler::nif(schedule = "DirtyIo")]
fn manage_list_indexes(manage: ResourceArc<Client>) -> Answer<Vec<IndexInfo>> {
    manage.call(|client| {
        let found = block_on(client.list_indexes())?;
        Ok(found.into_iter().map(IndexInfo::from).collect())
    })
}

#[rustler::nif(schedule = "DirtyIo")]
fn manage_delete_index(manage: ResourceArc<Client>, name: Term<'_>) -> Answer<bool> {
    manage.call(|client| block_on(client.delete_index(&text(name, &"name")?)))
}

#[rustler::nif(schedule = "DirtyIo")]
fn manage_get_job_status(manage: ResourceArc<Client>, job_id: Term<'_>) -> Answer<JobStatusResponse> {
    manage.call(|client| {
        block_on(client.get_job_status(&text(job_id, &"job_id")?)).map(JobStatusResponse::from)
    })
}

/// Opens a session of the client: with `auto_load` as it is stored, without it empty and of the named model.
#[rustler::nif(schedule = "DirtyIo")]
fn manage_open_session(
    manage: ResourceArc<Client>,
    name: Term<'_>,
    model_id: Term<'_>,
    auto_load: Term<'_>,
    vectors: Term<'_>,
) -> Answer<ResourceArc<Session>> {
    manage
        .call(|client| {
            let name = text(name, &"name")?;
            let mut options = SessionOptions::new();
            options.precision = precision(vectors)?;
            if !flag(auto_load, &"auto_load")? {
                return open_empty(client, &name, model_id, options);
            }
            options.model_id = optional_text(model_id, &"model_id")?;
            block_on(client.session(&name, &options))
        })
        .map(hand_out)
}
