//! Project keys: stored as a salted hash, compared in constant time.

use moss_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What `project.json` holds of a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProjectRecord {
    /// Random bytes, hex.
    salt: String,
    /// SHA-256 of salt and key, hex.
    key_hash: String,
    /// Milliseconds since 1970.
    created_at: u64,
}

impl ProjectRecord {
    /// A record for a new project with this key.
    pub(crate) fn new(key: &str, now_ms: u64) -> ProjectRecord {
        let salt = uuid::Uuid::new_v4().simple().to_string();
        let key_hash = hash(&salt, key);
        ProjectRecord {
            salt,
            key_hash,
            created_at: now_ms,
        }
    }

    /// Checks a key against the record.
    ///
    /// # Errors
    /// `Unauthorized`.
    pub(crate) fn check(&self, project: &str, key: &str) -> Result<()> {
        let given = hash(&self.salt, key);
        if bool::from(given.as_bytes().ct_eq(self.key_hash.as_bytes())) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unauthorized,
            format!("the key is not that of project {project:?}, check MOSS_PROJECT_ID and MOSS_PROJECT_KEY"),
        ))
    }
}

fn hash(salt: &str, key: &str) -> String {
    hex::encode(Sha256::new().chain_update(salt).chain_update(key).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_registered_key_passes_and_no_message_shows_it() {
        let record = ProjectRecord::new("right-key", 0);
        record.check("p", "right-key").unwrap();
        let error = record.check("p", "wrong-key").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert!(!error.to_string().contains("wrong-key"));
        assert!(!serde_json::to_string(&record).unwrap().contains("right-key"));
    }
}
