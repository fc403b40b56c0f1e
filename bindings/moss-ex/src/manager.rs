//! The calls of the indexes that are loaded into this process.

use moss::{Error, ErrorKind, LoadOptions, Result, block_on};
use rustler::{Env, ResourceArc, Term};

use crate::convert::text;
use crate::handle::{Answer, Bare, Client, Done, answer, claim, hand_out};
use crate::manage::connect;
use crate::options::{Ranking, load_options};
use crate::results::{IndexInfo, RefreshResult, SearchResult};

#[rustler::nif]
fn manager_new(
    project_id: Term<'_>,
    project_key: Term<'_>,
    base_url: Term<'_>,
    client_id: Term<'_>,
) -> Answer<ResourceArc<Client>> {
    answer(|| connect(project_id, project_key, base_url, client_id)).map(hand_out)
}

#[rustler::nif]
fn manager_claim(env: Env<'_>, manager: ResourceArc<Client>) -> Answer<Done> {
    claim(env, &manager)
}

#[rustler::nif(schedule = "DirtyIo")]
fn manager_load_index(
    manager: ResourceArc<Client>,
    name: Term<'_>,
    auto_refresh: Term<'_>,
    polling_interval: Term<'_>,
) -> Answer<IndexInfo> {
    load_index(&manager, name, || {
        load_options(auto_refresh, polling_interval, None)
    })
}

#[rustler::nif(schedule = "DirtyIo", name = "manager_load_index")]
fn manager_load_index_cached(
    manager: ResourceArc<Client>,
    name: Term<'_>,
    auto_refresh: Term<'_>,
    polling_interval: Term<'_>,
    cache_path: Term<'_>,
) -> Answer<IndexInfo> {
    load_index(&manager, name, || {
        load_options(auto_refresh, polling_interval, Some(cache_path))
    })
}

fn load_index(
    manager: &Client,
    name: Term<'_>,
    options: impl FnOnce() -> Result<LoadOptions>,
) -> Answer<IndexInfo> {
    manager.call(|client| {
        let options = options()?;
        block_on(client.load_index(&text(name, &"name")?, &options)).map(IndexInfo::from)
    })
}

/// Frees the index, which takes its time.
#[rustler::nif(schedule = "DirtyCpu")]
fn manager_unload_index(manager: ResourceArc<Client>, name: Term<'_>) -> Answer<Done> {
    manager.call(|client| client.unload_index(&text(name, &"name")?).map(|()| Done))
}

#[rustler::nif]
fn manager_has_index(manager: ResourceArc<Client>, name: Term<'_>) -> Bare<bool> {
    manager
        .read(|client| Ok(client.has_index(&text(name, &"name")?)))
        .bare()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn manager_query<'a>(
    manager: ResourceArc<Client>,
    name: Term<'a>,
    query: Term<'a>,
    embedding: Term<'a>,
    top_k: Term<'a>,
    alpha: Term<'a>,
    filter: Term<'a>,
) -> Answer<SearchResult> {
    let ranking = Ranking::new(Some(embedding), top_k, alpha, filter);
    search(&manager, name, query, ranking)
}

#[rustler::nif(schedule = "DirtyCpu")]
fn manager_query_text<'a>(
    manager: ResourceArc<Client>,
    name: Term<'a>,
    query: Term<'a>,
    top_k: Term<'a>,
    alpha: Term<'a>,
    filter: Term<'a>,
) -> Answer<SearchResult> {
    let ranking = Ranking::new(None, top_k, alpha, filter);
    search(&manager, name, query, ranking)
}

fn search(manager: &Client, name: Term<'_>, query: Term<'_>, ranking: Ranking<'_>) -> Answer<SearchResult> {
    ranking.ask(manager, |client, options| {
        let (name, query) = (text(name, &"name")?, text(query, &"query")?);
        client
            .query(&name, &query, options)
            .map(SearchResult::from)
            .map_err(|error| match error.kind() {
                ErrorKind::EmbeddingRequired => {
                    Error::new(error.kind(), format!("{error}. Pass embedding: [...]"))
                }
                _ => error,
            })
    })
}

/// Says whether the loaded index can be asked in words. Loading has warmed its model, and an index of custom vectors has
/// none, so that nothing is left to do.
#[rustler::nif(schedule = "DirtyIo")]
fn manager_load_query_model(manager: ResourceArc<Client>, name: Term<'_>) -> Answer<Done> {
    manager.call(|client| client.loaded_info(&text(name, &"name")?).map(|_| Done))
}

#[rustler::nif(schedule = "DirtyIo")]
fn manager_refresh_index(manager: ResourceArc<Client>, name: Term<'_>) -> Answer<RefreshResult> {
    manager.call(|client| block_on(client.refresh_index(&text(name, &"name")?)).map(RefreshResult::from))
}

/// May wait for a refresh that puts a newer version in.
#[rustler::nif(schedule = "DirtyIo")]
fn manager_get_index_info(manager: ResourceArc<Client>, name: Term<'_>) -> Answer<IndexInfo> {
    manager.call(|client| client.loaded_info(&text(name, &"name")?).map(IndexInfo::from))
}
