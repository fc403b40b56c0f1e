//! The commands and the options that all of them take.

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    bench, completions, doc, index, init, job, model, profile, project, query, serve, session, sync,
    validate, versions,
};

/// Real-time semantic search: indexes, sessions and the service from the command line.
#[derive(Debug, Parser)]
#[command(name = "moss", version = moss::VERSION, propagate_version = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Options that stand before or after a subcommand.
#[derive(Debug, Default, Args)]
pub(crate) struct Global {
    /// The project [env: MOSS_PROJECT_ID]
    #[arg(
        long,
        short,
        global = true,
        value_name = "ID",
        help_heading = "Global options"
    )]
    pub(crate) project_id: Option<String>,
    /// Its key [env: MOSS_PROJECT_KEY]
    #[arg(long, global = true, value_name = "KEY", help_heading = "Global options")]
    pub(crate) project_key: Option<String>,
    /// The profile of ~/.moss/config.json that has what is not given [env: MOSS_PROFILE]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub(crate) profile: Option<String>,
    /// Answer as JSON, and errors as {"error": "..."} on standard error
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Log what is done, on standard error
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make, list and delete indexes
    #[command(subcommand)]
    Index(index::Index),
    /// Add, read and delete the documents of an index
    #[command(subcommand)]
    Doc(doc::Doc),
    /// Ask an index
    Query(query::Query),
    /// Look at jobs
    #[command(subcommand)]
    Job(job::Job),
    /// List and delete saved credentials
    #[command(subcommand)]
    Profile(profile::Profile),
    /// Save credentials as a profile
    Init(init::Init),
    /// Check a document file without sending it
    Validate(validate::Validate),
    /// Upsert all document files of a folder
    Sync(sync::Sync),
    /// Print the completion script of a shell
    Completions(completions::Completions),
    /// Say the version of the command and of the library
    Version,
    /// Add to, ask and push sessions (Moss's own)
    #[command(subcommand)]
    Session(session::Session),
    /// List the versions of an index (Moss's own)
    Versions(versions::Versions),
    /// Make an earlier version of an index the newest (Moss's own)
    Restore(versions::Restore),
    /// Run the service (Moss's own)
    Serve(serve::Serve),
    /// Make projects and their keys (Moss's own)
    Project(project::Project),
    /// Fetch, pack and inspect model files (Moss's own)
    #[command(subcommand)]
    Model(model::Model),
    /// Measure Moss on this machine (Moss's own)
    Bench(bench::Bench),
}
