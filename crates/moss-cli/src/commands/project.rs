//! `moss project`: the projects of a store or a service, and their keys.

use clap::{Args, Subcommand};
use moss_proto::admin::{NewKey, ProjectObject};

use crate::admin::Admin;
use crate::context::{Context, given, variable};
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::shapes::{DoneShape, KeyShape, ProjectShape};

#[derive(Debug, Args)]
pub(crate) struct Project {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

/// Whose projects are meant.
#[derive(Debug, Args)]
struct Place {
    /// The store, opened directly [env: MOSS_STORE]
    #[arg(long, global = true, value_name = "URL", conflicts_with = "url")]
    store: Option<String>,
    /// A running service [env: MOSS_CLOUD_API_MANAGE_URL]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// The admin token of the service [env: MOSS_ADMIN_TOKEN]
    #[arg(long, global = true, value_name = "TOKEN")]
    admin_token: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a project with one key, which is shown this once
    Create {
        /// The id of the project [default: a random one]
        id: Option<String>,
    },
    /// List projects and the ids of their keys
    List,
    /// Make a new key; the others open nothing any more
    RotateKey {
        /// The project
        id: String,
        /// Let the other keys stay good until they are revoked
        #[arg(long)]
        keep_old: bool,
    },
    /// Revoke a key, and the tokens made with it
    RevokeKey {
        /// The project
        id: String,
        /// The key, as `moss project list` names it
        key_id: String,
    },
    /// Delete a project with all its indexes
    Delete {
        /// The project
        id: String,
        /// Do not ask; --json does not ask either
        #[arg(long, short = 'y')]
        confirm: bool,
    },
}

impl Place {
    /// An option wins over the environment, and there a service over a store, as for every client.
    fn admin(self) -> Outcome<Admin> {
        let is_service = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if let Some(url) = &self.url
            && !is_service(url)
        {
            return Err(Failure::wrong(format!(
                "--url is the http(s):// URL of a service, got {url:?}"
            )));
        }
        let url = match &self.store {
            Some(_) => None,
            None => self.url.or_else(|| variable("MOSS_CLOUD_API_MANAGE_URL")),
        };
        if let Some(url) = url.clone().filter(is_service) {
            let token = given(&self.admin_token).or_else(|| variable("MOSS_ADMIN_TOKEN"));
            let missing = || Failure::wrong("no admin token: pass --admin-token or set MOSS_ADMIN_TOKEN");
            return Ok(Admin::of_service(&url, token.ok_or_else(missing)?)?);
        }
        let named = url.filter(|url| !url.starts_with("embedded:"));
        let store = self.store.or(named).or_else(|| variable("MOSS_STORE"));
        let missing = || Failure::wrong("whose projects: pass --store or --url, or set MOSS_STORE");
        Ok(Admin::of_store(&store.ok_or_else(missing)?)?)
    }
}

impl Project {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let admin = self.place.admin()?;
        match self.action {
            Action::Create { id } => show_key(context, &admin.create(id).await?),
            Action::List => list(context, &admin.list().await?),
            Action::RotateKey { id, keep_old } => show_key(context, &admin.rotate(&id, keep_old).await?),
            Action::RevokeKey { id, key_id } => {
                admin.revoke(&id, &key_id).await?;
                done(context, format!("revoked key {key_id} of project {id:?}"))
            }
            Action::Delete { id, confirm } => {
                let question = format!("delete project {id:?} with all its indexes?");
                if !confirm && !context.json() && !output::confirm(&question)? {
                    return Err(Failure::failed("nothing was deleted"));
                }
                admin.delete(&id).await?;
                done(context, format!("deleted project {id:?}"))
            }
        }
    }
}

/// Answers with a new key, for people as the variables that every command and example reads.
fn show_key(context: &Context, key: &NewKey) -> Outcome {
    if context.json() {
        return output::json(&KeyShape::from(key));
    }
    output::line(format_args!("MOSS_PROJECT_ID={}", key.project_id))?;
    output::line(format_args!("MOSS_PROJECT_KEY={}", key.project_key))?;
    output::note(format_args!(
        "keep the key, it is not shown again; its id is {}",
        key.key_id
    ));
    Ok(())
}

fn list(context: &Context, projects: &[ProjectObject]) -> Outcome {
    if context.json() {
        return output::json(&projects.iter().map(ProjectShape::from).collect::<Vec<_>>());
    }
    let row = |project: &ProjectObject| {
        let keys: Vec<&str> = project.keys.iter().map(|key| key.id.as_str()).collect();
        vec![project.id.clone(), project.created_at.clone(), keys.join(" ")]
    };
    output::table(&["PROJECT", "CREATED", "KEYS"], projects.iter().map(row))
}

fn done(context: &Context, message: String) -> Outcome {
    match context.json() {
        true => output::json(&DoneShape::new(&message)),
        false => output::line(message),
    }
}
