//! What every command gets: the global options and the door to the cloud.

use std::env;

use moss::Client;

use crate::args::Global;
use crate::config::Config;
use crate::failure::{Failure, Outcome};

/// The global options of a call.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) global: Global,
}

impl Context {
    pub(crate) fn new(global: Global) -> Context {
        Context { global }
    }

    /// Whether the answer is for a program.
    pub(crate) fn json(&self) -> bool {
        self.global.json
    }

    /// The name of the profile that this call uses.
    pub(crate) fn profile(&self, config: &Config) -> String {
        let named = given(&self.global.profile).or_else(|| variable("MOSS_PROFILE"));
        named.unwrap_or_else(|| config.active().to_owned())
    }

    /// A client of the cloud that the environment names, with the credentials of this call: id and key each from its
    /// option, else its environment variable, else the profile.
    pub(crate) fn client(&self) -> Outcome<Client> {
        let config = Config::read();
        let profile = self.profile(&config);
        let saved = config.profiles.get(&profile);
        let missing = |what: &str, option: &str, variable: &str| {
            let known = match saved {
                Some(_) => "has none",
                None => "does not exist",
            };
            Failure::wrong(format!(
                "no project {what}: pass {option}, set {variable}, or run `moss init` (profile {profile:?} {known})"
            ))
        };
        let id = given(&self.global.project_id)
            .or_else(|| variable("MOSS_PROJECT_ID"))
            .or_else(|| given(&saved?.project_id))
            .ok_or_else(|| missing("id", "--project-id", "MOSS_PROJECT_ID"))?;
        let key = given(&self.global.project_key)
            .or_else(|| variable("MOSS_PROJECT_KEY"))
            .or_else(|| given(&saved?.project_key))
            .ok_or_else(|| missing("key", "--project-key", "MOSS_PROJECT_KEY"))?;
        tracing::debug!(project = id, profile, "calling with");
        Ok(Client::new(&id, &key)?)
    }
}

/// A value, where an empty one counts as none.
pub(crate) fn given(value: &Option<String>) -> Option<String> {
    value.clone().filter(|value| !value.is_empty())
}

/// An environment variable, where an empty one counts as unset.
pub(crate) fn variable(name: &str) -> Option<String> {
    given(&env::var(name).ok())
}
