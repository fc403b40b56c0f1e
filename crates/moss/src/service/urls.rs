//! The URLs of a service, made from its manage URL.

use std::env;

use moss_core::{Error, ErrorKind, Result};
use moss_proto::{MANAGE_PATH, QUERY_PATH, TOKEN_PATH};

/// Environment variable with the query URL, where that is not beside the manage URL.
const QUERY_URL: &str = "MOSS_CLOUD_QUERY_URL";

/// Where a service answers what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Urls {
    /// What all paths but those of the two others hang on; no slash at its end.
    base: String,
    pub(crate) query: String,
}

impl Urls {
    /// The URLs beside a manage URL.
    ///
    /// # Errors
    /// `InvalidArgument` for a URL that is not `http(s)://.../v1/manage`.
    pub(crate) fn new(manage: &str) -> Result<Urls> {
        let base = manage.trim_end_matches('/').strip_suffix(MANAGE_PATH);
        let base = base.filter(|base| reqwest::Url::parse(base).is_ok_and(|url| url.has_host()));
        let base = base.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("the URL of a service is http(s)://host{MANAGE_PATH}, got {manage:?}"),
            )
        })?;
        let query = env::var(QUERY_URL).ok().filter(|url| !url.is_empty());
        Ok(Urls {
            query: query.unwrap_or_else(|| format!("{base}{QUERY_PATH}")),
            base: base.to_owned(),
        })
    }

    /// The same for the same service.
    pub(crate) fn origin(&self) -> &str {
        &self.base
    }

    pub(crate) fn manage(&self) -> String {
        self.at(MANAGE_PATH)
    }

    pub(crate) fn token(&self) -> String {
        self.at(TOKEN_PATH)
    }

    /// The URL of a path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_urls_are_beside_the_manage_url() {
        let urls = Urls::new("https://moss.example/eu/v1/manage").unwrap();
        assert_eq!(urls.manage(), "https://moss.example/eu/v1/manage");
        assert_eq!(urls.token(), "https://moss.example/eu/identity/auth/token");
        assert_eq!(urls.query, "https://moss.example/eu/query");
        for wrong in [
            "https://moss.example",
            "https:///v1/manage",
            "http://x y/v1/manage",
        ] {
            assert!(Urls::new(wrong).is_err(), "{wrong}");
        }
    }
}
