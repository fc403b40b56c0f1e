//! `POST /identity/auth/token`: credentials to a short-lived token.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use moss_cloud::Token;
use moss_proto::TOKEN_PATH;
use moss_proto::identity::{TokenAnswer, TokenRequest};

use crate::error::{Answer, ApiError};
use crate::router::Route;
use crate::{Service, body};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post(TOKEN_PATH, token)]
}

async fn token(State(service): State<Arc<Service>>, body: Body) -> Answer<Json<TokenAnswer>> {
    let request: TokenRequest = body::json(body).await?;
    let project = service
        .project_by_key(&request.project_id, &request.project_key)
        .await;
    let project = service.admit(project.map_err(ApiError::unauthenticated)?)?;
    let Token { token, expires_in } = service.cloud.issue_token(&project).await?;
    Ok(Json(TokenAnswer { token, expires_in }))
}
