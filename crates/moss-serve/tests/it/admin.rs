//! Projects and keys by the admin token.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ADMIN, TestServer, answer, code, options, start, start_with};

async fn admin(server: &TestServer, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let request = server
        .request(method, &format!("/v1/admin{path}"))
        .bearer_auth(ADMIN);
    answer(match body {
        Some(body) => request.body(body.to_string()),
        None => request,
    })
    .await
}

async fn opens(server: &TestServer, project: &str, key: &Value) -> bool {
    let body = json!({"projectId": project, "projectKey": key});
    let (status, _) = answer(server.post("/identity/auth/token", &body)).await;
    status == StatusCode::OK
}

#[tokio::test]
async fn a_project_is_made_rotated_and_deleted() {
    let mut options = options();
    options.register_on_first_use = false;
    let server = start_with(options).await;
    // A name that is no path, in a path.
    let id = "team/../a b%2F";
    let path = "/projects/team%2F..%2Fa%20b%252F";
    let (status, first) = admin(&server, Method::POST, "/projects", Some(json!({"projectId": id}))).await;
    assert_eq!((status, &first["projectId"]), (StatusCode::OK, &json!(id)));
    assert!(opens(&server, id, &first["projectKey"]).await);
    let (status, body) = admin(&server, Method::POST, "/projects", Some(json!({"projectId": id}))).await;
    assert_eq!((status, code(&body)), (StatusCode::CONFLICT, "Conflict"));

    let keys = format!("{path}/keys");
    let (_, second) = admin(&server, Method::POST, &keys, Some(json!({"keepOld": true}))).await;
    assert!(opens(&server, id, &first["projectKey"]).await);
    assert!(opens(&server, id, &second["projectKey"]).await);
    let revoke = format!("{keys}/{}", second["keyId"].as_str().unwrap());
    assert_eq!(
        admin(&server, Method::DELETE, &revoke, None).await,
        (StatusCode::OK, json!(true))
    );
    assert!(!opens(&server, id, &second["projectKey"]).await);
    assert_eq!(
        admin(&server, Method::DELETE, &revoke, None).await.0,
        StatusCode::BAD_REQUEST
    );

    let (_, third) = admin(&server, Method::POST, &keys, None).await;
    assert!(!opens(&server, id, &first["projectKey"]).await);
    assert!(opens(&server, id, &third["projectKey"]).await);
    let (_, projects) = admin(&server, Method::GET, "/projects", None).await;
    assert_eq!(projects[0]["id"], id);
    assert_eq!(projects[0]["keys"][0]["id"], third["keyId"]);
    assert!(
        !projects
            .to_string()
            .contains(third["projectKey"].as_str().unwrap())
    );

    assert_eq!(
        admin(&server, Method::DELETE, path, None).await,
        (StatusCode::OK, json!(true))
    );
    assert!(!opens(&server, id, &third["projectKey"]).await);
    assert_eq!(admin(&server, Method::GET, "/projects", None).await.1, json!([]));
}

#[tokio::test]
async fn only_the_admin_token_opens_the_admin_routes() {
    let server = start().await;
    let all = [
        (Method::GET, "/v1/admin/projects"),
        (Method::POST, "/v1/admin/projects"),
        (Method::DELETE, "/v1/admin/projects/p"),
        (Method::POST, "/v1/admin/projects/p/keys"),
        (Method::DELETE, "/v1/admin/projects/p/keys/k"),
    ];
    for (method, path) in all.clone() {
        for token in ["", "admin-toke", "admin-tokeN", "admin-token2"] {
            let (status, body) = answer(server.request(method.clone(), path).bearer_auth(token)).await;
            assert_eq!(
                (status, code(&body)),
                (StatusCode::UNAUTHORIZED, "Unauthorized"),
                "{method} {path}"
            );
        }
        let (status, _) = answer(server.request(method, path).header("x-project-key", ADMIN)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let mut without = options();
    without.admin_token = None;
    let server = start_with(without).await;
    for (method, path) in all {
        let (status, _) = answer(server.request(method, path).bearer_auth("")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_empty_admin_token_starts_nothing() {
    let mut options = options();
    options.admin_token = Some(String::new());
    let error = moss_serve::Service::open(options).await.err().unwrap();
    assert!(error.to_string().contains("admin token"), "{error}");
}
