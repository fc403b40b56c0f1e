//! Texts to measure with: files of one JSON object a line, `{"id", "text", "metadata"?, "relevant"?}`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use moss::{Document, Error, ErrorKind, Precision, Result, SessionOptions};
use serde::Deserialize;

/// One line of a file.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) metadata: Option<moss::Metadata>,
    /// Of a question: the ids of the documents that answer it.
    #[serde(default)]
    pub(crate) relevant: Vec<String>,
}

impl Entry {
    pub(crate) fn document(&self) -> Document {
        let document = Document::new(&self.id, &self.text);
        Document {
            metadata: self.metadata.clone(),
            ..document
        }
    }
}

/// The lines of a file, at most `limit`.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<Entry>> {
    lines(path, limit)?
        .map(|line| serde_json::from_str(&line?).map_err(|error| fault(path, &error)))
        .collect()
}

/// How many lines a file has, at most `limit`.
pub(crate) fn count(path: &Path, limit: usize) -> Result<usize> {
    lines(path, limit)?.try_fold(0, |count, line| line.map(|_| count + 1))
}

fn lines(path: &Path, limit: usize) -> Result<impl Iterator<Item = Result<String>>> {
    let file = File::open(path).map_err(|error| fault(path, &error))?;
    let lines = BufReader::new(file).lines().take(limit);
    Ok(lines.map(move |line| line.map_err(|error| fault(path, &error))))
}

fn fault(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{}: {error}", path.display()))
}

/// The options of a session by the flag `--int8`, and the other arguments.
pub(crate) fn precision(arguments: &[String]) -> (SessionOptions, Vec<&str>) {
    const INT8: &str = "--int8";
    let mut options = SessionOptions::new();
    if arguments.iter().any(|argument| argument == INT8) {
        options = options.precision(Precision::Int8);
    }
    let others = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| *argument != INT8);
    (options, others.collect())
}

/// The error of wrong arguments.
pub(crate) fn usage(usage: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("usage: moss-bench {usage}"))
}

/// The error of a store without the documents.
pub(crate) fn empty_store() -> Error {
    usage("session DOCUMENTS QUESTIONS STORE, which fills the store, first")
}
