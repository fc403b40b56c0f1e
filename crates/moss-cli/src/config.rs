//! `~/.moss/config.json`: saved credentials, for the owner's eyes only.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome};
use crate::output;

/// The profile of a file that names no active one, and of the old flat form.
const DEFAULT_PROFILE: &str = "default";

/// The file's content.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Config {
    #[serde(default)]
    pub(crate) active_profile: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Credentials>,
    /// What others keep in this file stays in it; and the old flat form until it is read.
    #[serde(flatten)]
    other: Map<String, Value>,
    /// Whether there is a file that this is not the content of.
    #[serde(skip)]
    unreadable: bool,
}

/// One profile.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) project_id: Option<String>,
    pub(crate) project_key: Option<String>,
    /// What others keep in a profile.
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Config {
    /// The file of this user; empty if there is none or it cannot be read.
    pub(crate) fn read() -> Config {
        let Ok(path) = path() else {
            return Config::default();
        };
        match fs::read(path) {
            Ok(bytes) => Config::parse(&bytes),
            Err(error) => Config {
                unreadable: error.kind() != ErrorKind::NotFound,
                ..Config::default()
            },
        }
    }

    fn parse(bytes: &[u8]) -> Config {
        let mut config: Config = serde_json::from_slice(bytes).unwrap_or_else(|_| Config {
            unreadable: true,
            ..Config::default()
        });
        let mut flat = |name: &str| match config.other.remove(name)? {
            Value::String(value) => Some(value),
            _ => None,
        };
        let old = Credentials {
            project_id: flat("project_id"),
            project_key: flat("project_key"),
            other: Map::new(),
        };
        if old.project_id.is_some() || old.project_key.is_some() {
            config.profiles.entry(DEFAULT_PROFILE.to_owned()).or_insert(old);
        }
        config
    }

    /// The profile of calls that name none.
    pub(crate) fn active(&self) -> &str {
        self.active_profile.as_deref().unwrap_or(DEFAULT_PROFILE)
    }

    /// Deletes a profile. Was it the active one, `default` takes its place, else the first.
    pub(crate) fn delete(&mut self, name: &str) {
        let was_active = self.active() == name;
        self.profiles.remove(name);
        if was_active {
            self.active_profile = match self.profiles.contains_key(DEFAULT_PROFILE) {
                true => Some(DEFAULT_PROFILE.to_owned()),
                false => self.profiles.keys().next().cloned(),
            };
        }
    }

    /// Writes the file, whole or not at all, and gives its path. One that could not be read may hold keys: it is kept aside.
    pub(crate) fn save(&self) -> Outcome<PathBuf> {
        let path = path()?;
        let write = || -> io::Result<()> {
            let folder = path.parent().unwrap_or(Path::new("."));
            private_folder(folder)?;
            // A temporary file is its owner's alone.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            let mut writer = BufWriter::new(file.as_file_mut());
            serde_json::to_writer_pretty(&mut writer, self)?;
            writer.write_all(b"\n")?;
            writer.flush()?;
            drop(writer);
            File::sync_all(file.as_file())?;
            if self.unreadable {
                set_aside(&path)?;
            }
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        Ok(path)
    }
}

/// Renames a file, to a name that nothing has.
fn set_aside(path: &Path) -> io::Result<()> {
    let mut aside = path.with_extension("json.unreadable");
    let mut count = 1;
    while aside.exists() {
        count += 1;
        aside = path.with_extension(format!("json.unreadable-{count}"));
    }
    fs::rename(path, &aside)?;
    output::note(format_args!(
        "{} could not be read, it is now {}",
        path.display(),
        aside.display()
    ));
    Ok(())
}

fn path() -> Outcome<PathBuf> {
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    home.map(|home| home.join(".moss").join("config.json"))
        .ok_or_else(|| Failure::failed("no home directory for .moss/config.json, set HOME"))
}

/// Makes the folder if it is not there, and it its owner's alone.
#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
