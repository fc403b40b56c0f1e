//! `moss completions`: the script by which a shell asks this program how a word goes on.

use std::env;
use std::io;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, ValueEnum};
use clap_complete::env::{Bash, EnvCompleter, Zsh};
use clap_complete::{ArgValueCandidates, CompletionCandidate};

use crate::args::{Cli, Global};
use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// Set by the script when it asks.
pub(crate) const COMPLETE_VARIABLE: &str = "MOSS_COMPLETE";
/// A shell stands still for no longer than this; then the names do not complete.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell: `source <(moss completions bash)`
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
}

impl Completions {
    pub(crate) fn run(self) -> Outcome {
        let shell: &dyn EnvCompleter = match self.shell {
            Shell::Bash => &Bash,
            Shell::Zsh => &Zsh,
        };
        let (name, program) = ("moss", "moss");
        Ok(shell.write_registration(COMPLETE_VARIABLE, name, program, program, &mut io::stdout())?)
    }
}

/// Completes the names of indexes, with the credentials of the line, the environment and the profile; with nothing where that
/// fails.
pub(crate) fn indexes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| names().unwrap_or_default())
}

fn names() -> Outcome<Vec<CompletionCandidate>> {
    let client = Context::new(typed()).client()?;
    let listed = moss::block_on(async { tokio::time::timeout(PATIENCE, client.list_indexes()).await });
    let indexes = listed.map_err(|_| Failure::failed("the cloud takes too long"))??;
    let names = indexes
        .into_iter()
        .map(|index| CompletionCandidate::new(index.name));
    Ok(names.collect())
}

/// The global options of the line that is being typed, which stands behind `--`. The rest of it may not be a call yet.
fn typed() -> Global {
    let line = env::args_os().skip_while(|word| word != "--").skip(1);
    let words = Cli::command().ignore_errors(true).try_get_matches_from(line);
    words
        .and_then(|words| Global::from_arg_matches(&words))
        .unwrap_or_default()
}
