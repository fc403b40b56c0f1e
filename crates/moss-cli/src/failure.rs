//! How a command fails: a message and an exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind as WrongCall;
use moss::Error;
use serde_json::json;

use crate::output::clean;

/// Work could not be done.
const FAILED: u8 = 1;
/// The call is wrong, credentials are missing or a document file is bad.
const WRONG: u8 = 2;

/// What ends a command before its time.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The call is wrong, credentials are missing or a document file is bad.
    Wrong(String),
    /// Work failed.
    Failed(String),
    /// The library refused the work.
    Refused(Error),
    /// What failed was said already.
    Answered,
    /// Whoever read the answer has stopped reading: `moss index list | head -1`.
    Unread,
}

/// What a command gives: its answer is on standard output already.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Work that failed.
    pub(crate) fn failed(message: impl Into<String>) -> Failure {
        Failure::Failed(message.into())
    }

    /// A wrong call, missing credentials, a bad document file.
    pub(crate) fn wrong(message: impl Into<String>) -> Failure {
        Failure::Wrong(message.into())
    }

    /// Says it on standard error and gives the exit code.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        let message = match self {
            Failure::Wrong(message) | Failure::Failed(message) => Some(message.clone()),
            Failure::Refused(error) => Some(error.to_string()),
            Failure::Answered | Failure::Unread => None,
        };
        if let Some(message) = message {
            let line = match json {
                true => json!({ "error": message }).to_string(),
                false => format!("error: {}", clean(&message)),
            };
            // There is nowhere left to say that standard error is closed.
            let _ = writeln!(io::stderr(), "{line}");
        }
        ExitCode::from(match self {
            Failure::Wrong(_) => WRONG,
            _ => FAILED,
        })
    }
}

/// Shows help, the version, or why the arguments are wrong, and gives the exit code.
pub(crate) fn wrong_call(error: &clap::Error) -> ExitCode {
    let before_text = std::env::args_os().take_while(|argument| argument != "--");
    if error.use_stderr() && before_text.skip(1).any(|argument| argument == "--json") {
        return Failure::wrong(what_is_wrong(error)).report(true);
    }
    // As for a failure.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { WRONG } else { 0 })
}

/// Why the arguments are wrong, in a line.
fn what_is_wrong(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let what = match error.kind() {
        // That error is rendered as the help of the command, which says how it is called.
        WrongCall::DisplayHelpOnMissingArgumentOrSubcommand => {
            let usage = text.lines().find(|line| line.starts_with("Usage: "));
            format!("a subcommand is missing. {}", usage.unwrap_or_default())
        }
        // The first paragraph says what is wrong, the others how to call.
        _ => {
            let first = text.split("\n\n").next().unwrap_or(&text);
            first.strip_prefix("error: ").unwrap_or(first).to_owned()
        }
    };
    what.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Refused(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Unread,
            _ => Failure::failed(error.to_string()),
        }
    }
}
