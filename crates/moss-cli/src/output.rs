//! What people and programs see: lines, tables, JSON, questions, progress.

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use comfy_table::{Attribute, Cell, ContentArrangement, Row, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::failure::{Failure, Outcome};

/// One line of the answer.
pub(crate) fn line(text: impl Display) -> Outcome {
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// The answer for a program.
pub(crate) fn json(value: &impl Serialize) -> Outcome {
    line(
        serde_json::to_string_pretty(value)
            .map_err(|error| Failure::failed(format!("answer as JSON: {error}")))?,
    )
}

/// So many documents, in words.
pub(crate) fn documents(count: usize) -> String {
    match count {
        1 => "1 document".to_owned(),
        _ => format!("{count} documents"),
    }
}

/// A remark for people, beside the answer.
pub(crate) fn note(text: impl Display) {
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// A table for people; as wide as the terminal, or as its content where there is none.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Outcome {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(
            header
                .iter()
                .map(|name| Cell::new(name).add_attribute(Attribute::Bold)),
        );
    for row in rows {
        table.add_row(Row::from(row.iter().map(|cell| clean(cell)).collect::<Vec<_>>()));
    }
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    line(table.trim_fmt())
}

/// The text with what would move a terminal's cursor replaced; a stored document is not to be trusted with that.
pub(crate) fn clean(text: &str) -> String {
    let harmless = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    text.chars().map(harmless).collect()
}

/// Asks a yes or no; anything but yes, and the end of input, is no.
pub(crate) fn confirm(question: &str) -> Outcome<bool> {
    let answer = ask(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line; empty at the end of input.
pub(crate) fn ask(question: &str) -> Outcome<String> {
    prompt(question);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Asks for a line that is not shown while it is typed.
pub(crate) fn ask_hidden(question: &str) -> Outcome<String> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return ask(&format!("{question}: "));
    }
    let asked = dialoguer::Password::new().with_prompt(question).interact();
    asked.map_err(|error| Failure::failed(format!("{question}: {error}")))
}

/// Shows what is asked, beside the answer.
pub(crate) fn prompt(question: &str) {
    let mut stderr = io::stderr();
    // As in `note`.
    let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
}

/// Something that takes a while, shown to a person until it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Work of unknown length.
    pub(crate) fn spinner(json: bool, message: impl Into<String>) -> Progress {
        let progress = Progress::shown(
            json,
            ProgressBar::new_spinner(),
            "{spinner} {msg} {elapsed}",
            message,
        );
        progress.0.enable_steady_tick(Duration::from_millis(100));
        progress
    }

    /// Work on so many documents.
    pub(crate) fn bar(json: bool, message: impl Into<String>, documents: usize) -> Progress {
        let bar = ProgressBar::new(documents as u64);
        Progress::shown(json, bar, "{msg} {bar:30} {pos}/{len} {eta}", message)
    }

    /// A job.
    pub(crate) fn job(json: bool, message: impl Into<String>) -> Progress {
        let progress = Progress::shown(
            json,
            ProgressBar::new(100),
            "{msg} {bar:30} {pos}% {elapsed}",
            message,
        );
        progress.0.enable_steady_tick(Duration::from_millis(100));
        progress
    }

    /// Hidden from programs, and where standard error is no terminal.
    fn shown(json: bool, bar: ProgressBar, template: &str, message: impl Into<String>) -> Progress {
        let bar = match json {
            true => ProgressBar::hidden(),
            // A model may be downloaded meanwhile, with a bar of its own.
            false => moss_models::bars().add(bar),
        };
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(message.into());
        Progress(bar)
    }

    /// So many more are done.
    pub(crate) fn advance(&self, documents: usize) {
        self.0.inc(documents as u64);
    }

    /// So much of a job is done, in percent.
    pub(crate) fn at(&self, percent: f64) {
        self.0.set_position(percent as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
