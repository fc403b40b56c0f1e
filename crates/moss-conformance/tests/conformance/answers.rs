//! Results of calls as the JSON that scenarios expect.

use moss::{Document, IndexInfo, MutationResult, SearchResult};
use serde_json::{Value, json};

pub(crate) fn document_json(document: &Document) -> Value {
    json!({
        "id": document.id, "text": document.text, "metadata": document.metadata,
        "embedding": document.embedding, "payload": document.payload,
    })
}

pub(crate) fn search_json(result: &SearchResult) -> Value {
    let documents = result.docs.iter().map(|document| {
        json!({
            "id": document.id, "text": document.text, "metadata": document.metadata, "score": document.score,
            "payload": document.payload, "index_name": document.index_name,
        })
    });
    json!({
        "docs": documents.collect::<Value>(), "query": result.query, "index_name": result.index_name,
    })
}

pub(crate) fn mutation_json(result: &MutationResult) -> Value {
    json!({"job_id": result.job_id, "index_name": result.index_name, "doc_count": result.doc_count})
}

pub(crate) fn index_json(info: &IndexInfo) -> Value {
    json!({
        "id": info.id, "name": info.name, "version": info.version, "status": info.status,
        "doc_count": info.doc_count, "created_at": info.created_at, "updated_at": info.updated_at,
        "model": {"id": info.model.id},
    })
}
