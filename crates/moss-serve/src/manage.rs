//! `POST /v1/manage`: one route for every management action.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use moss_cloud::{IndexInfo, Project};
use moss_core::{Error, ErrorKind};
use moss_proto::manage::{Head, IndexObject, ManageRequest, ModelObject};
use moss_proto::{DocumentBody, MANAGE_PATH, json};

use crate::body::{self, Body};
use crate::error::Answer;
use crate::router::Route;
use crate::{Service, auth};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post(MANAGE_PATH, manage)]
}

async fn manage(State(service): State<Arc<Service>>, headers: HeaderMap, body: Body) -> Answer {
    let body = body::whole(body)?;
    let head: Head = body::parse(body.clone(), |body| json::read(body)).await?;
    let project = auth::project(&service, &headers, &head.project_id).await?;
    let action = head.action.clone();
    let request = body::parse(body, move |body| ManageRequest::read(&action, body)).await?;
    let answer = answer(&project, request).await;
    answer.map_err(|error| error.of_action(&head.action))
}

async fn answer(project: &Project, request: ManageRequest) -> Answer {
    Ok(match request {
        ManageRequest::GetIndex(of) => {
            Json(index_object(project.get_index(&of.index_name).await?)).into_response()
        }
        ManageRequest::ListIndexes => {
            let indexes = project.list_indexes().await?;
            Json(indexes.into_iter().map(index_object).collect::<Vec<_>>()).into_response()
        }
        ManageRequest::DeleteIndex(of) => Json(project.delete_index(&of.index_name).await?).into_response(),
        ManageRequest::GetDocs(of) => {
            let ids = of.options.unwrap_or_default().doc_ids;
            let documents = project.get_docs(&of.index_name, ids.as_deref()).await?;
            let bodies: Vec<DocumentBody> = documents.into_iter().map(DocumentBody::from).collect();
            body::large(bodies).await?
        }
        other => {
            let message = format!("not offered yet: {}", String::from_utf8_lossy(&other.to_json("")));
            return Err(Error::new(ErrorKind::InvalidArgument, message).into());
        }
    })
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
