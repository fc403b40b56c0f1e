//! Options of calls. The classes are for convenience: a call reads the attributes it knows from any object.

use moss::{AddOptions, GetOptions, QueryOptions as CoreQueryOptions, SourceFile};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{self, items, no_dict, option, text, texts, wrong_type};
use crate::enter::enter;
use crate::errors::{invalid_argument, to_python};
use crate::filter::filter;
use crate::record::{Content, Embedding, ListOf, record};

record! {
    /// Folds documents with one value of `parent_field` into one result, joined in the order of `order_field`.
    ParentGrouping "(parent_field, order_field)"
    {
        /// The metadata field that siblings share.
        parent_field / set_parent_field: String,
        /// The metadata field that orders them.
        order_field / set_order_field: String,
    }
    optional {}
}

record! {
    /// How a query ranks; what is None has its default.
    QueryOptions "(embedding=None, top_k=None, alpha=None, filter=None, group_by=None)"
    {}
    optional {
        /// The query's vector, in place of embedding its text.
        embedding / set_embedding: Option<Embedding> = None,
        /// Documents at most; 5 by default.
        top_k / set_top_k: Option<i64> = None,
        /// 1.0 ranks by meaning, 0.0 by keywords; 0.8 by default.
        alpha / set_alpha: Option<f64> = None,
        /// Which documents may be found.
        filter / set_filter: Option<Py<PyDict>> = None,
        /// Folds sibling chunks into one result; sessions only.
        group_by / set_group_by: Option<Py<ParentGrouping>> = None,
    }
}

record! {
    /// Which documents to get, and in what order.
    GetDocumentsOptions "(doc_ids=None, filter=None, sort_by=None, ascending=True, group_by=None)"
    {}
    optional {
        /// Only these, in this order.
        doc_ids / set_doc_ids: Option<ListOf<String>> = None,
        /// Only those that match; sessions only.
        filter / set_filter: Option<Py<PyDict>> = None,
        /// The metadata field to sort by; sessions only.
        sort_by / set_sort_by: Option<String> = None,
        /// Whether the smallest comes first.
        ascending / set_ascending: bool = true,
        /// Folds sibling chunks into one document; sessions only.
        group_by / set_group_by: Option<Py<ParentGrouping>> = None,
    }
}

record! {
    /// How documents are added.
    MutationOptions "(upsert=None)"
    {}
    optional {
        /// Whether a known id is replaced (None and True) or left as it is.
        upsert / set_upsert: Option<bool> = None,
    }
}

record! {
    /// A file whose text becomes documents: its content as `data`, or where it lies as `path`.
    ParseFileInput "(name, content_type, path=None, data=None)"
    {
        /// The file's name, which its documents carry.
        name / set_name: String,
        /// Its MIME type: text/plain or text/markdown.
        content_type / set_content_type: String,
    }
    optional {
        /// Where to read it.
        path / set_path: Option<String> = None,
        /// Its content.
        data / set_data: Option<Content> = None,
    }
}

fn group_by(options: Option<&Bound<'_, PyAny>>) -> PyResult<Option<moss::ParentGrouping>> {
    let Some(grouping) = option(options, "group_by")? else {
        return Ok(None);
    };
    let field = |name: &str| -> PyResult<String> {
        match option(Some(&grouping), name)? {
            Some(value) => text(&value, &format_args!("group_by.{name}")),
            None => Err(wrong_type(&grouping, &"group_by", "a ParentGrouping")),
        }
    };
    Ok(Some(moss::ParentGrouping {
        parent_field: field("parent_field")?,
        order_field: field("order_field")?,
    }))
}

/// What a query is asked with, given piece by piece; `None` is the default.
pub(crate) fn ranking(
    py: Python<'_>,
    embedding: Option<&Bound<'_, PyAny>>,
    top_k: Option<&Bound<'_, PyAny>>,
    alpha: Option<&Bound<'_, PyAny>>,
    filter_by: Option<&Bound<'_, PyAny>>,
) -> PyResult<CoreQueryOptions> {
    let mut ranking = CoreQueryOptions::default();
    if let Some(top_k) = top_k {
        let top_k = convert::integer(top_k, &"top_k")?;
        ranking.top_k = moss::check_top_k(top_k).map_err(|error| to_python(py, &error))?;
    }
    if let Some(alpha) = alpha {
        ranking.alpha = convert::number(alpha, &"alpha")? as f32;
    }
    if let Some(embedding) = embedding {
        ranking.embedding = convert::embedding(embedding, &"embedding")?.filter(|vector| !vector.is_empty());
    }
    ranking.filter = filter(filter_by)?;
    Ok(ranking)
}

/// The options of a session's query.
pub(crate) fn query_options(
    py: Python<'_>,
    options: Option<&Bound<'_, PyAny>>,
) -> PyResult<CoreQueryOptions> {
    no_dict(options, "QueryOptions")?;
    let mut ranking = ranking(
        py,
        option(options, "embedding")?.as_ref(),
        option(options, "top_k")?.as_ref(),
        option(options, "alpha")?.as_ref(),
        option(options, "filter")?.as_ref(),
    )?;
    ranking.group_by = group_by(options)?;
    Ok(ranking)
}

/// The ids of a `get_docs`, where any are named.
pub(crate) fn doc_ids(options: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<String>>> {
    no_dict(options, "GetDocumentsOptions")?;
    option(options, "doc_ids")?
        .map(|ids| texts(&ids, &"doc_ids"))
        .transpose()
}

/// The options of a session's `get_docs`.
pub(crate) fn get_options(options: Option<&Bound<'_, PyAny>>) -> PyResult<GetOptions> {
    let mut get = GetOptions::default();
    get.ids = doc_ids(options)?;
    get.filter = filter(option(options, "filter")?.as_ref())?;
    if let Some(field) = option(options, "sort_by")? {
        get.sort_by = Some(text(&field, &"sort_by")?);
    }
    if let Some(ascending) = option(options, "ascending")? {
        get.ascending = convert::flag(&ascending, &"ascending")?;
    }
    get.group_by = group_by(options)?;
    Ok(get)
}

/// The options of `add_docs`.
pub(crate) fn add_options(options: Option<&Bound<'_, PyAny>>) -> PyResult<AddOptions> {
    no_dict(options, "MutationOptions")?;
    let mut add = AddOptions::default();
    if let Some(upsert) = option(options, "upsert")? {
        add.upsert = convert::flag(&upsert, &"upsert")?;
    }
    Ok(add)
}

/// Files with their content; those named by a path are read here.
pub(crate) fn source_files(files: &Bound<'_, PyAny>) -> PyResult<Vec<SourceFile>> {
    items(files, &"files")?
        .iter()
        .enumerate()
        .map(|(at, file)| source_file(file, at))
        .collect()
}

fn source_file(file: &Bound<'_, PyAny>, at: usize) -> PyResult<SourceFile> {
    let py = file.py();
    let Ok(file) = file.cast::<ParseFileInput>() else {
        return Err(wrong_type(file, &format_args!("files[{at}]"), "a ParseFileInput"));
    };
    let file = file.try_borrow()?;
    let data = match (&file.data, &file.path) {
        (Some(data), None) => data.0.bind(py).as_bytes().to_vec(),
        (None, Some(path)) => enter(py, || {
            std::fs::read(path).map_err(|error| {
                moss::Error::new(moss::ErrorKind::Io, format!("cannot read {path:?}: {error}"))
            })
        })?,
        (Some(_), Some(_)) | (None, None) => {
            let fault = format!("files[{at}] ({:?}) needs either path or data", file.name);
            return Err(invalid_argument(py, fault));
        }
    };
    Ok(SourceFile {
        name: file.name.clone(),
        content_type: file.content_type.clone(),
        data,
    })
}
