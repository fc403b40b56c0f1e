//! `moss sync`: the document files of a folder into an index, once or as they change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use moss::{AddOptions, Client, ErrorKind};

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
type Stamp = (SystemTime, u64);

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
        let target = Target {
            context,
            client: context.client()?,
            name,
            job: JobOptions { wait, patience },
        };
        let mut look = Look {
            dir,
            suffixes: ext,
            unreadable: BTreeSet::new(),
        };
        let mut settled = BTreeMap::new();
        loop {
            let (found, mut all_well) = look.files(context);
            if found.is_empty() && !watch {
                let (kinds, dir) = (look.suffixes.join(", "), look.dir.display());
                output::note(format_args!("no files of {kinds} in {dir}"));
            }
            for (path, stamp) in found {
                if settled.get(&path) == Some(&stamp) {
                    continue;
                }
                let Err(failure) = target.upsert(&path).await else {
                    settled.insert(path, stamp);
                    continue;
                };
                let concerns = Concerns::of(&failure);
                if concerns == Concerns::Reader || (concerns == Concerns::All && !watch) {
                    return Err(failure);
                }
                failure.report(context.json());
                all_well = false;
                if concerns == Concerns::File {
                    settled.insert(path, stamp);
                } else if concerns == Concerns::All {
                    // The other files would fare no better.
                    break;
                }
            }
            if !watch {
                return if all_well { Ok(()) } else { Err(Failure::Answered) };
            }
            tokio::time::sleep(scan_interval).await;
        }
    }
}

/// What a failed upsert says about, and with that what comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concerns {
    /// The file, which is refused until it changes.
    File,
    /// This moment: the file may be taken at the next look.
    Moment,
    /// All files: nothing is taken until the credentials or the index are there.
    All,
    /// Whoever read the answers.
    Reader,
}

impl Concerns {
    fn of(failure: &Failure) -> Concerns {
        use ErrorKind::*;
        match failure {
            Failure::Unread => Concerns::Reader,
            Failure::Refused(error) => match error.kind() {
                Unauthorized | IndexNotFound => Concerns::All,
                Network | RateLimited | Cloud | Io | JobTimeout | ModelUnavailable => Concerns::Moment,
                _ => Concerns::File,
            },
            _ => Concerns::File,
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
        let adding = self.client.start_add_docs(&self.name, docs, &options);
        let done = job::follow(self.context, &self.client, &self.job, message, adding).await;
        done.map_err(|failure| match failure {
            Failure::Refused(error) => Failure::Refused(error.within(path.display())),
            failure => failure,
        })
    }
}

/// How the folder is looked at.
struct Look {
    dir: PathBuf,
    suffixes: Vec<String>,
    /// Folders of which it was said that they cannot be read.
    unreadable: BTreeSet<PathBuf>,
}

impl Look {
    /// The files in the folder and below, by path, and whether all folders could be read; one that cannot is reported once.
    /// Links to folders are not followed, they may lead back.
    fn files(&mut self, context: &Context) -> (BTreeMap<PathBuf, Stamp>, bool) {
        let mut found = BTreeMap::new();
        let mut all_read = true;
        let mut folders = vec![self.dir.clone()];
        while let Some(folder) = folders.pop() {
            match self.list(&folder, &mut folders, &mut found) {
                Ok(()) => {
                    self.unreadable.remove(&folder);
                }
                // What is gone since its parent was listed is no fault.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    all_read = false;
                    let failure = Failure::failed(format!("{}: {error}", folder.display()));
                    if self.unreadable.insert(folder) {
                        failure.report(context.json());
                    }
                }
            }
        }
        (found, all_read)
    }

    /// Adds what is in one folder.
    fn list(
        &self,
        folder: &Path,
        folders: &mut Vec<PathBuf>,
        found: &mut BTreeMap<PathBuf, Stamp>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            // What is gone since the folder was listed is no fault.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            let suffix = path
                .extension()
                .and_then(|suffix| suffix.to_str())
                .unwrap_or_default();
            let matches = self
                .suffixes
                .iter()
                .any(|wanted| wanted.trim_start_matches('.').eq_ignore_ascii_case(suffix));
            if let (true, Ok(meta)) = (matches, fs::metadata(&path))
                && meta.is_file()
            {
                let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.insert(path, (modified, meta.len()));
            }
        }
        Ok(())
    }
}
