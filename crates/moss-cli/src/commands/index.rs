//! `moss index`: making, listing and deleting indexes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use moss::IndexInfo;

use super::completions;
use super::job::{self, JobOptions};
use crate::context::Context;
use crate::documents;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Progress};
use crate::shapes::{DoneShape, IndexShape};

#[derive(Debug, Subcommand)]
pub(crate) enum Index {
    /// Make an index of a document file
    Create(Create),
    /// List the indexes of the project
    List,
    /// Show one index
    Get {
        /// The index
        #[arg(add = completions::indexes())]
        name: String,
    },
    /// Delete an index
    Delete(Delete),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The new index
    name: String,
    /// A .json, .jsonl or .csv file of documents, or - for JSON on standard input
    #[arg(long, short)]
    file: PathBuf,
    /// The model [default: custom if a document has a vector, else moss-minilm]
    #[arg(long, short)]
    model: Option<String>,
    #[command(flatten)]
    job: JobOptions,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The index
    #[arg(add = completions::indexes())]
    name: String,
    /// Do not ask; --json does not ask either
    #[arg(long, short = 'y')]
    confirm: bool,
}

impl Index {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Index::Create(create) => create.run(context).await,
            Index::List => list(context).await,
            Index::Get { name } => get(&name, context).await,
            Index::Delete(delete) => delete.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> Outcome {
        let docs = documents::documents(&self.file)?;
        let client = context.client()?;
        let message = format!("making {} of {}", self.name, output::documents(docs.len()));
        let making = client.start_create_index(&self.name, docs, self.model.as_deref());
        job::follow(context, &client, &self.job, message, making).await
    }
}

impl Delete {
    async fn run(self, context: &Context) -> Outcome {
        let client = context.client()?;
        let question = format!("delete index {:?} and all its documents?", self.name);
        if !self.confirm && !context.json() && !output::confirm(&question)? {
            return Err(Failure::failed("nothing was deleted"));
        }
        client.delete_index(&self.name).await?;
        let message = format!("deleted index {:?}", self.name);
        match context.json() {
            true => output::json(&DoneShape::new(&message)),
            false => output::line(message),
        }
    }
}

async fn list(context: &Context) -> Outcome {
    let client = context.client()?;
    let indexes = {
        let _progress = Progress::spinner(context.json(), "listing");
        client.list_indexes().await?
    };
    if context.json() {
        return output::json(&indexes.iter().map(IndexShape::from).collect::<Vec<_>>());
    }
    show(&indexes)
}

async fn get(name: &str, context: &Context) -> Outcome {
    let info = context.client()?.get_index(name).await?;
    match context.json() {
        true => output::json(&IndexShape::from(&info)),
        false => show(&[info]),
    }
}

/// Indexes as a table.
pub(crate) fn show(indexes: &[IndexInfo]) -> Outcome {
    let header = ["NAME", "DOCUMENTS", "MODEL", "STATUS", "VERSION", "UPDATED"];
    let row = |info: &IndexInfo| {
        vec![
            info.name.clone(),
            info.doc_count.to_string(),
            info.model.id.clone(),
            info.status.clone(),
            info.version.clone(),
            info.updated_at.clone(),
        ]
    };
    output::table(&header, indexes.iter().map(row))
}
