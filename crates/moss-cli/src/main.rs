//! The `moss` command: arguments in, one answer on standard output, faults and questions on standard error.
//!
//! What a command does is in `commands`, a file each; all of it goes through [`moss::Client`]. Exit codes: 0 for success,
//! 1 for failure, 2 for a wrong call, missing credentials or a bad document file.

mod admin;
mod args;
mod commands;
mod config;
mod context;
mod documents;
mod failure;
mod output;
mod shapes;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;

use crate::args::Cli;
use crate::commands::completions::COMPLETE_VARIABLE;
use crate::context::Context;

fn main() -> ExitCode {
    // A shell that completes a line asks this program, by this variable.
    CompleteEnv::with_factory(Cli::command)
        .var(COMPLETE_VARIABLE)
        .complete();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::wrong_call(&error),
    };
    let context = Context::new(cli.global);
    match commands::run(cli.command, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(context.json()),
    }
}
