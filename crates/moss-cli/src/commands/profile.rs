//! `moss profile`: saved credentials.

use clap::Subcommand;
use serde_json::json;

use crate::config::Config;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::shapes::DeletedProfileShape;

#[derive(Debug, Subcommand)]
pub(crate) enum Profile {
    /// List the profiles; the active one has a star
    List,
    /// Delete a profile
    Delete {
        /// The profile
        name: String,
        /// Do not ask
        #[arg(long, short)]
        force: bool,
    },
}

impl Profile {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let mut config = Config::read();
        match self {
            Profile::List => list(&config, context),
            Profile::Delete { name, force } => delete(&mut config, &name, force, context),
        }
    }
}

fn list(config: &Config, context: &Context) -> Outcome {
    let names: Vec<&String> = config.profiles.keys().collect();
    if context.json() {
        return output::json(&json!({ "active_profile": config.active(), "profiles": names }));
    }
    for name in names {
        let star = if name == config.active() { "*" } else { " " };
        output::line(format_args!("{star} {name}"))?;
    }
    Ok(())
}

fn delete(config: &mut Config, name: &str, force: bool, context: &Context) -> Outcome {
    if !config.profiles.contains_key(name) {
        return Err(Failure::failed(format!("no profile {name:?}")));
    }
    if !force && !output::confirm(&format!("delete profile {name:?}?"))? {
        return Err(Failure::failed("nothing was deleted"));
    }
    config.delete(name);
    config.save()?;
    if context.json() {
        return output::json(&DeletedProfileShape::new(name, config.active()));
    }
    output::line(format_args!("deleted profile {name:?}"))
}
