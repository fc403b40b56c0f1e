//! `moss versions` and `moss restore`.

use clap::Args;

use super::completions;
use super::index;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::shapes::{IndexShape, VersionShape};

#[derive(Debug, Args)]
pub(crate) struct Versions {
    /// The index
    #[arg(add = completions::indexes())]
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The index
    #[arg(add = completions::indexes())]
    name: String,
    /// The version, as `moss versions` lists it
    version: u64,
    /// Do not ask; --json does not ask either
    #[arg(long, short = 'y')]
    confirm: bool,
}

impl Versions {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let versions = context.client()?.versions(&self.name).await?;
        if context.json() {
            return output::json(&versions.iter().map(VersionShape::from).collect::<Vec<_>>());
        }
        let row = |version: &moss::VersionInfo| {
            vec![
                version.version.to_string(),
                version.doc_count.to_string(),
                version.updated_at.clone(),
            ]
        };
        output::table(&["VERSION", "DOCUMENTS", "MADE"], versions.iter().map(row))
    }
}

impl Restore {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let Restore {
            name,
            version,
            confirm,
        } = self;
        let client = context.client()?;
        let question = format!("make version {version} of {name:?} the newest?");
        if !confirm && !context.json() && !output::confirm(&question)? {
            return Err(Failure::failed("nothing was restored"));
        }
        let info = client.restore(&name, version).await?;
        match context.json() {
            true => output::json(&IndexShape::from(&info)),
            false => index::show(&[info]),
        }
    }
}
