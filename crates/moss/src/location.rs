//! Where the cloud is: a service, a store that this process opens itself, or the embedded store.

use std::env;

use moss_core::{Error, ErrorKind, Result};

use crate::service::Urls;

/// The manage URL that means the embedded store.
pub const EMBEDDED_MANAGE_URL: &str = "embedded:///v1/manage";

/// Environment variable with the manage URL of a service.
const MANAGE_URL: &str = "MOSS_CLOUD_API_MANAGE_URL";
/// Environment variable with a directory or store URL.
const STORE: &str = "MOSS_STORE";

/// The embedded store in the user's home. An iOS app may not write beside the folders that it is given there.
const DEFAULT_STORE: &str = if cfg!(target_os = "ios") {
    "Library/Application Support/moss/store"
} else {
    ".moss/store"
};

/// What a client talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A service.
    Service(Urls),
    /// A store that is opened in process: a directory or a store URL.
    Store(String),
}

impl Location {
    /// The first that is set: `base_url`, `MOSS_CLOUD_API_MANAGE_URL`, `MOSS_STORE`, `~/.moss/store`.
    pub(crate) fn resolve(base_url: Option<&str>) -> Result<Location> {
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let url = base_url
            .map(str::to_owned)
            .filter(|url| !url.is_empty())
            .or_else(|| set(MANAGE_URL));
        match url {
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
                Urls::new(&url).map(Location::Service)
            }
            Some(url) if !url.starts_with("embedded:") => Ok(Location::Store(url)),
            _ => match set(STORE) {
                Some(store) => Ok(Location::Store(store)),
                None => default_store(),
            },
        }
    }
}

impl Location {
    /// The same for the same cloud, whatever the working directory.
    pub(crate) fn origin(&self) -> String {
        match self {
            Location::Store(directory) if !directory.contains("://") => {
                let absolute = std::path::absolute(directory).ok();
                absolute.map_or(directory.clone(), |path| path.to_string_lossy().into_owned())
            }
            Location::Store(url) => url.clone(),
            Location::Service(urls) => urls.origin().to_owned(),
        }
    }
}

fn default_store() -> Result<Location> {
    let home = env::home_dir()
        .filter(|home| !home.as_os_str().is_empty())
        .ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("no home directory for the embedded store, set {STORE}"),
            )
        })?;
    let store = home.join(DEFAULT_STORE);
    store
        .into_os_string()
        .into_string()
        .map(Location::Store)
        .map_err(|path| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("home directory {path:?} is not UTF-8, set {STORE}"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constructors_url_wins() {
        let resolve = |url| Location::resolve(Some(url)).unwrap();
        assert_eq!(
            resolve("https://x/v1/manage"),
            Location::Service(Urls::new("https://x/v1/manage").unwrap())
        );
        assert_eq!(resolve("/var/lib/moss"), Location::Store("/var/lib/moss".into()));
        assert_eq!(resolve("memory://a"), Location::Store("memory://a".into()));
    }
}
