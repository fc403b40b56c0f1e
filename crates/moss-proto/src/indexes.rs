//! `/v1/indexes/{name}/...`: the versions of an index, to be read and added to. Moss's own, for sessions and loaded indexes.
//!
//! The name is percent-encoded in the path. A push reads the manifest, puts its segment, and commits on top of the version it
//! read; a lost race is `Conflict`, and a repeated commit of one id is answered as the first was.

use moss_store::{Change, Manifest, SegmentEntry};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounded;

/// Segments of one commit: more than a manifest ever has.
const MAX_RECEIPTS: usize = 64;

/// Everything but unreserved characters, so that no name is read as a path.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Stands before a name that would be read as a step in the path, and before one that begins with it.
const MARK: &str = "~";

/// The path of one of the resources of an index, such as `manifest`.
///
/// Every client and proxy takes `.` and `..` for steps, escaped or not: such a name, and one that begins with `~`, has a `~`
/// before it, which [`IndexName`] takes away again.
///
/// ```
/// use moss_proto::indexes::path;
/// assert_eq!(path("a/b", "manifest"), "/v1/indexes/a%2Fb/manifest");
/// assert_eq!(path("..", "manifest"), "/v1/indexes/~../manifest");
/// ```
pub fn path(index_name: &str, resource: &str) -> String {
    let is_step = matches!(index_name, "." | "..");
    let mark = if is_step || index_name.starts_with(MARK) {
        MARK
    } else {
        ""
    };
    let name = utf8_percent_encode(index_name, ESCAPED);
    format!("/v1/indexes/{mark}{name}/{resource}")
}

/// The name of an index out of a path, unescaped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct IndexName(pub String);

impl From<String> for IndexName {
    fn from(mut part: String) -> IndexName {
        if part.starts_with(MARK) {
            part.remove(0);
        }
        IndexName(part)
    }
}

/// Query of `GET manifest`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ManifestQuery {
    /// The version; default the newest.
    pub version: Option<u64>,
}

/// Query of `PUT segments/{id}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SegmentQuery {
    /// The version that the segment is meant for, one above the newest that the writer read.
    pub version: u64,
}

/// Answer to `PUT segments/{id}`. Not `Debug`: the receipt is an authority.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentAnswer {
    /// The segment as a manifest names it.
    pub entry: SegmentEntry,
    /// Proves to any replica that it was stored for this version.
    pub receipt: String,
}

/// Body of `POST commits`. Not `Debug`: receipts are authorities.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct CommitRequest {
    /// Drawn for this commit, the same when it is sent again.
    pub commit_id: Uuid,
    /// The version that it goes on top of; 0 where there is none.
    pub on_version: u64,
    /// What the new version is. Its times are the service's to set.
    pub change: Change,
    /// Of the segments that were put for it.
    #[serde(deserialize_with = "bounded::list::<_, MAX_RECEIPTS, _>")]
    pub receipts: Vec<String>,
}

/// Answer to `POST commits`; a lost race is an error of kind `Conflict`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitAnswer {
    /// The version that the commit made.
    pub manifest: Manifest,
    /// The version that took its place since its segments were compacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compacted: Option<Manifest>,
}

/// Body of `POST restore`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct RestoreRequest {
    /// The version to make the newest again.
    pub version: u64,
}

/// One of the list that `GET versions` answers, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionObject {
    /// Its number.
    pub version: u64,
    /// Documents in it.
    pub doc_count: usize,
    /// ISO 8601, UTC.
    pub updated_at: String,
}

/// Data of the server-sent events of `GET events`: one at once, then one for each new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionEvent {
    /// The newest version; 0 where there is none.
    pub version: u64,
    /// Whether that version deleted the index.
    pub deleted: bool,
}

/// The name of those events.
pub const VERSION_EVENT: &str = "version";

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;

    use super::*;

    #[test]
    fn every_name_comes_back_out_of_its_path() {
        for name in [
            ".",
            "..",
            "~",
            "~.",
            "~~x",
            "a/../b",
            "%2F",
            "a b",
            "🦀",
            "plain-name_1.0~",
        ] {
            let path = path(name, "manifest");
            let [_, "v1", "indexes", part, "manifest"] = path.split('/').collect::<Vec<_>>()[..] else {
                panic!("{path}");
            };
            assert!(!matches!(part, "." | ".." | "%2E" | "%2E%2E"), "{path}");
            let part = percent_decode_str(part).decode_utf8().unwrap().into_owned();
            assert_eq!(IndexName::from(part), IndexName(name.to_owned()));
        }
    }
}
