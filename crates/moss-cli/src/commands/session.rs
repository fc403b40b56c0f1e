//! `moss session`: what an application does with a session, from the terminal.
//!
//! A call is a process of its own: it opens the session, does its work and, if it changed anything, pushes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use moss::{AddOptions, Document, ErrorKind, GetOptions, OnConflict, PushOptions, SessionOptions};
use serde_json::json;

use super::completions;
use super::doc::{self, Ids};
use super::query::{self, Search};
use crate::context::Context;
use crate::documents;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Progress, clean};
use crate::shapes::PushShape;

/// Documents that are embedded between two steps of the progress bar.
const STEP: usize = 256;

#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    /// Add documents to the session and push it
    Add(Add),
    /// Delete documents of the session and push it
    Delete(Delete),
    /// Push the documents of a file as the whole content of the session
    Push(Push),
    /// Ask the session
    Query(Query),
    /// Show documents of the session
    Get(Get),
}

/// A session that is read.
#[derive(Debug, Args)]
struct Read {
    /// The session
    #[arg(add = completions::indexes())]
    name: String,
    /// Look at this version instead of the newest
    #[arg(long, value_name = "VERSION")]
    at: Option<u64>,
}

/// A session that is changed.
#[derive(Debug, Args)]
struct Write {
    /// The session; made if it is new
    #[arg(add = completions::indexes())]
    name: String,
    /// The model of a new session [default: moss-minilm; push: custom if a document has a vector]
    #[arg(long, short)]
    model: Option<String>,
    /// If somebody else pushed meanwhile: merge, replace or fail [default: merge; push: replace]
    #[arg(long, value_parser = |text: &str| text.parse::<OnConflict>())]
    on_conflict: Option<OnConflict>,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    session: Write,
    /// The text of one document, which gets the id of --id
    #[arg(requires = "id")]
    text: Option<String>,
    /// The id of TEXT
    #[arg(long, requires = "text")]
    id: Option<String>,
    /// A .json, .jsonl or .csv file of documents, or - for JSON on standard input
    #[arg(long, short, conflicts_with = "text")]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    session: Write,
    /// Their ids, as a,b,c
    #[arg(long, short, value_parser = doc::ids)]
    ids: Ids,
}

#[derive(Debug, Args)]
pub(crate) struct Push {
    #[command(flatten)]
    session: Write,
    /// A .json, .jsonl or .csv file of documents, or - for JSON on standard input
    #[arg(long, short)]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    #[command(flatten)]
    session: Read,
    /// The question; read from standard input if left out and piped
    text: Option<String>,
    #[command(flatten)]
    search: Search,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    session: Read,
    /// Only these, in this order, as a,b,c
    #[arg(long, short, value_parser = doc::ids)]
    ids: Option<Ids>,
    /// Only documents that match, as {"field": "price", "condition": {"$lt": 50}}
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,
    /// Order by this metadata field
    #[arg(long, value_name = "FIELD")]
    sort_by: Option<String>,
    /// The greatest first
    #[arg(long, requires = "sort_by")]
    descending: bool,
}

impl Session {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Session::Add(add) => add.run(context).await,
            Session::Delete(delete) => delete.run(context).await,
            Session::Push(push) => push.run(context).await,
            Session::Query(query) => query.run(context).await,
            Session::Get(get) => get.run(context).await,
        }
    }
}

impl Read {
    async fn open(&self, context: &Context) -> Outcome<moss::Session> {
        let mut options = SessionOptions::new();
        options.version = self.at;
        open(context, &self.name, &options).await
    }
}

async fn open(context: &Context, name: &str, options: &SessionOptions) -> Outcome<moss::Session> {
    let client = context.client()?;
    let _progress = Progress::spinner(context.json(), format!("opening {name}"));
    Ok(client.session(name, options).await?)
}

impl Write {
    /// Opens the session, with what is stored or, to replace that, without.
    async fn open(&self, context: &Context) -> Outcome<moss::Session> {
        let mut options = SessionOptions::new();
        options.model_id = self.model.clone();
        open(context, &self.name, &options).await
    }

    /// Opens the session without what is stored, to replace that by these documents. Their vectors stay what they are: the
    /// model is the stored one, and that of a new session as it is for a new index.
    async fn replace(&self, context: &Context, docs: &[Document]) -> Outcome<moss::Session> {
        let mut options = SessionOptions::new().auto_load(false);
        options.model_id = match &self.model {
            Some(model) => Some(model.clone()),
            None => match context.client()?.get_index(&self.name).await {
                Ok(stored) => Some(stored.model.id),
                Err(error) if error.kind() == ErrorKind::IndexNotFound => docs
                    .iter()
                    .any(|doc| doc.vector().is_some())
                    .then(|| moss::CUSTOM_MODEL.to_owned()),
                Err(error) => return Err(error.into()),
            },
        };
        open(context, &self.name, &options).await
    }

    /// Pushes, and answers with what was done before and with the push.
    async fn push(&self, context: &Context, session: &moss::Session, done: serde_json::Value) -> Outcome {
        let mut options = PushOptions::new();
        options.on_conflict = self.on_conflict;
        let pushed = {
            let _progress = Progress::spinner(context.json(), format!("pushing {}", self.name));
            session.push_index(&options).await?
        };
        if context.json() {
            return output::json(&PushShape::new(done, &pushed));
        }
        let conflicts = match pushed.conflicts.len() {
            0 => String::new(),
            _ => format!(", changed by others too: {}", clean(&pushed.conflicts.join(", "))),
        };
        let (name, version) = (&self.name, &pushed.version);
        let count = output::documents(pushed.doc_count);
        output::line(format_args!("{name}: {count}, version {version}{conflicts}"))
    }
}

/// Adds documents, with a bar for people.
pub(crate) fn add(
    context: &Context,
    session: &moss::Session,
    docs: Vec<Document>,
) -> Outcome<serde_json::Value> {
    let progress = Progress::bar(context.json(), "embedding", docs.len());
    let (mut added, mut updated) = (0, 0);
    let mut docs = docs.into_iter();
    loop {
        let step: Vec<Document> = docs.by_ref().take(STEP).collect();
        if step.is_empty() {
            return Ok(json!({ "added": added, "updated": updated }));
        }
        let count = step.len();
        let done = session.add_docs(step, &AddOptions::new())?;
        (added, updated) = (added + done.added, updated + done.updated);
        progress.advance(count);
    }
}

impl Add {
    async fn run(self, context: &Context) -> Outcome {
        let docs = match (self.file, self.text, self.id) {
            (Some(file), _, _) => documents::documents(&file)?,
            (None, Some(text), Some(id)) => vec![Document::new(id, text)],
            _ => return Err(Failure::wrong("pass a text with --id, or --file")),
        };
        let session = self.session.open(context).await?;
        let done = add(context, &session, docs)?;
        self.session.push(context, &session, done).await
    }
}

impl Delete {
    async fn run(self, context: &Context) -> Outcome {
        let ids = self.ids.list()?;
        let session = self.session.open(context).await?;
        let deleted = session.delete_docs(&ids)?;
        self.session
            .push(context, &session, json!({ "deleted": deleted }))
            .await
    }
}

impl Push {
    async fn run(self, context: &Context) -> Outcome {
        let docs = documents::documents(&self.file)?;
        let session = self.session.replace(context, &docs).await?;
        let done = add(context, &session, docs)?;
        self.session.push(context, &session, done).await
    }
}

impl Query {
    async fn run(self, context: &Context) -> Outcome {
        let options = self.search.options()?;
        let text = query::question(self.text)?;
        let session = self.session.open(context).await?;
        query::show(context, &session.query(&text, &options)?)
    }
}

impl Get {
    async fn run(self, context: &Context) -> Outcome {
        let mut options = GetOptions::new();
        options.ids = self.ids.map(Ids::list).transpose()?;
        options.filter = query::filter(&self.filter)?;
        options.sort_by = self.sort_by;
        options.ascending = !self.descending;
        let session = self.session.open(context).await?;
        doc::show(context, &session.get_docs(&options)?)
    }
}
