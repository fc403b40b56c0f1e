//! What a Moss client and the Moss service say to each other over HTTP: the types of requests and answers, used by both.
//!
//! JSON is camelCase. Reading is forgiving to fields that are not known and strict about those that are: [`json::read`]
//! names the field at fault. What an action does is `moss-cloud`'s, how it is routed is `moss-serve`'s.

pub mod admin;
mod bounded;
pub mod bulk;
pub mod document;
pub mod error;
pub mod identity;
pub mod indexes;
pub mod json;
pub mod manage;
pub mod query;

pub use document::DocumentBody;
pub use error::{ErrorBody, status};

/// Header that names the project where no body does.
pub const PROJECT_ID_HEADER: &str = "x-project-id";
/// Header that carries the key of the project.
pub const PROJECT_KEY_HEADER: &str = "x-project-key";
/// Path of the management actions; what the URL of a service ends in.
pub const MANAGE_PATH: &str = "/v1/manage";
/// Path of the cloud query.
pub const QUERY_PATH: &str = "/query";
/// Path where credentials become a token.
pub const TOKEN_PATH: &str = "/identity/auth/token";
/// Bytes of a JSON body that the service reads.
pub const MAX_JSON_BYTES: usize = 64 << 20;
/// Bytes of an upload that the service reads.
pub const MAX_UPLOAD_BYTES: usize = 2 << 30;
