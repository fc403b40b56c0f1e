//! Who gets in.

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::{ADMIN, TestServer, answer, code, options, start, start_with, three};

async fn token(server: &TestServer, project: &str, key: &str) -> (StatusCode, Value) {
    let body = json!({"projectId": project, "projectKey": key});
    answer(server.post("/identity/auth/token", &body)).await
}

fn list(server: &TestServer, project: &str) -> RequestBuilder {
    server.post(
        "/v1/manage",
        &json!({"action": "listIndexes", "projectId": project}),
    )
}

async fn check(request: RequestBuilder, status: StatusCode, expected: &str) {
    let (got, body) = answer(request).await;
    assert_eq!((got, code(&body)), (status, expected), "{body}");
    let text = body.to_string();
    assert!(!text.contains("secret"), "{text}");
}

/// A service that registers nobody, with the key of a project that was made by hand.
async fn closed() -> (TestServer, String) {
    let mut options = options();
    options.register_on_first_use = false;
    let server = start_with(options).await;
    let request = server.post("/v1/admin/projects", &json!({"projectId": "p"}));
    let (_, made) = answer(request.bearer_auth(ADMIN)).await;
    (server, made["projectKey"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_wrong_key_is_403_and_so_is_none_at_all() {
    let (server, _) = closed().await;
    let forbidden = StatusCode::FORBIDDEN;
    for project in ["p", "unknown"] {
        let request = list(&server, project).header("x-project-key", "secret");
        check(request, forbidden, "Unauthorized").await;
        check(list(&server, project), forbidden, "Unauthorized").await;
        let body = json!({"query": "x", "indexName": "i", "projectId": project, "projectKey": "secret"});
        check(server.post("/query", &body), forbidden, "Unauthorized").await;
    }
    check(
        list(&server, "p").basic_auth("p", Some("secret")),
        forbidden,
        "Unauthorized",
    )
    .await;
}

#[tokio::test]
async fn a_token_opens_its_project_and_no_other() {
    let (server, key) = closed().await;
    let (status, answered) = token(&server, "p", &key).await;
    assert_eq!(status, StatusCode::OK);
    let token = answered["token"].as_str().unwrap();
    assert_eq!(answered["expiresIn"], 3600);
    let (status, indexes) = answer(list(&server, "p").bearer_auth(token)).await;
    assert_eq!((status, indexes), (StatusCode::OK, json!([])));
    // The scheme is spelled in any case.
    let (status, _) = answer(list(&server, "p").header("authorization", format!("bearer {token}"))).await;
    assert_eq!(status, StatusCode::OK);
    let question = json!({"query": "x", "indexName": "none", "projectId": "p"});
    let request = server.post("/query", &question).bearer_auth(token);
    check(request, StatusCode::NOT_FOUND, "IndexNotFound").await;
    let request = list(&server, "other").bearer_auth(token);
    check(request, StatusCode::UNAUTHORIZED, "Unauthorized").await;
}

#[tokio::test]
async fn a_refused_token_is_401_so_that_clients_take_a_new_one() {
    let (server, _) = closed().await;
    for token in ["secret", "", "a.b.c", &"x".repeat(4096)] {
        let response = list(&server, "p").bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        check(
            list(&server, "p").bearer_auth(token),
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
        )
        .await;
    }
}

#[tokio::test]
async fn the_token_endpoint_says_401_for_credentials_it_refuses() {
    let (server, _) = closed().await;
    for project in ["p", "unknown"] {
        let (status, body) = token(&server, project, "secret").await;
        assert_eq!((status, code(&body)), (StatusCode::UNAUTHORIZED, "Unauthorized"));
    }
    let (status, body) = token(&server, "", "secret").await;
    assert_eq!(
        (status, code(&body)),
        (StatusCode::BAD_REQUEST, "InvalidArgument")
    );
}

#[tokio::test]
async fn a_token_ends_with_its_key() {
    let (server, key) = closed().await;
    let (_, answered) = token(&server, "p", &key).await;
    let token = answered["token"].as_str().unwrap();
    let rotate = server
        .post("/v1/admin/projects/p/keys", &json!({}))
        .bearer_auth(ADMIN);
    answer(rotate).await;
    check(
        list(&server, "p").bearer_auth(token),
        StatusCode::UNAUTHORIZED,
        "Unauthorized",
    )
    .await;
    let request = list(&server, "p").header("x-project-key", key);
    check(request, StatusCode::FORBIDDEN, "Unauthorized").await;
}

#[tokio::test]
async fn a_service_that_registers_keeps_the_first_key() {
    let server = start().await;
    server.create("calls", &three()).await;
    let request = list(&server, "p").header("x-project-key", "secret");
    check(request, StatusCode::FORBIDDEN, "Unauthorized").await;
    let (status, _) = token(&server, "p", "key").await;
    assert_eq!(status, StatusCode::OK);
    // Projects never see each other.
    let request = list(&server, "q").header("x-project-key", "another");
    assert_eq!(answer(request).await, (StatusCode::OK, json!([])));
}
