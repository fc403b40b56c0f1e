//! `/v1/admin/...`: projects and their keys, for whoever has the admin token.

use serde::{Deserialize, Serialize};

/// Body of `POST /v1/admin/projects`; may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct CreateProject {
    /// The id to use; default a random one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
}

/// Body of `POST /v1/admin/projects/{id}/keys`; may be absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct RotateKey {
    /// Whether the keys that there are stay good; default false.
    #[serde(default)]
    pub keep_old: bool,
}

/// A key that was just made: the only time that it is shown. Not `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// The project that it opens.
    pub project_id: String,
    /// Names the key; no secret.
    pub key_id: String,
    /// The key.
    pub project_key: String,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectObject {
    /// Its id.
    pub id: String,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// What opens it, oldest first.
    pub keys: Vec<KeyObject>,
}

/// A key, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyObject {
    /// Its id.
    pub id: String,
    /// ISO 8601, UTC.
    pub created_at: String,
}
