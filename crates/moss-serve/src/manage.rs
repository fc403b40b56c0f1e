//! `POST /v1/manage`: one route for every management action.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use moss_cloud::{CreateMode, IndexInfo, Project, UploadSpec};
use moss_core::query::AddOptions;
use moss_core::{Document, Error, ErrorKind, Result};
use moss_proto::manage::{
    Head, IndexObject, IndexUrlAnswer, InitUpload, InitUploadAnswer, JobAnswer, JobRef, JobStatus,
    ManageRequest, ModelObject, UploadMode,
};
use moss_proto::{DocumentBody, MANAGE_PATH, json};
use tracing::Instrument;

use crate::error::{Answer, ApiError};
use crate::router::Route;
use crate::{Service, auth, body, links, transfer};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post(MANAGE_PATH, manage)]
}

async fn manage(State(service): State<Arc<Service>>, headers: HeaderMap, uri: Uri, body: Body) -> Answer {
    let body = body::read(body).await?;
    let head: Head = body::parse(body.clone(), |body| json::read(body)).await?;
    let of_action = |error: ApiError| error.of_action(&head.action);
    let project = auth::project(&service, &headers, &head.project_id).await;
    let project = project.map_err(of_action)?;
    let action = head.action.clone();
    let request = body::parse(body, move |body| ManageRequest::read(&action, body)).await?;
    let base = links::base(&service, &headers, &uri);
    // A client that hangs up does not stop what it has begun.
    let answer = tokio::spawn(answer(service, project, base, request).in_current_span()).await;
    let answer =
        answer.unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the action ended early").into()));
    answer.map_err(of_action)
}

async fn answer(
    service: Arc<Service>,
    project: Project,
    base: Result<String>,
    request: ManageRequest,
) -> Answer {
    Ok(match request {
        ManageRequest::InitUpload(of) => {
            let base = base?;
            let job_id = project.init_upload(upload_spec(of)).await?;
            let url = links::granted(
                &service,
                &base,
                transfer::UPLOAD_PATH,
                &project,
                links::UPLOAD,
                &job_id,
            );
            Json(InitUploadAnswer {
                upload_url: url.await?,
                job_id,
                expires_in: links::EXPIRES.as_secs(),
            })
            .into_response()
        }
        ManageRequest::StartBuild(JobRef { job_id }) => {
            project.start_build(&job_id).await?;
            building(job_id)
        }
        ManageRequest::GetJobStatus(of) => {
            Json(job_status(project.job_status(&of.job_id).await?)).into_response()
        }
        ManageRequest::GetIndex(of) => {
            Json(index_object(project.get_index(&of.index_name).await?)).into_response()
        }
        ManageRequest::ListIndexes => {
            let indexes = project.list_indexes().await?;
            Json(indexes.into_iter().map(index_object).collect::<Vec<_>>()).into_response()
        }
        ManageRequest::DeleteIndex(of) => Json(project.delete_index(&of.index_name).await?).into_response(),
        ManageRequest::GetIndexUrl(of) => {
            let base = base?;
            let info = project.get_index(&of.index_name).await?;
            let url = |path| links::granted(&service, &base, path, &project, links::DOWNLOAD, &info.name);
            Json(IndexUrlAnswer {
                index_url: url(transfer::INDEX_PATH).await?,
                json_url: url(transfer::JSON_PATH).await?,
                version: info.version,
                updated_at: info.updated_at,
                expires_in: links::EXPIRES.as_secs(),
            })
            .into_response()
        }
        ManageRequest::AddDocs(of) => {
            let documents = of.docs.into_iter().map(Document::from).collect();
            let upsert = of.options.unwrap_or_default().upsert.unwrap_or(true);
            let options = AddOptions::new().upsert(upsert);
            building(project.submit_add(&of.index_name, documents, options).await?)
        }
        ManageRequest::DeleteDocs(of) => building(project.submit_delete(&of.index_name, &of.doc_ids).await?),
        ManageRequest::GetDocs(of) => {
            let ids = of.options.unwrap_or_default().doc_ids;
            let turn = service.bodies.turn().await;
            let documents = project.get_docs(&of.index_name, ids.as_deref()).await?;
            let bodies: Vec<DocumentBody> = documents.into_iter().map(DocumentBody::from).collect();
            body::large(&service, turn, bodies).await?
        }
    })
}

fn building(job_id: String) -> Response {
    Json(JobAnswer {
        job_id,
        status: "building".to_owned(),
    })
    .into_response()
}

fn upload_spec(of: InitUpload) -> UploadSpec {
    UploadSpec {
        index: of.index_name,
        model_id: of.model_id,
        doc_count: of.doc_count as usize,
        dimension: of.dimension as usize,
        mode: match of.mode {
            UploadMode::Create => CreateMode::Create,
            UploadMode::Replace => CreateMode::Replace,
        },
    }
}

fn job_status(status: moss_cloud::JobStatus) -> JobStatus {
    JobStatus {
        job_id: status.job_id,
        status: status.status,
        progress: status.progress,
        current_phase: status.current_phase,
        error: status.error,
        code: status.error_kind.map(|kind| kind.name().to_owned()),
        created_at: status.created_at,
        updated_at: status.updated_at,
        completed_at: status.completed_at,
    }
}

pub(crate) fn index_object(info: IndexInfo) -> IndexObject {
    let known = |text: String| Some(text).filter(|text| !text.is_empty());
    IndexObject {
        id: info.id,
        name: info.name,
        model: ModelObject {
            id: info.model.id,
            version: known(info.model.version),
        },
        status: info.status,
        version: known(info.version),
        doc_count: info.doc_count,
        created_at: known(info.created_at),
        updated_at: known(info.updated_at),
    }
}
