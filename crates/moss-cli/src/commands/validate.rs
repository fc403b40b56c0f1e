//! `moss validate`: what is wrong with a document file, before anything is sent.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use crate::context::Context;
use crate::documents::{self, Content};
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::shapes::ValidationShape;

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// A .json, .jsonl or .csv file of documents, or - for JSON on standard input
    #[arg(long, short)]
    file: PathBuf,
}

impl Validate {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let mut content = documents::read(&self.file)?;
        let found = issues(&content);
        content.issues.extend(found);
        let Content { documents, issues } = content;
        let valid = issues.is_empty();
        if context.json() {
            output::json(&ValidationShape::new(documents.len(), &issues))?;
        } else {
            let count = output::documents(documents.len());
            output::line(format_args!("{count}, {} issues", issues.len()))?;
            issues.iter().try_for_each(output::line)?;
        }
        if valid { Ok(()) } else { Err(Failure::Answered) }
    }
}

/// What no document shows by itself, and what is allowed but hardly meant.
fn issues(content: &Content) -> Vec<String> {
    let documents = &content.documents;
    let mut issues = Vec::new();
    if documents.is_empty() && content.issues.is_empty() {
        issues.push("no documents".to_owned());
    }
    let mut seen = BTreeSet::new();
    for document in documents {
        if !seen.insert(&document.id) {
            issues.push(format!("document {:?} is there twice", document.id));
        }
        if document.text.trim().is_empty() {
            issues.push(format!("document {:?} has an empty text", document.id));
        }
    }
    let lengths: BTreeSet<usize> = documents
        .iter()
        .map(|doc| doc.vector().map_or(0, <[f32]>::len))
        .collect();
    match (lengths.first(), lengths.len()) {
        (_, 0 | 1) => {}
        (Some(0), _) => issues.push("some documents have an embedding and some have none".to_owned()),
        _ => issues.push(format!("embeddings have differing lengths: {lengths:?}")),
    }
    issues
}
