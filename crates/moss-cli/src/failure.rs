//! How a command fails: a message and an exit code.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use serde_json::json;

/// Work could not be done.
const FAILED: u8 = 1;
/// The call is wrong, credentials are missing or a document file is bad.
const WRONG: u8 = 2;

/// What ends a command before its time.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    /// `None` where all was said already.
    message: Option<String>,
}

/// What a command gives: its answer is on standard output already.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Work that failed; exit code 1.
    pub(crate) fn failed(message: impl Into<String>) -> Failure {
        Failure {
            code: FAILED,
            message: Some(message.into()),
        }
    }

    /// A wrong call, missing credentials, a bad document file; exit code 2.
    pub(crate) fn wrong(message: impl Into<String>) -> Failure {
        Failure {
            code: WRONG,
            message: Some(message.into()),
        }
    }

    /// The answer on standard output says what failed; exit code 1.
    pub(crate) fn answered() -> Failure {
        Failure {
            code: FAILED,
            message: None,
        }
    }

    /// Says it on standard error and gives the exit code.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if let Some(message) = &self.message {
            say(message, json);
        }
        ExitCode::from(self.code)
    }
}

/// Says on standard error that something failed.
pub(crate) fn say(message: &str, json: bool) {
    let line = match json {
        true => json!({ "error": message }).to_string(),
        false => format!("error: {message}"),
    };
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Shows help, the version, or why the arguments are wrong, and gives the exit code.
pub(crate) fn wrong_call(error: &clap::Error) -> ExitCode {
    let before_text = std::env::args().take_while(|argument| argument != "--");
    if error.use_stderr() && before_text.skip(1).any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        // The first paragraph says what is wrong, the others how to call.
        let what = text.split("\n\n").next().unwrap_or(text);
        let words: Vec<&str> = what.split_whitespace().collect();
        return Failure::wrong(words.join(" ")).report(true);
    }
    // As above.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { WRONG } else { 0 })
}

impl From<moss::Error> for Failure {
    fn from(error: moss::Error) -> Failure {
        Failure::failed(error.to_string())
    }
}

impl From<io::Error> for Failure {
    /// Whoever reads the answer may stop reading: `moss index list | head -1`.
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            ErrorKind::BrokenPipe => Failure::answered(),
            _ => Failure::failed(error.to_string()),
        }
    }
}
