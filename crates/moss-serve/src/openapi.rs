//! `GET /openapi.json`: what the service answers, for programs.

use axum::http::header;
use axum::response::IntoResponse;

use crate::router::Route;

/// Written by hand; the tests check it against the routes and against real answers.
pub(crate) const DOCUMENT: &str = include_str!("../openapi.json");

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/openapi.json", openapi)]
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use moss_core::ErrorKind;
    use serde_json::Value;

    use super::*;
    use crate::router;

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    #[test]
    fn every_route_is_documented_and_every_documented_route_is_there() {
        let routes = router::routes().into_iter();
        let routes: BTreeSet<(String, String)> = routes
            .map(|route| (route.path.to_owned(), route.method.as_str().to_lowercase()))
            .collect();
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let documented: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(|method| (path.clone(), method.clone()))
            })
            .collect();
        assert_eq!(routes, documented);
    }

    #[test]
    fn every_kind_of_error_is_documented() {
        let document = document();
        let codes = &document["components"]["schemas"]["Error"]["properties"]["code"]["enum"];
        assert_eq!(*codes, Value::from_iter(ErrorKind::ALL.map(ErrorKind::name)));
    }
}
