//! Project keys: their text, and the salted hash of them that is stored. A key itself is stored nowhere.

use moss_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Begins a key that this cloud made, so that scanners for leaked secrets know it.
const PREFIX: &str = "moss_";
/// Hex digits of a key's id.
const ID_DIGITS: usize = 16;
/// Begins the id of the key that registered its project on first use.
const FIRST_USE: &str = "first-";

/// What is stored of a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    /// Random bytes, hex.
    salt: String,
    /// SHA-256 of salt and key, hex.
    key_hash: String,
    /// Milliseconds since 1970.
    pub(crate) created_at: u64,
}

impl KeyRecord {
    /// A record of this key.
    pub(crate) fn new(key: &str, now_ms: u64) -> KeyRecord {
        let salt = random_hex();
        KeyRecord {
            key_hash: hash(&salt, key),
            salt,
            created_at: now_ms,
        }
    }

    /// Whether this is the key, in a time that does not depend on how much of it is right.
    pub(crate) fn is_of(&self, key: &str) -> bool {
        let given = hash(&self.salt, key);
        given.as_bytes().ct_eq(self.key_hash.as_bytes()).into()
    }
}

/// A key as it is known here: everything but the key itself.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// Names it among the keys of its project.
    pub(crate) id: String,
    pub(crate) record: KeyRecord,
}

/// What `project.json` holds of a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProjectRecord {
    /// Random bytes, hex: of two that create one project at once, one has lost.
    salt: String,
    /// The hash of the key that registered the project on first use; none for a project made by `create_project`, and
    /// none after that key was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_hash: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) created_at: u64,
}

impl ProjectRecord {
    /// A project that this key registers.
    pub(crate) fn of_key(key: &str, now_ms: u64) -> ProjectRecord {
        let KeyRecord { salt, key_hash, .. } = KeyRecord::new(key, now_ms);
        ProjectRecord {
            salt,
            key_hash: Some(key_hash),
            created_at: now_ms,
        }
    }

    /// A project whose keys are kept as objects of their own.
    pub(crate) fn without_key(now_ms: u64) -> ProjectRecord {
        ProjectRecord {
            salt: random_hex(),
            key_hash: None,
            created_at: now_ms,
        }
    }

    /// The key that registered the project. Its id comes from the salt: a project that is registered anew under an old
    /// name does not take the tokens of the old one.
    pub(crate) fn first_key(&self) -> Option<Key> {
        let key_hash = self.key_hash.clone()?;
        let digits = self.salt.get(..ID_DIGITS).unwrap_or(&self.salt);
        let record = KeyRecord {
            salt: self.salt.clone(),
            key_hash,
            created_at: self.created_at,
        };
        Some(Key {
            id: format!("{FIRST_USE}{digits}"),
            record,
        })
    }

    /// The same project without that key.
    pub(crate) fn revoked(self) -> ProjectRecord {
        ProjectRecord {
            key_hash: None,
            ..self
        }
    }
}

/// A new key and its id: `moss_{id}_{244 random bits}`.
pub(crate) fn new_key() -> (String, String) {
    let mut id = random_hex();
    id.truncate(ID_DIGITS);
    let key = format!("{PREFIX}{id}_{}{}", random_hex(), random_hex());
    (id, key)
}

/// The id in a key that this cloud made; `None` for any other text.
pub(crate) fn id_in(key: &str) -> Option<&str> {
    let (id, _) = key.strip_prefix(PREFIX)?.split_once('_')?;
    is_id(id).then_some(id)
}

/// Whether a key with this id would be an object of its own.
pub(crate) fn is_id(id: &str) -> bool {
    id.len() == ID_DIGITS && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The one answer to a wrong key, a revoked one, and an unknown project: nobody learns which projects there are.
pub(crate) fn refused(project: &str) -> Error {
    Error::new(
        ErrorKind::Unauthorized,
        format!("the key is not that of project {project:?}, check MOSS_PROJECT_ID and MOSS_PROJECT_KEY"),
    )
}

/// Checks the length of a project id or key.
pub(crate) fn check_credential(what: &str, value: &str) -> Result<()> {
    const MAX_BYTES: usize = 256;
    let fault = match value.len() {
        0 => "must not be empty".to_owned(),
        bytes if bytes > MAX_BYTES => format!("has {bytes} bytes, at most {MAX_BYTES} are allowed"),
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::InvalidArgument, format!("{what} {fault}")))
}

/// 122 bits from the system's random source, in 32 hex digits.
pub(crate) fn random_hex() -> String {
    Uuid::new_v4().simple().to_string()
}

fn hash(salt: &str, key: &str) -> String {
    hex::encode(Sha256::new().chain_update(salt).chain_update(key).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_itself_passes_and_no_record_shows_it() {
        let record = KeyRecord::new("right-key", 0);
        assert!(record.is_of("right-key"));
        assert!(!record.is_of("wrong-key"));
        assert!(!serde_json::to_string(&record).unwrap().contains("right-key"));
        assert_ne!(record.salt, KeyRecord::new("right-key", 0).salt);
    }

    #[test]
    fn records_of_projects_registered_before_keys_had_ids_still_open() {
        // Written by the first release of the store: salt, hash of "moss" under it, time.
        let json = r#"{"salt":"00112233445566778899aabbccddeeff","key_hash":"HASH","created_at":7}"#;
        let json = json.replace("HASH", &hash("00112233445566778899aabbccddeeff", "moss"));
        let record: ProjectRecord = serde_json::from_str(&json).unwrap();
        let key = record.first_key().unwrap();
        assert_eq!(key.id, "first-0011223344556677");
        assert!(key.record.is_of("moss"));
        assert_eq!(serde_json::to_string(&record).unwrap(), json);
    }

    #[test]
    fn a_made_key_names_its_record() {
        let (id, key) = new_key();
        assert_eq!(id_in(&key), Some(id.as_str()));
        for other in [
            "",
            "moss_",
            "moss_x_y",
            "moss_0123456789ABCDEF_x",
            "any text",
            &id,
        ] {
            assert_eq!(id_in(other), None, "{other}");
        }
    }
}
