//! Document files: JSON, lines of JSON, and CSV.

use std::fs;
use std::io;
use std::path::Path;

use moss::{Document, Metadata};
use serde_json::{Map, Number, Value};

use crate::failure::{Failure, Outcome};

/// What a document file holds.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) documents: Vec<Document>,
    /// What is wrong with the others, or with the file as a whole.
    pub(crate) issues: Vec<String>,
}

/// The documents of a file, or of standard input for `-`.
///
/// # Errors
/// A wrong call (exit code 2) if the file cannot be read or anything in it is no document.
pub(crate) fn documents(file: &Path) -> Outcome<Vec<Document>> {
    let content = read(file)?;
    let Some(first) = content.issues.first() else {
        return Ok(content.documents);
    };
    let more = match content.issues.len() {
        1 => String::new(),
        issues => format!(" (and {} more, see `moss validate`)", issues - 1),
    };
    Err(Failure::wrong(format!("{}: {first}{more}", file.display())))
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// A wrong call if it cannot be read; what is wrong inside is in [`Content::issues`].
pub(crate) fn read(file: &Path) -> Outcome<Content> {
    let is_stdin = file == Path::new("-");
    let text = match is_stdin {
        true => io::read_to_string(io::stdin()),
        false => fs::read_to_string(file),
    };
    let text = text.map_err(|error| Failure::wrong(format!("{}: {error}", file.display())))?;
    let mut content = Content::default();
    // Spreadsheets write a mark before the header.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let suffix = file.extension().map(|suffix| suffix.to_ascii_lowercase());
    match suffix.as_deref().and_then(|suffix| suffix.to_str()) {
        Some("jsonl") if !is_stdin => content.lines(text),
        Some("csv") if !is_stdin => content.csv(text),
        _ => content.json(text),
    }
    Ok(content)
}

impl Content {
    fn add(&mut self, place: impl FnOnce() -> String, document: Result<Document, String>) {
        match document {
            Ok(document) => self.documents.push(document),
            Err(issue) => self.issues.push(format!("{} {issue}", place())),
        }
    }

    fn json(&mut self, text: &str) {
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => return self.issues.push(format!("not JSON: {error}")),
        };
        let list = match value {
            Value::Object(mut object) => object.remove("documents").or_else(|| object.remove("docs")),
            list => Some(list),
        };
        let Some(Value::Array(list)) = list else {
            let issue = "neither an array nor an object with `documents` or `docs`";
            return self.issues.push(issue.to_owned());
        };
        for (at, value) in list.into_iter().enumerate() {
            self.add(|| format!("document {}", at + 1), document(value));
        }
    }

    fn lines(&mut self, text: &str) {
        for (at, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let value = serde_json::from_str(line).map_err(|error| format!("is not JSON: {error}"));
            self.add(|| format!("line {}", at + 1), value.and_then(document));
        }
    }

    fn csv(&mut self, text: &str) {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return self.issues.push(error.to_string()),
        };
        for column in ["id", "text"] {
            if !header.iter().any(|name| name.trim() == column) {
                return self.issues.push(format!("the header has no column {column:?}"));
            }
        }
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    self.issues.push(error.to_string());
                    continue;
                }
            };
            let line = record.position().map_or(0, csv::Position::line);
            self.add(
                || format!("line {line}"),
                row(&header, &record).and_then(document),
            );
        }
    }
}

/// A row of a CSV file as the object that it stands for. Empty cells but those of the text count as absent.
fn row(header: &csv::StringRecord, record: &csv::StringRecord) -> Result<Value, String> {
    let mut object = Map::new();
    for (column, cell) in header.iter().map(str::trim).zip(record) {
        let value = match column {
            "text" => cell.into(),
            _ if cell.is_empty() => continue,
            "metadata" | "embedding" => serde_json::from_str(cell)
                .map_err(|error| format!("has {column} that is not JSON: {error}"))?,
            _ => cell.into(),
        };
        object.insert(column.to_owned(), value);
    }
    Ok(object.into())
}

/// A document of its JSON object, or what is wrong with it, to be read after its place. Other fields are passed over.
fn document(value: Value) -> Result<Document, String> {
    let Value::Object(mut object) = value else {
        return Err("is not an object".to_owned());
    };
    let mut document = Document::new(word(&mut object, "id")?, word(&mut object, "text")?);
    document.metadata = match object.remove("metadata") {
        None | Some(Value::Null) => None,
        Some(Value::Object(metadata)) => Some(strings(metadata)?),
        Some(_) => return Err("has metadata that is not an object".to_owned()),
    };
    document.embedding = match object.remove("embedding") {
        None | Some(Value::Null) => None,
        Some(embedding) => {
            let numbers: Option<Vec<f32>> = serde_json::from_value(embedding).ok();
            Some(numbers.ok_or("has an embedding that is not a list of numbers")?)
        }
    };
    document.payload = match object.remove("payload") {
        None | Some(Value::Null) => None,
        Some(Value::String(payload)) => Some(payload),
        Some(_) => return Err("has a payload that is not a string".to_owned()),
    };
    document.check().map_err(|error| format!("is refused: {error}"))?;
    Ok(document)
}

/// A required field: a string, or a number, which becomes text.
fn word(object: &mut Map<String, Value>, field: &str) -> Result<String, String> {
    match object.remove(field) {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Number(number)) if is_exact(&number) => Ok(number.to_string()),
        Some(Value::Number(_)) => Err(format!(
            "has {field} that is too large for a number: put it in quotes"
        )),
        None | Some(Value::Null) => Err(format!("has no {field}")),
        Some(_) => Err(format!("has {field} that is neither a string nor a number")),
    }
}

/// Whether a number is the one that was written. Above 64 bits integers are read as floating point, where many have one value:
/// two ids would become one.
fn is_exact(number: &Number) -> bool {
    const FIRST_SHARED: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;
    let float = || number.as_f64().is_some_and(|float| float.abs() < FIRST_SHARED);
    number.is_i64() || number.is_u64() || float()
}

fn strings(metadata: Map<String, Value>) -> Result<Metadata, String> {
    let pair = |(key, value)| match value {
        Value::String(value) => Ok((key, value)),
        _ => Err(format!("has metadata {key:?} that is not a string")),
    };
    metadata.into_iter().map(pair).collect()
}
