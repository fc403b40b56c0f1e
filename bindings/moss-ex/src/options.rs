//! Options of calls, given piece by piece; nil is the default.

use std::path::PathBuf;

use moss::{
    AddOptions, Error, ErrorKind, GetOptions, LoadOptions, OnConflict, ParentGrouping, Precision,
    PushOptions, QueryOptions, Result,
};
use rustler::Term;

use crate::convert::{
    embedding, flag, integer, is_nil, number, optional_text, optional_texts, pairs, text, wrong_type,
};
use crate::filter::filter;
use crate::handle::{Answer, Handle};

/// What a query is asked with.
pub(crate) struct Ranking<'a> {
    pub(crate) embedding: Option<Term<'a>>,
    pub(crate) top_k: Term<'a>,
    pub(crate) alpha: Term<'a>,
    pub(crate) filter: Term<'a>,
    pub(crate) group_by: Option<Term<'a>>,
}

impl<'a> Ranking<'a> {
    pub(crate) fn new(
        embedding: Option<Term<'a>>,
        top_k: Term<'a>,
        alpha: Term<'a>,
        filter: Term<'a>,
    ) -> Ranking<'a> {
        Ranking {
            embedding,
            top_k,
            alpha,
            filter,
            group_by: None,
        }
    }

    /// Runs a query with these options, on the scheduler's own stack if there is no text to embed and no filter to read.
    pub(crate) fn ask<T: Clone + Send, R>(
        self,
        handle: &Handle<T>,
        query: impl FnOnce(&T, &QueryOptions) -> Result<R>,
    ) -> Answer<R> {
        let is_flat = is_nil(self.filter) && self.embedding.is_some_and(|embedding| !is_nil(embedding));
        let query = |asked: &T| query(asked, &self.read()?);
        match is_flat {
            true => handle.call_flat(query),
            false => handle.call(query),
        }
    }

    fn read(self) -> Result<QueryOptions> {
        let mut options = QueryOptions::new();
        if !is_nil(self.top_k) {
            options.top_k = moss::check_top_k(integer(self.top_k, &"top_k")?)?;
        }
        if !is_nil(self.alpha) {
            options.alpha = number(self.alpha, &"alpha")?;
        }
        if let Some(vector) = self.embedding {
            options.embedding = embedding(vector, &"embedding")?;
        }
        options.filter = filter(self.filter)?;
        options.group_by = self.group_by.map(group_by).transpose()?.flatten();
        Ok(options)
    }
}

/// A map or struct with the atom keys `:parent_field` and `:order_field`, or nil.
fn group_by(value: Term<'_>) -> Result<Option<ParentGrouping>> {
    if is_nil(value) {
        return Ok(None);
    }
    let wanted = "a map with :parent_field and :order_field";
    let (mut parent_field, mut order_field) = (None, None);
    for (key, field) in pairs(value, &"group_by", wanted)? {
        match key.atom_to_string().as_deref() {
            Ok("parent_field") => parent_field = Some(text(field, &"parent_field of group_by")?),
            Ok("order_field") => order_field = Some(text(field, &"order_field of group_by")?),
            _ => return Err(wrong_type(value, &"group_by", wanted)),
        }
    }
    match (parent_field, order_field) {
        (Some(parent_field), Some(order_field)) => Ok(Some(ParentGrouping::new(parent_field, order_field))),
        _ => Err(wrong_type(value, &"group_by", wanted)),
    }
}

pub(crate) fn add_options(upsert: Term<'_>) -> Result<AddOptions> {
    Ok(match is_nil(upsert) {
        true => AddOptions::new(),
        false => AddOptions::new().upsert(flag(upsert, &"upsert")?),
    })
}

/// What a `get_docs` of a session asks for.
pub(crate) struct Wanted<'a> {
    pub(crate) doc_ids: Term<'a>,
    pub(crate) filter: Term<'a>,
    pub(crate) sort_by: Term<'a>,
    pub(crate) ascending: Term<'a>,
    pub(crate) group_by: Term<'a>,
}

impl Wanted<'_> {
    pub(crate) fn read(self) -> Result<GetOptions> {
        let mut options = GetOptions::new();
        options.ids = optional_texts(self.doc_ids, &"doc_ids")?;
        options.filter = filter(self.filter)?;
        options.sort_by = optional_text(self.sort_by, &"sort_by")?;
        if !is_nil(self.ascending) {
            options.ascending = flag(self.ascending, &"ascending")?;
        }
        options.group_by = group_by(self.group_by)?;
        Ok(options)
    }
}

/// The name of a choice, as an atom or a string.
fn choice(value: Term<'_>, name: &str) -> Result<String> {
    match value.atom_to_string() {
        Ok(choice) => Ok(choice),
        Err(_) => text(value, &name),
    }
}

/// `:merge`, `:replace` or `:fail`, or nil.
pub(crate) fn push_options(on_conflict: Term<'_>) -> Result<PushOptions> {
    if is_nil(on_conflict) {
        return Ok(PushOptions::new());
    }
    let choice = choice(on_conflict, "on_conflict")?;
    Ok(PushOptions::new().on_conflict(choice.parse::<OnConflict>()?))
}

/// `:fp32` or `:int8`, or nil.
pub(crate) fn precision(value: Term<'_>) -> Result<Option<Precision>> {
    if is_nil(value) {
        return Ok(None);
    }
    match choice(value, "precision")?.as_str() {
        "fp32" => Ok(Some(Precision::F32)),
        "int8" => Ok(Some(Precision::Int8)),
        other => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("precision must be :fp32 or :int8, got {other:?}"),
        )),
    }
}

pub(crate) fn load_options(
    auto_refresh: Term<'_>,
    polling_interval: Term<'_>,
    cache_path: Option<Term<'_>>,
) -> Result<LoadOptions> {
    let mut options = LoadOptions::new();
    if !is_nil(auto_refresh) {
        options.auto_refresh = flag(auto_refresh, &"auto_refresh")?;
    }
    if !is_nil(polling_interval) {
        let seconds = integer(polling_interval, &"polling_interval")?;
        options.polling_interval_secs = u64::try_from(seconds).map_or(1, |seconds| seconds.max(1));
    }
    if let Some(cache_path) = cache_path {
        options.cache_path = optional_text(cache_path, &"cache_path")?.map(PathBuf::from);
    }
    Ok(options)
}
