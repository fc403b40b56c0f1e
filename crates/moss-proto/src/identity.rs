//! `POST /identity/auth/token`: credentials to a short-lived token.

use serde::{Deserialize, Serialize};

/// What is exchanged. Not `Debug`: it holds a key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct TokenRequest {
    /// The project.
    pub project_id: String,
    /// Its key.
    pub project_key: String,
}

/// What it is exchanged for. Not `Debug`: it holds a token.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenAnswer {
    /// For `Authorization: Bearer`.
    pub token: String,
    /// Seconds that it lives.
    pub expires_in: u64,
}
