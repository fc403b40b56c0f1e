//! The commands, a file each: their options and what they do.

pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod doc;
pub(crate) mod index;
pub(crate) mod init;
pub(crate) mod job;
pub(crate) mod model;
pub(crate) mod profile;
pub(crate) mod project;
pub(crate) mod query;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod sync;
pub(crate) mod validate;
mod version;
pub(crate) mod versions;

use std::future::Future;
use std::io::{self, IsTerminal};

use clap::CommandFactory;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command};
use crate::context::{Context, variable};
use crate::failure::Outcome;

/// Runs a command to its end; without one, shows the help.
pub(crate) fn run(command: Option<Command>, context: &Context) -> Outcome {
    let Some(command) = command else {
        return Ok(Cli::command().print_help()?);
    };
    // The service logs in its own way.
    if !matches!(command, Command::Serve(_)) {
        log(context.global.verbose);
    }
    match command {
        Command::Index(index) => wait(index.run(context)),
        Command::Doc(doc) => wait(doc.run(context)),
        Command::Query(query) => wait(query.run(context)),
        Command::Job(job) => wait(job.run(context)),
        Command::Profile(profile) => profile.run(context),
        Command::Init(init) => wait(init.run(context)),
        Command::Validate(validate) => validate.run(context),
        Command::Sync(sync) => wait(sync.run(context)),
        Command::Session(session) => wait(session.run(context)),
        Command::Versions(versions) => wait(versions.run(context)),
        Command::Restore(restore) => wait(restore.run(context)),
        Command::Project(project) => wait(project.run(context)),
        Command::Serve(serve) => serve.run(context),
        Command::Model(model) => wait(model.run(context)),
        Command::Bench(bench) => wait(bench.run(context)),
        Command::Completions(completions) => completions.run(),
        Command::Version => version::run(context),
    }
}

/// Runs what needs the cloud.
fn wait(work: impl Future<Output = Outcome>) -> Outcome {
    // On the heap: the state of a call is large, and the main thread's stack is small on some systems.
    moss::block_on(Box::pin(work))
}

/// Warnings on standard error; with `verbose` all that Moss does. `RUST_LOG` says otherwise.
fn log(verbose: bool) {
    let default = if verbose { "debug" } else { "warn" };
    let filter = variable("RUST_LOG").unwrap_or_else(|| default.to_owned());
    // Colours would be noise in a file.
    let coloured = io::stderr().is_terminal() && variable("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_ansi(coloured)
        .with_writer(io::stderr)
        .init();
}
