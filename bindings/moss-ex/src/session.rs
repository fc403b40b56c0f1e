//! The calls of a session.

use std::path::Path;

use moss::{CUSTOM_MODEL, Client, Document, Error, ErrorKind, LoadOptions, Result, SessionOptions, block_on};
use rustler::{Env, ResourceArc, Term};

use crate::convert::{optional_text, text, texts};
use crate::documents::{self, DocumentInfo};
use crate::handle::{Answer, Bare, Done, Session, answer, claim, hand_out, with_stack};
use crate::options::{Ranking, Wanted, add_options, load_options, push_options};
use crate::results::{PushIndexResult, SearchResult};

#[rustler::nif(schedule = "DirtyIo")]
fn session_new(
    name: Term<'_>,
    model_id: Term<'_>,
    project_id: Term<'_>,
    project_key: Term<'_>,
    client_id: Term<'_>,
) -> Answer<ResourceArc<Session>> {
    answer(|| {
        optional_text(client_id, &"client_id")?;
        let client = Client::new(
            &text(project_id, &"project_id")?,
            &text(project_key, &"project_key")?,
        )?;
        let name = text(name, &"name")?;
        with_stack(|| open_empty(&client, &name, model_id, SessionOptions::new()))
    })
    .map(hand_out)
}

/// A session that starts empty, with the credentials checked.
pub(crate) fn open_empty(
    client: &Client,
    name: &str,
    model_id: Term<'_>,
    options: SessionOptions,
) -> Result<moss::Session> {
    let options = options.auto_load(false).model_id(text(model_id, &"model_id")?);
    block_on(async {
        client.authenticate().await?;
        client.session(name, &options).await
    })
}

#[rustler::nif]
fn session_claim(env: Env<'_>, session: ResourceArc<Session>) -> Answer<Done> {
    claim(env, &session)
}

#[rustler::nif]
fn session_name(session: ResourceArc<Session>) -> Bare<String> {
    session.read(|session| Ok(session.name().to_owned())).bare()
}

/// May wait for a writer, as the next one.
#[rustler::nif(schedule = "DirtyIo")]
fn session_doc_count(session: ResourceArc<Session>) -> Bare<usize> {
    session.call(|session| Ok(session.doc_count())).bare()
}

#[rustler::nif(schedule = "DirtyIo")]
fn session_model_id(session: ResourceArc<Session>) -> Bare<String> {
    session.call(|session| Ok(session.model_id())).bare()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_add_docs(
    session: ResourceArc<Session>,
    docs: Term<'_>,
    embeddings: Term<'_>,
    upsert: Term<'_>,
) -> Answer<(usize, usize)> {
    add_docs(&session, || documents::batch_with(docs, embeddings), upsert)
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_add_docs_text(
    session: ResourceArc<Session>,
    docs: Term<'_>,
    upsert: Term<'_>,
) -> Answer<(usize, usize)> {
    add_docs(&session, || documents::batch(docs), upsert)
}

/// For batches that take seconds. There is one dirty CPU scheduler for each core, and queries need them meanwhile.
#[rustler::nif(schedule = "DirtyIo")]
fn session_add_many(
    session: ResourceArc<Session>,
    docs: Term<'_>,
    upsert: Term<'_>,
) -> Answer<(usize, usize)> {
    add_docs(&session, || documents::batch(docs), upsert)
}

fn add_docs(
    session: &Session,
    docs: impl FnOnce() -> Result<Vec<Document>>,
    upsert: Term<'_>,
) -> Answer<(usize, usize)> {
    session.call(|session| {
        let upserted = session.add_docs(docs()?, &add_options(upsert)?)?;
        Ok((upserted.added, upserted.updated))
    })
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_delete_docs(session: ResourceArc<Session>, doc_ids: Term<'_>) -> Bare<usize> {
    session
        .call(|session| session.delete_docs(&texts(doc_ids, &"doc_ids")?))
        .bare()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_get_docs<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    doc_ids: Term<'a>,
) -> Bare<Vec<DocumentInfo>> {
    let nil = rustler::types::atom::nil().to_term(env);
    get_docs(
        &session,
        Wanted {
            doc_ids,
            filter: nil,
            sort_by: nil,
            ascending: nil,
            group_by: nil,
        },
    )
}

#[rustler::nif(schedule = "DirtyCpu", name = "session_get_docs")]
fn session_get_docs_by<'a>(
    session: ResourceArc<Session>,
    doc_ids: Term<'a>,
    filter: Term<'a>,
    sort_by: Term<'a>,
    ascending: Term<'a>,
    group_by: Term<'a>,
) -> Bare<Vec<DocumentInfo>> {
    get_docs(
        &session,
        Wanted {
            doc_ids,
            filter,
            sort_by,
            ascending,
            group_by,
        },
    )
}

fn get_docs(session: &Session, wanted: Wanted<'_>) -> Bare<Vec<DocumentInfo>> {
    session
        .call(|session| {
            let found = session.get_docs(&wanted.read()?)?;
            Ok(found.into_iter().map(DocumentInfo::from).collect())
        })
        .bare()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_query<'a>(
    session: ResourceArc<Session>,
    query: Term<'a>,
    embedding: Term<'a>,
    top_k: Term<'a>,
    alpha: Term<'a>,
    filter: Term<'a>,
) -> Answer<SearchResult> {
    let ranking = Ranking::new(Some(embedding), top_k, alpha, filter);
    search(&session, query, ranking)
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_query_text<'a>(
    session: ResourceArc<Session>,
    query: Term<'a>,
    top_k: Term<'a>,
    alpha: Term<'a>,
    filter: Term<'a>,
) -> Answer<SearchResult> {
    let ranking = Ranking::new(None, top_k, alpha, filter);
    search(&session, query, ranking)
}

#[rustler::nif(schedule = "DirtyCpu", name = "session_query")]
fn session_query_grouped<'a>(
    session: ResourceArc<Session>,
    query: Term<'a>,
    embedding: Term<'a>,
    top_k: Term<'a>,
    alpha: Term<'a>,
    filter: Term<'a>,
    group_by: Term<'a>,
) -> Answer<SearchResult> {
    let ranking = Ranking {
        group_by: Some(group_by),
        ..Ranking::new(Some(embedding), top_k, alpha, filter)
    };
    search(&session, query, ranking)
}

fn search(session: &Session, query: Term<'_>, ranking: Ranking<'_>) -> Answer<SearchResult> {
    ranking.ask(session, |session, options| {
        let query = text(query, &"query")?;
        session
            .query(&query, options)
            .map(SearchResult::from)
            .map_err(|error| match error.kind() {
                ErrorKind::EmbeddingRequired => Error::new(
                    error.kind(),
                    format!(
                        "{error}; model_id: \"custom\" requires a query embedding. Pass embedding: [...]"
                    ),
                ),
                _ => error,
            })
    })
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_embed(session: ResourceArc<Session>, query: Term<'_>) -> Answer<Vec<f32>> {
    session.call(|session| session.embed_query(&text(query, &"text")?))
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_load_model(session: ResourceArc<Session>) -> Answer<Done> {
    session.call(|session| {
        if session.model_id() != CUSTOM_MODEL {
            session.embed_query("")?;
        }
        Ok(Done)
    })
}

#[rustler::nif(schedule = "DirtyIo")]
fn session_load_index(session: ResourceArc<Session>, index_name: Term<'_>) -> Answer<usize> {
    session.call(|session| {
        let index_name = text(index_name, &"index_name")?;
        block_on(session.load_index(&index_name, &LoadOptions::new()))
    })
}

#[rustler::nif(schedule = "DirtyIo", name = "session_load_index")]
fn session_follow_index(
    session: ResourceArc<Session>,
    index_name: Term<'_>,
    auto_refresh: Term<'_>,
    polling_interval: Term<'_>,
) -> Answer<usize> {
    session.call(|session| {
        let index_name = text(index_name, &"index_name")?;
        let options = load_options(auto_refresh, polling_interval, None)?;
        block_on(session.load_index(&index_name, &options))
    })
}

#[rustler::nif(schedule = "DirtyIo")]
fn session_push_index(env: Env<'_>, session: ResourceArc<Session>) -> Answer<PushIndexResult> {
    push(&session, rustler::types::atom::nil().to_term(env))
}

#[rustler::nif(schedule = "DirtyIo", name = "session_push_index")]
fn session_push_index_on_conflict(
    session: ResourceArc<Session>,
    on_conflict: Term<'_>,
) -> Answer<PushIndexResult> {
    push(&session, on_conflict)
}

fn push(session: &Session, on_conflict: Term<'_>) -> Answer<PushIndexResult> {
    session.call(|session| {
        let options = push_options(on_conflict)?;
        block_on(session.push_index(&options)).map(PushIndexResult::from)
    })
}

#[rustler::nif(schedule = "DirtyIo")]
fn session_save_to_disk(session: ResourceArc<Session>, path: Term<'_>) -> Answer<Done> {
    session.call(|session| {
        session.save_to_disk(Path::new(&text(path, &"path")?))?;
        Ok(Done)
    })
}

#[rustler::nif(schedule = "DirtyIo")]
fn session_load_from_disk(session: ResourceArc<Session>, path: Term<'_>) -> Answer<usize> {
    session.call(|session| block_on(session.load_from_disk(Path::new(&text(path, &"path")?))))
}
