//! `moss sync`: the document files of a folder into an index, once or as they change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use moss::{AddOptions, Client};

use super::completions;
use super::job::{self, JobOptions, Patience, seconds};
use crate::context::Context;
use crate::documents;
use crate::failure::{Failure, Outcome};
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// The folder; folders in it are read too
    dir: PathBuf,
    /// The index
    #[arg(add = completions::indexes())]
    name: String,
    /// Go on and upsert files as they appear and change
    #[arg(long, short)]
    watch: bool,
    /// Suffixes of the files
    #[arg(long, value_delimiter = ',', default_value = "json,jsonl,csv")]
    ext: Vec<String>,
    /// Seconds between two looks at the folder
    #[arg(long, value_name = "SECONDS", default_value = "2.0", value_parser = seconds)]
    scan_interval: Duration,
    /// Wait for each job and show it
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    patience: Patience,
}

/// What tells that a file changed.
type Seen = BTreeMap<PathBuf, (SystemTime, u64)>;

impl Sync {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let Sync {
            dir,
            name,
            watch,
            ext,
            scan_interval,
            wait,
            patience,
        } = self;
        if !dir.is_dir() {
            return Err(Failure::wrong(format!("{}: not a folder", dir.display())));
        }
        let client = context.client()?;
        let target = Target {
            context,
            client,
            name,
            job: JobOptions { wait, patience },
        };
        let mut seen = Seen::new();
        loop {
            let found = scan(&dir, &ext)?;
            if found.is_empty() && !watch {
                output::note(format_args!(
                    "no files of {} in {}",
                    ext.join(", "),
                    dir.display()
                ));
            }
            for (path, stamp) in found {
                if seen.get(&path) == Some(&stamp) {
                    continue;
                }
                match target.upsert(&path).await {
                    // What the cloud did not take comes again with the next look.
                    Err(failure) if watch => {
                        failure.report(context.json());
                        continue;
                    }
                    done => done?,
                }
                seen.insert(path, stamp);
            }
            if !watch {
                return Ok(());
            }
            tokio::time::sleep(scan_interval).await;
        }
    }
}

/// Where documents go.
struct Target<'a> {
    context: &'a Context,
    client: Client,
    name: String,
    job: JobOptions,
}

impl Target<'_> {
    /// Upserts a file; one that is bad is reported and skipped.
    async fn upsert(&self, path: &Path) -> Outcome {
        let docs = match documents::documents(path) {
            Ok(docs) if docs.is_empty() => Err(Failure::wrong(format!("{}: no documents", path.display()))),
            read => read,
        };
        let docs = match docs {
            Ok(docs) => docs,
            Err(bad) => {
                bad.report(self.context.json());
                return Ok(());
            }
        };
        let message = format!("{}: adding {}", path.display(), output::documents(docs.len()));
        let options = AddOptions::new();
        let adding = self.client.add_docs(&self.name, docs, &options);
        job::follow(self.context, &self.client, &self.job, message, adding).await
    }
}

/// The files of these suffixes in the folder and below, by path. Links to folders are not followed, they may lead back.
fn scan(folder: &Path, suffixes: &[String]) -> Outcome<Seen> {
    let mut found = Seen::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let within = |error: std::io::Error| Failure::failed(format!("{}: {error}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(within)? {
            let entry = entry.map_err(within)?;
            let path = entry.path();
            if entry.file_type().map_err(within)?.is_dir() {
                folders.push(path);
                continue;
            }
            let suffix = path
                .extension()
                .and_then(|suffix| suffix.to_str())
                .unwrap_or_default();
            let matches = suffixes
                .iter()
                .any(|wanted| wanted.trim_start_matches('.').eq_ignore_ascii_case(suffix));
            // A file that is gone since the folder was listed is no fault.
            if let (true, Ok(meta)) = (matches, fs::metadata(&path))
                && meta.is_file()
            {
                found.insert(
                    path,
                    (meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len()),
                );
            }
        }
    }
    Ok(found)
}
