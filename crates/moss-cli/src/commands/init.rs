//! `moss init`: asks for credentials, tries them and saves them.

use clap::Args;
use moss::Client;
use serde_json::json;

use crate::config::Config;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Progress};

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Replace a profile without asking
    #[arg(long)]
    force: bool,
}

impl Init {
    /// `--profile` names the profile; what `--project-id` and `--project-key` give is not asked.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let mut config = Config::read();
        let profile = context.profile(&config);
        let taken = config.profiles.contains_key(&profile);
        if taken && !self.force && !output::confirm(&format!("profile {profile:?} exists, replace it?"))? {
            return Err(Failure::failed(format!("profile {profile:?} was left as it is")));
        }
        let id = match &context.global.project_id {
            Some(id) => id.clone(),
            None => output::ask("project id: ")?,
        };
        let key = match &context.global.project_key {
            Some(key) => key.clone(),
            None => output::ask_hidden("project key")?,
        };
        if id.is_empty() || key.is_empty() {
            return Err(Failure::wrong("both a project id and a project key are needed"));
        }
        if let Err(error) = check(context, &id, &key).await {
            output::note(format_args!("the credentials were not accepted: {error}"));
            if !output::confirm("save them anyway?")? {
                return Err(Failure::failed("nothing was saved"));
            }
        }
        if config.profiles.is_empty() {
            // The first profile of a file is the one that calls use.
            config.active_profile.get_or_insert_with(|| profile.clone());
        }
        let credentials = config.profiles.entry(profile.clone()).or_default();
        credentials.project_id = Some(id);
        credentials.project_key = Some(key);
        let path = config.save()?;
        if context.json() {
            let path = path.display().to_string();
            return output::json(&json!({ "status": "ok", "profile": profile, "path": path }));
        }
        output::line(format_args!("saved profile {profile:?} in {}", path.display()))
    }
}

async fn check(context: &Context, id: &str, key: &str) -> moss::Result<()> {
    let _progress = Progress::spinner(context.json(), "trying the credentials");
    Client::new(id, key)?.list_indexes().await.map(|_| ())
}
