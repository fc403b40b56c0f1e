//! `moss query`: a question, or one after the other.

use std::io::{self, BufRead, IsTerminal};

use clap::Args;
use moss::{Client, DEFAULT_ALPHA, Filter, LoadOptions, QueryOptions, SearchResult};

use super::completions;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Progress};
use crate::shapes::SearchShape;

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// The index
    #[arg(add = completions::indexes())]
    name: String,
    /// The question; read from standard input if left out and piped
    text: Option<String>,
    #[command(flatten)]
    search: Search,
    /// Let the cloud answer instead of loading the index
    #[arg(long, short)]
    cloud: bool,
    /// Ask one question a line; /set alpha X, /set top-k N, /exit
    #[arg(long, short)]
    interactive: bool,
}

/// How a query ranks.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// How many documents to find at most
    #[arg(long, short = 'k', default_value_t = 10)]
    top_k: usize,
    /// Weight of meaning against words, 0 to 1
    #[arg(long, short, default_value_t = DEFAULT_ALPHA)]
    alpha: f32,
    /// Only documents that match, as {"field": "price", "condition": {"$lt": 50}}
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,
    /// The vector of the question, as [0.1, 0.2], for indexes of the model custom (Moss's own)
    #[arg(long, value_name = "JSON")]
    embedding: Option<String>,
}

impl Search {
    /// As the library takes it.
    pub(crate) fn options(&self) -> Outcome<QueryOptions> {
        let mut options = QueryOptions::new().top_k(self.top_k).alpha(self.alpha);
        if let Some(filter) = filter(&self.filter)? {
            options = options.filter(filter);
        }
        if let Some(embedding) = &self.embedding {
            let vector: Vec<f32> = serde_json::from_str(embedding)
                .map_err(|error| Failure::failed(format!("--embedding: {error}")))?;
            options = options.embedding(vector);
        }
        Ok(options)
    }
}

/// The filter that an option holds.
pub(crate) fn filter(text: &Option<String>) -> Outcome<Option<Filter>> {
    Ok(text.as_deref().map(Filter::parse_json).transpose()?)
}

impl Query {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let clash = match &self {
            query if query.cloud && query.search.filter.is_some() => Some("--cloud takes no --filter"),
            query if query.interactive && context.json() => Some("--interactive takes no --json"),
            query if query.interactive && query.cloud => Some("--interactive takes no --cloud"),
            _ => None,
        };
        if let Some(clash) = clash {
            return Err(Failure::failed(clash));
        }
        let options = self.search.options()?;
        if self.interactive {
            return self.converse(context, options).await;
        }
        let text = question(self.text)?;
        let client = context.client()?;
        let result = match self.cloud {
            true => client.cloud_query(&self.name, &text, &options).await?,
            false => {
                load(context, &client, &self.name).await?;
                client.query(&self.name, &text, &options)?
            }
        };
        show(context, &result)
    }

    /// Answers a question a line until the end of input; one that fails is told, and the next one asked.
    async fn converse(self, context: &Context, mut options: QueryOptions) -> Outcome {
        let client = context.client()?;
        load(context, &client, &self.name).await?;
        let ask = |text: &str, options: &QueryOptions| -> Outcome {
            show(context, &client.query(&self.name, text, options)?)
        };
        let is_person = io::stdin().is_terminal();
        if is_person {
            output::note("one question a line; /set alpha X, /set top-k N, /exit");
        }
        let mut lines = self
            .text
            .clone()
            .into_iter()
            .map(Ok)
            .chain(io::stdin().lock().lines());
        loop {
            if is_person {
                output::prompt("> ");
            }
            let Some(line) = lines.next().transpose()? else {
                return Ok(());
            };
            let words: Vec<&str> = line.split_whitespace().collect();
            let done = match words[..] {
                [] => continue,
                ["/exit"] => return Ok(()),
                ["/set", "alpha", value] => set_alpha(&mut options, value),
                ["/set", "top-k", value] => set_top_k(&mut options, value),
                [command, ..] if command.starts_with('/') => Err(Failure::failed(format!(
                    "{line:?} is no command: /set alpha X, /set top-k N, /exit"
                ))),
                _ => ask(&line, &options),
            };
            if let Err(failure) = done {
                failure.report(false);
            }
        }
    }
}

fn set_alpha(options: &mut QueryOptions, value: &str) -> Outcome {
    let alpha: Option<f32> = value.parse().ok().filter(|alpha| (0.0..=1.0).contains(alpha));
    options.alpha = alpha
        .ok_or_else(|| Failure::failed(format!("alpha must be a number between 0 and 1, got {value:?}")))?;
    Ok(())
}

fn set_top_k(options: &mut QueryOptions, value: &str) -> Outcome {
    let top_k: Option<usize> = value.parse().ok().filter(|&top_k| top_k >= 1);
    options.top_k = top_k
        .ok_or_else(|| Failure::failed(format!("top-k must be a number of at least 1, got {value:?}")))?;
    Ok(())
}

async fn load(context: &Context, client: &Client, name: &str) -> Outcome {
    let _progress = Progress::spinner(context.json(), format!("loading {name}"));
    client.load_index(name, &LoadOptions::new()).await?;
    Ok(())
}

/// The text of a question, from standard input if none was given and something is piped in.
pub(crate) fn question(text: Option<String>) -> Outcome<String> {
    let (text, missing) = match text {
        Some(text) => (text, "it is empty"),
        None if io::stdin().is_terminal() => (String::new(), "pass it, or pipe it in"),
        None => (
            io::read_to_string(io::stdin())?.trim().to_owned(),
            "standard input is empty",
        ),
    };
    match text.trim().is_empty() {
        true => Err(Failure::failed(format!("no query text: {missing}"))),
        false => Ok(text),
    }
}

/// Answers with what was found.
pub(crate) fn show(context: &Context, result: &SearchResult) -> Outcome {
    if context.json() {
        return output::json(&SearchShape::from(result));
    }
    let rows = result
        .docs
        .iter()
        .map(|doc| vec![format!("{:.3}", doc.score), doc.id.clone(), doc.text.clone()]);
    output::table(&["SCORE", "ID", "TEXT"], rows)?;
    let count = output::documents(result.docs.len());
    output::line(format_args!("{count} in {} ms", result.time_taken_ms))
}
