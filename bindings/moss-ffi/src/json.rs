//! The calls that take and give documents as JSON.

use std::ffi::c_char;

use sdk::{Document, Error, ErrorKind, Metadata, MutationResult, Result, block_on};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::boundary::call;
use crate::client::{MossClient, with_client};
use crate::input::{invalid, optional_text, text};
use crate::options::add_options;
use crate::output::{Out, give_text};
use crate::result::MossResult;

/// A document as callers write it. Metadata may hold anything here, so that a value of the wrong type can be named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenDocument {
    id: String,
    text: String,
    metadata: Option<Map<String, Value>>,
    embedding: Option<Vec<f32>>,
    payload: Option<String>,
}

impl GivenDocument {
    fn into_document(self) -> Result<Document> {
        let metadata = self.metadata.map(|entries| {
            let entries = entries.into_iter().map(|(key, value)| match value {
                Value::String(value) => Ok((key, value)),
                _ => Err(Error::new(
                    ErrorKind::InvalidType,
                    format!("metadata {key:?} is no string"),
                )),
            });
            entries.collect::<Result<Metadata>>()
        });
        Ok(Document {
            id: self.id,
            text: self.text,
            metadata: metadata.transpose()?,
            embedding: self.embedding,
            payload: self.payload,
        })
    }
}

/// A document as callers read it.
#[derive(Serialize)]
struct JsonDocument {
    id: String,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<Vec<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
}

/// The result of a mutation in JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonMutation {
    job_id: String,
    index_name: String,
    doc_count: usize,
}

/// Reads JSON. The message says where it is wrong and not what stands there, which may be a document's text.
fn read<T: DeserializeOwned>(json: &str, name: &str, wanted: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let fault = match error.is_data() {
            true => format!("not {wanted}"),
            false => "not JSON".to_owned(),
        };
        invalid(format!("{name} is {fault}, at line {line} column {column}"))
    })
}

fn documents(json: &str) -> Result<Vec<Document>> {
    let wanted = "a list of documents {id, text, metadata, embedding, payload}";
    let given: Vec<GivenDocument> = read(json, "docs_json", wanted)?;
    let documents = given.into_iter().enumerate().map(|(at, document)| {
        let document = document.into_document();
        document.map_err(|error| error.within(format_args!("docs_json[{at}]")))
    });
    documents.collect()
}

fn give(value: &impl Serialize, out: Out<*mut c_char>) -> Result<()> {
    let json = serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("no JSON was made: {error}")))?;
    out.give(give_text(json));
    Ok(())
}

fn give_mutation(result: MutationResult, out: Out<*mut c_char>) -> Result<()> {
    let MutationResult {
        job_id,
        index_name,
        doc_count,
    } = result;
    let json = JsonMutation {
        job_id,
        index_name,
        doc_count,
    };
    give(&json, out)
}

/// As moss_client_create_index(), with the documents in JSON: [{"id", "text", "metadata", "embedding", "payload"}], of which
/// id and text are needed. Gives {"jobId", "indexName", "docCount"}; release it with moss_free_string().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_create_index_from_json(
    client: *const MossClient,
    name: *const c_char,
    docs_json: *const c_char,
    model_id: *const c_char,
    out_json: *mut *mut c_char,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name, docs, model_id) = unsafe {
            (
                Out::new(out_json, "out_json")?,
                text(name, "name")?,
                documents(text(docs_json, "docs_json")?)?,
                optional_text(model_id, "model_id")?,
            )
        };
        let made = with_client(client, |client| {
            block_on(client.create_index(name, docs, model_id))
        })?;
        give_mutation(made, out)
    })
}

/// As moss_client_add_docs(), with the documents in JSON as in moss_client_create_index_from_json(). Gives {"jobId",
/// "indexName", "docCount"}; release it with moss_free_string().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_add_docs_from_json(
    client: *const MossClient,
    name: *const c_char,
    docs_json: *const c_char,
    upsert: bool,
    out_json: *mut *mut c_char,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name, docs) = unsafe {
            (
                Out::new(out_json, "out_json")?,
                text(name, "name")?,
                documents(text(docs_json, "docs_json")?)?,
            )
        };
        let options = add_options(Some(upsert));
        let added = with_client(client, |client| block_on(client.add_docs(name, docs, &options)))?;
        give_mutation(added, out)
    })
}

/// As moss_client_get_docs(), in JSON: `ids_json` is a list of ids, or NULL for all. Gives a list of documents; release it with
/// moss_free_string().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moss_client_get_docs_json(
    client: *const MossClient,
    name: *const c_char,
    ids_json: *const c_char,
    out_json: *mut *mut c_char,
) -> MossResult {
    call(|| {
        // SAFETY: forwarded from this function's contract.
        let (out, name, ids_json) = unsafe {
            (
                Out::new(out_json, "out_json")?,
                text(name, "name")?,
                optional_text(ids_json, "ids_json")?,
            )
        };
        let ids: Option<Vec<String>> = ids_json
            .map(|json| read(json, "ids_json", "a list of ids"))
            .transpose()?;
        let found = with_client(client, |client| block_on(client.get_docs(name, ids.as_deref())))?;
        let document = |document: Document| JsonDocument {
            id: document.id,
            text: document.text,
            metadata: document.metadata,
            embedding: document.embedding,
            payload: document.payload,
        };
        give(&found.into_iter().map(document).collect::<Vec<_>>(), out)
    })
}
