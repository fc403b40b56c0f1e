//! Documents in and out: `Moss.DocumentInfo` or a map with the same atom keys.

use std::fmt::Display;

use moss::{Document, Error, ErrorKind, Metadata, Result};
use rustler::{Encoder, Env, NifStruct, Term};

use crate::convert::{embedding, items, metadata, optional_text, pairs, text, wrong_type};

/// The documents of a list.
pub(crate) fn batch(docs: Term<'_>) -> Result<Vec<Document>> {
    items(docs, &"docs")?
        .into_iter()
        .enumerate()
        .map(|(at, doc)| document(doc, &format_args!("docs[{at}]")))
        .collect()
}

/// The documents of a list with the vectors of another one put in, position by position.
pub(crate) fn batch_with(docs: Term<'_>, embeddings: Term<'_>) -> Result<Vec<Document>> {
    let mut docs = batch(docs)?;
    if crate::convert::is_nil(embeddings) {
        return Ok(docs);
    }
    let embeddings = items(embeddings, &"embeddings")?;
    if embeddings.len() != docs.len() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{} embeddings for {} documents", embeddings.len(), docs.len()),
        ));
    }
    for (doc, vector) in docs.iter_mut().zip(embeddings) {
        doc.embedding = embedding(vector, &of("embedding", &doc.id))?;
    }
    Ok(docs)
}

/// A part of a document, named by the document's id.
fn of(part: &str, id: &str) -> String {
    format!("{part} of document {id:?}")
}

fn document(doc: Term<'_>, name: &dyn Display) -> Result<Document> {
    let wanted = "a Moss.DocumentInfo or a map";
    let mut parts = Parts::default();
    for (key, value) in pairs(doc, name, wanted)? {
        if !key.is_atom() {
            return Err(wrong_type(key, &format_args!("a key of {name}"), "an atom"));
        }
        let key = key
            .atom_to_string()
            .map_err(|_| wrong_type(key, &format_args!("a key of {name}"), "an atom"))?;
        match key.as_str() {
            "id" => parts.id = Some(value),
            "text" => parts.text = Some(value),
            "metadata" => parts.metadata = Some(value),
            "embedding" => parts.embedding = Some(value),
            "payload" => parts.payload = Some(value),
            "__struct__" => {}
            key => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!(
                        "{name} has the unknown key :{key}; known are :id, :text, :metadata, :embedding, :payload"
                    ),
                ));
            }
        }
    }
    parts.read(name)
}

/// The fields of a document as they came.
#[derive(Default)]
struct Parts<'a> {
    id: Option<Term<'a>>,
    text: Option<Term<'a>>,
    metadata: Option<Term<'a>>,
    embedding: Option<Term<'a>>,
    payload: Option<Term<'a>>,
}

impl Parts<'_> {
    fn read(self, name: &dyn Display) -> Result<Document> {
        let missing = |key: &str| Error::new(ErrorKind::InvalidArgument, format!("{name} has no :{key}"));
        let id = text(
            self.id.ok_or_else(|| missing("id"))?,
            &format_args!("the id of {name}"),
        )?;
        let body = text(self.text.ok_or_else(|| missing("text"))?, &of("text", &id))?;
        let mut document = Document::new(id, body);
        if let Some(value) = self.metadata {
            document.metadata = metadata(value, &of("metadata", &document.id))?;
        }
        if let Some(value) = self.embedding {
            document.embedding = embedding(value, &of("embedding", &document.id))?;
        }
        if let Some(value) = self.payload {
            document.payload = optional_text(value, &of("payload", &document.id))?;
        }
        Ok(document)
    }
}

/// `Moss.DocumentInfo`, on its way out.
#[derive(NifStruct)]
#[module = "Moss.DocumentInfo"]
#[rustler(encode)]
pub(crate) struct DocumentInfo {
    id: String,
    text: String,
    metadata: Option<Fields>,
    embedding: Option<Vec<f32>>,
    payload: Option<String>,
}

impl From<Document> for DocumentInfo {
    fn from(document: Document) -> DocumentInfo {
        let Document {
            id,
            text,
            metadata,
            embedding,
            payload,
        } = document;
        DocumentInfo {
            id,
            text,
            metadata: metadata.map(Fields),
            embedding,
            payload,
        }
    }
}

/// Metadata as an Elixir map.
pub(crate) struct Fields(pub(crate) Metadata);

impl Encoder for Fields {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let keys: Vec<&String> = self.0.keys().collect();
        let values: Vec<&String> = self.0.values().collect();
        Term::map_from_arrays(env, &keys, &values).expect("a map has as many keys as values, each once")
    }
}
