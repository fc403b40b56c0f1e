//! `moss completions`: the script by which a shell asks this program how a word goes on.

use std::io;

use clap::{Args, ValueEnum};
use clap_complete::env::{Bash, EnvCompleter, Zsh};
use clap_complete::{ArgValueCandidates, CompletionCandidate};

use crate::args::Global;
use crate::context::Context;
use crate::failure::Outcome;

/// Set by the script when it asks.
pub(crate) const COMPLETE_VARIABLE: &str = "MOSS_COMPLETE";

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

/// Completes the names of indexes, with the credentials of environment and profile; with nothing where that fails.
pub(crate) fn indexes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let names = Context::new(Global::default()).client().and_then(|client| {
            let indexes = moss::block_on(client.list_indexes())?;
            Ok(indexes
                .into_iter()
                .map(|index| CompletionCandidate::new(index.name))
                .collect())
        });
        names.unwrap_or_default()
    })
}
