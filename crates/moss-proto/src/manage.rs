//! `POST /v1/manage`: every management action, chosen by `action` in the body.

use moss_core::limits::MAX_DOCUMENTS;
use moss_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::{DocumentBody, bounded, json};

/// What every body has; read first, so that nobody makes the service build documents before the key was accepted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct Head {
    /// See [`ManageRequest`].
    pub action: String,
    /// Whose indexes are meant.
    pub project_id: String,
}

/// An action and its fields.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum ManageRequest {
    /// Asks for a URL to upload the documents of an index to: [`InitUploadAnswer`].
    InitUpload(InitUpload),
    /// Builds the index of an upload that arrived: [`JobAnswer`].
    StartBuild(JobRef),
    /// How far a job is: [`JobStatus`].
    GetJobStatus(JobRef),
    /// An index: [`IndexObject`].
    GetIndex(IndexRef),
    /// All indexes: a list of [`IndexObject`].
    ListIndexes,
    /// Deletes an index: `true`.
    DeleteIndex(IndexRef),
    /// Where an index can be downloaded from: [`IndexUrlAnswer`].
    GetIndexUrl(IndexRef),
    /// Adds documents: [`JobAnswer`].
    AddDocs(AddDocs),
    /// Deletes documents: [`JobAnswer`].
    DeleteDocs(DeleteDocs),
    /// Documents without vectors: a list of [`DocumentBody`].
    GetDocs(GetDocs),
}

impl ManageRequest {
    /// Reads the fields of the action that [`Head`] named.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown action; those of [`json::read`].
    pub fn read(action: &str, body: &[u8]) -> Result<ManageRequest> {
        use ManageRequest::*;
        match action {
            "initUpload" => json::read(body).map(InitUpload),
            "startBuild" => json::read(body).map(StartBuild),
            "getJobStatus" => json::read(body).map(GetJobStatus),
            "getIndex" => json::read(body).map(GetIndex),
            "listIndexes" => Ok(ListIndexes),
            "deleteIndex" => json::read(body).map(DeleteIndex),
            "getIndexUrl" => json::read(body).map(GetIndexUrl),
            "addDocs" => json::read(body).map(AddDocs),
            "deleteDocs" => json::read(body).map(DeleteDocs),
            "getDocs" => json::read(body).map(GetDocs),
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("unknown action {:?}", shown(action)),
            )),
        }
    }

    /// The body that asks for this action in a project.
    pub fn to_json(&self, project_id: &str) -> Vec<u8> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            project_id: &'a str,
            #[serde(flatten)]
            request: &'a ManageRequest,
        }
        let body = Body {
            project_id,
            request: self,
        };
        serde_json::to_vec(&body).expect("strings, numbers and lists of them are always JSON")
    }
}

/// As much of a name as a message needs.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

/// Fields of `initUpload`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct InitUpload {
    /// The index to make.
    pub index_name: String,
    /// Its model.
    pub model_id: String,
    /// Documents in the upload.
    pub doc_count: u32,
    /// Length of the vectors in the upload; 0: it has none, the service embeds.
    pub dimension: u32,
    /// Whether the index may be there already.
    #[serde(default)]
    pub mode: UploadMode,
}

/// What `initUpload` does with an index of that name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UploadMode {
    /// Refuses: `IndexExists`.
    #[default]
    Create,
    /// Replaces it once the build is complete.
    Replace,
}

/// Fields of the actions on a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct JobRef {
    /// The job.
    pub job_id: String,
}

/// Fields of the actions on an index that need no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct IndexRef {
    /// The index.
    pub index_name: String,
}

/// Fields of `addDocs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct AddDocs {
    /// The index.
    pub index_name: String,
    /// What to add.
    #[serde(deserialize_with = "bounded::list::<_, MAX_DOCUMENTS, _>")]
    pub docs: Vec<DocumentBody>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<AddDocsOptions>,
}

/// Options of `addDocs`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct AddDocsOptions {
    /// Whether a document whose id exists is replaced; default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upsert: Option<bool>,
}

/// Fields of `deleteDocs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct DeleteDocs {
    /// The index.
    pub index_name: String,
    /// What to delete; unknown ids are ignored.
    #[serde(deserialize_with = "bounded::list::<_, MAX_DOCUMENTS, _>")]
    pub doc_ids: Vec<String>,
}

/// Fields of `getDocs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct GetDocs {
    /// The index.
    pub index_name: String,
    /// Which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<GetDocsOptions>,
}

/// Options of `getDocs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct GetDocsOptions {
    /// Exactly these, in this order; default all, by id.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "bounded::list_or_null::<_, MAX_DOCUMENTS, _>"
    )]
    pub doc_ids: Option<Vec<String>>,
}

/// Answer to `initUpload`. Not `Debug`: the URL carries its own authority.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitUploadAnswer {
    /// The job, `pending_upload`.
    pub job_id: String,
    /// Where to `PUT` the upload, once.
    pub upload_url: String,
    /// Seconds until the URL ends.
    pub expires_in: u64,
}

/// Answer to `startBuild`, `addDocs` and `deleteDocs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobAnswer {
    /// The job to ask after.
    pub job_id: String,
    /// `building`.
    pub status: String,
}

/// Answer to `getJobStatus`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobStatus {
    /// The job.
    pub job_id: String,
    /// `pending_upload`, `uploading`, `building`, `completed` or `failed`.
    pub status: String,
    /// 0 to 100, never falling.
    pub progress: f64,
    /// What is being done while the status is `building`.
    pub current_phase: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// [`ErrorKind::name`] of what it failed with; not sent where it has not failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC.
    pub updated_at: String,
    /// ISO 8601, UTC; `null` until it ended.
    pub completed_at: Option<String>,
}

/// An index as its newest version says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexObject {
    /// Stays over pushes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The model it is bound to.
    pub model: ModelObject,
    /// `NotStarted`, `Building`, `Ready` or `Failed`.
    pub status: String,
    /// Grows with each change.
    pub version: Option<String>,
    /// Documents in it.
    pub doc_count: usize,
    /// ISO 8601, UTC.
    pub created_at: Option<String>,
    /// ISO 8601, UTC.
    pub updated_at: Option<String>,
}

/// The model of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelObject {
    /// Its id.
    pub id: String,
    /// Its version, where it is known.
    pub version: Option<String>,
}

/// Answer to `getIndexUrl`. Not `Debug`: the URLs carry their own authority.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexUrlAnswer {
    /// Where the newest version is, as one segment.
    pub index_url: String,
    /// Where its documents are, as JSON.
    pub json_url: String,
    /// The newest version now.
    pub version: String,
    /// When it was made; ISO 8601, UTC.
    pub updated_at: String,
    /// Seconds until the URLs end.
    pub expires_in: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(request: &ManageRequest) -> ManageRequest {
        let body = request.to_json("p");
        let head: Head = json::read(&body).unwrap();
        assert_eq!(head.project_id, "p");
        ManageRequest::read(&head.action, &body).unwrap()
    }

    #[test]
    fn every_request_reads_back() {
        let index_name = "naïve/../index".to_owned();
        let index = || IndexRef {
            index_name: index_name.clone(),
        };
        let job = || JobRef {
            job_id: "j".to_owned(),
        };
        let document = moss_core::Document::new("a", "text").with_embedding([0.1, -2.5e-7]);
        for request in [
            ManageRequest::InitUpload(InitUpload {
                index_name: index_name.clone(),
                model_id: "custom".to_owned(),
                doc_count: 3,
                dimension: 2,
                mode: UploadMode::Replace,
            }),
            ManageRequest::StartBuild(job()),
            ManageRequest::GetJobStatus(job()),
            ManageRequest::GetIndex(index()),
            ManageRequest::ListIndexes,
            ManageRequest::DeleteIndex(index()),
            ManageRequest::GetIndexUrl(index()),
            ManageRequest::AddDocs(AddDocs {
                index_name: index_name.clone(),
                docs: vec![document.into()],
                options: Some(AddDocsOptions { upsert: Some(false) }),
            }),
            ManageRequest::DeleteDocs(DeleteDocs {
                index_name: index_name.clone(),
                doc_ids: vec!["a".to_owned()],
            }),
            ManageRequest::GetDocs(GetDocs {
                index_name: index_name.clone(),
                options: Some(GetDocsOptions { doc_ids: None }),
            }),
        ] {
            assert_eq!(read_back(&request), request);
        }
    }

    #[test]
    fn unknown_actions_are_named_and_unknown_fields_are_passed_over() {
        let error = ManageRequest::read("createIndex", b"{}").unwrap_err();
        assert_eq!(error.to_string(), "unknown action \"createIndex\"");
        let long = ManageRequest::read(&"x".repeat(1 << 20), b"{}").unwrap_err();
        assert!(long.to_string().len() < 100);
        let body = br#"{"action": "getIndex", "indexName": "a", "later": {"x": [1, 2]}}"#;
        assert!(ManageRequest::read("getIndex", body).is_ok());
    }
}
