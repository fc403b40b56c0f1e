//! `moss doc`: the documents of an index.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use moss::{AddOptions, Document};

use super::completions;
use super::job::{self, JobOptions};
use crate::context::Context;
use crate::documents;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::shapes::DocumentShape;

#[derive(Debug, Subcommand)]
pub(crate) enum Doc {
    /// Add the documents of a file
    Add(Add),
    /// Delete documents by id
    Delete(Delete),
    /// Show documents, all or by id
    Get {
        /// The index
        #[arg(add = completions::indexes())]
        name: String,
        /// Their ids, as a,b,c
        #[arg(long, short, value_parser = ids)]
        ids: Option<Ids>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The index
    #[arg(add = completions::indexes())]
    name: String,
    /// A .json, .jsonl or .csv file of documents, or - for JSON on standard input
    #[arg(long, short)]
    file: PathBuf,
    /// Replace documents whose id exists, which is what happens without it too
    #[arg(long, short)]
    upsert: bool,
    #[command(flatten)]
    job: JobOptions,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The index
    #[arg(add = completions::indexes())]
    name: String,
    /// Their ids, as a,b,c
    #[arg(long, short, value_parser = ids)]
    ids: Ids,
    #[command(flatten)]
    job: JobOptions,
}

/// Ids as they were written.
#[derive(Debug, Clone)]
pub(crate) struct Ids(Vec<String>);

/// Ids between commas; what is empty is none.
pub(crate) fn ids(text: &str) -> Result<Ids, std::convert::Infallible> {
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    Ok(Ids(ids.map(str::to_owned).collect()))
}

impl Ids {
    /// The ids, of which there must be one.
    pub(crate) fn list(self) -> Outcome<Vec<String>> {
        match self.0.is_empty() {
            true => Err(Failure::failed(
                "--ids names no id: pass at least one document ID",
            )),
            false => Ok(self.0),
        }
    }
}

impl Doc {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Doc::Add(add) => add.run(context).await,
            Doc::Delete(delete) => delete.run(context).await,
            Doc::Get { name, ids } => get(&name, ids, context).await,
        }
    }
}

impl Add {
    async fn run(self, context: &Context) -> Outcome {
        let docs = documents::documents(&self.file)?;
        let client = context.client()?;
        let message = format!("adding {} to {}", output::documents(docs.len()), self.name);
        let options = AddOptions::new();
        let adding = client.start_add_docs(&self.name, docs, &options);
        job::follow(context, &client, &self.job, message, adding).await
    }
}

impl Delete {
    async fn run(self, context: &Context) -> Outcome {
        let ids = self.ids.list()?;
        let client = context.client()?;
        let message = format!("deleting {} of {}", output::documents(ids.len()), self.name);
        let deleting = client.start_delete_docs(&self.name, &ids);
        job::follow(context, &client, &self.job, message, deleting).await
    }
}

async fn get(name: &str, ids: Option<Ids>, context: &Context) -> Outcome {
    let ids = ids.map(Ids::list).transpose()?;
    let docs = context.client()?.get_docs(name, ids.as_deref()).await?;
    show(context, &docs)
}

/// Answers with documents.
pub(crate) fn show(context: &Context, docs: &[Document]) -> Outcome {
    if context.json() {
        return output::json(&docs.iter().map(DocumentShape::from).collect::<Vec<_>>());
    }
    let row = |doc: &Document| {
        let metadata = doc.metadata.iter().flatten();
        let metadata: Vec<String> = metadata.map(|(key, value)| format!("{key}={value}")).collect();
        vec![doc.id.clone(), doc.text.clone(), metadata.join(" ")]
    };
    output::table(&["ID", "TEXT", "METADATA"], docs.iter().map(row))
}
