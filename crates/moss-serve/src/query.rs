//! `POST /query`: the newest version of an index answers, whoever loaded it.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use moss_core::Result;
use moss_core::filter::Filter;
use moss_core::query::{QueryOptions, ScoredDocument, check_top_k};
use moss_proto::QUERY_PATH;
use moss_proto::query::{DEFAULT_TOP_K, Hit, QueryAnswer, QueryRequest};

use crate::error::Answer;
use crate::router::Route;
use crate::{Service, auth, body};

/// An answer of more documents than this may be large.
const FEW: usize = 64;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post(QUERY_PATH, query)]
}

async fn query(State(service): State<Arc<Service>>, headers: HeaderMap, body: Body) -> Answer {
    let mut request: QueryRequest = body::json(body).await?;
    let key = request.project_key.as_deref();
    let project = auth::project_or_key(&service, &headers, &request.project_id, key).await?;
    let options = options(&mut request)?;
    let started = Instant::now();
    let turn = match options.top_k > FEW {
        true => Some(service.bodies.turn().await),
        false => None,
    };
    let found = project
        .query(&request.index_name, &request.query, &options)
        .await?;
    let answer = QueryAnswer {
        docs: found.into_iter().map(hit).collect(),
        query: request.query,
        index_name: request.index_name,
        time_taken_ms: started.elapsed().as_millis() as u64,
    };
    match turn {
        Some(turn) => body::large(&service, turn, answer).await,
        None => Ok(Json(answer).into_response()),
    }
}

fn options(request: &mut QueryRequest) -> Result<QueryOptions> {
    let mut options = QueryOptions::new();
    options.top_k = request
        .top_k
        .map_or(Ok(DEFAULT_TOP_K), check_top_k)
        .map_err(|error| error.within("topK"))?;
    options.alpha = request.alpha.unwrap_or(options.alpha);
    options.embedding = request.query_embedding.take();
    let filter = request.filter.as_ref();
    options.filter = filter
        .map(|filter| Filter::parse_json(filter.get()))
        .transpose()?;
    Ok(options)
}

fn hit(found: ScoredDocument) -> Hit {
    Hit {
        id: found.id,
        text: found.text,
        metadata: found.metadata,
        payload: found.payload,
        score: found.score,
    }
}
