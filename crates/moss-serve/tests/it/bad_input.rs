//! What is wrong with a request is said, and nobody else notices.

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{TestServer, answer, code, start, three};

async fn refused(server: &TestServer, path: &str, body: Vec<u8>) -> (StatusCode, String, String) {
    let request = server
        .request(Method::POST, path)
        .header("x-project-key", "key")
        .body(body);
    let (status, body) = answer(request).await;
    let message = body["error"].as_str().unwrap().to_owned();
    (status, code(&body).to_owned(), message)
}

#[tokio::test]
async fn a_bad_body_is_400_and_names_the_field() {
    let server = start().await;
    for (body, kind, named) in [
        ("", "InvalidArgument", "not valid JSON"),
        ("{", "InvalidArgument", "not valid JSON"),
        (r#"{"a": [1, 2"#, "InvalidArgument", "not valid JSON"),
        ("\u{0}", "InvalidArgument", "not valid JSON"),
        ("null", "InvalidType", "body"),
        (r#""a""#, "InvalidType", "body"),
        ("{}", "InvalidArgument", "action"),
        (r#"{"action": "getIndex"}"#, "InvalidArgument", "projectId"),
        (r#"{"action": 5, "projectId": "p"}"#, "InvalidType", "action"),
        (
            r#"{"action": "createIndex", "projectId": "p"}"#,
            "InvalidArgument",
            "createIndex",
        ),
        (
            r#"{"action": "getIndex", "projectId": "p"}"#,
            "InvalidArgument",
            "indexName",
        ),
        (
            r#"{"action": "getIndex", "projectId": "p", "indexName": null}"#,
            "InvalidType",
            "indexName",
        ),
        (
            r#"{"action": "getIndex", "projectId": "p", "indexName": ""}"#,
            "InvalidArgument",
            "index name",
        ),
        (
            r#"{"action": "initUpload", "projectId": "p", "indexName": "i"}"#,
            "InvalidArgument",
            "modelId",
        ),
        (
            r#"{"action": "initUpload", "projectId": "p", "indexName": "i", "modelId": "custom", "docCount": 1.5, "dimension": 2}"#,
            "InvalidType",
            "docCount",
        ),
        (
            r#"{"action": "initUpload", "projectId": "p", "indexName": "i", "modelId": "custom", "docCount": 0, "dimension": 2}"#,
            "InvalidArgument",
            "document",
        ),
        (
            r#"{"action": "initUpload", "projectId": "p", "indexName": "i", "modelId": "none", "docCount": 1, "dimension": 0}"#,
            "UnknownModel",
            "none",
        ),
        (
            r#"{"action": "initUpload", "projectId": "p", "indexName": "i", "modelId": "custom", "docCount": 1, "dimension": 2, "mode": "x"}"#,
            "InvalidArgument",
            "mode",
        ),
        (
            r#"{"action": "addDocs", "projectId": "p", "indexName": "i"}"#,
            "InvalidArgument",
            "docs",
        ),
        (
            r#"{"action": "addDocs", "projectId": "p", "indexName": "i", "docs": [{"id": "a"}]}"#,
            "InvalidArgument",
            "docs[0].text",
        ),
        (
            r#"{"action": "deleteDocs", "projectId": "p", "indexName": "i", "docIds": "a"}"#,
            "InvalidType",
            "docIds",
        ),
    ] {
        let (status, code, message) = refused(&server, "/v1/manage", body.into()).await;
        assert_eq!(
            (status, code.as_str()),
            (StatusCode::BAD_REQUEST, kind),
            "{body}: {message}"
        );
        assert!(message.contains(named), "{body}: {message}");
    }
    let (status, ..) = refused(
        &server,
        "/identity/auth/token",
        b"{\"projectId\": \"p\"}".to_vec(),
    )
    .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // A body that is not UTF-8, and one with a secret in the wrong place.
    assert_eq!(
        refused(&server, "/v1/manage", vec![0xff; 10]).await.0,
        StatusCode::BAD_REQUEST
    );
    let body = br#"{"projectId": "p", "projectKey": ["a-secret"]}"#.to_vec();
    let (_, _, message) = refused(&server, "/identity/auth/token", body).await;
    assert!(
        message.contains("projectKey") && !message.contains("a-secret"),
        "{message}"
    );
}

#[tokio::test]
async fn brackets_without_end_break_nothing() {
    let server = start().await;
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(1 << 20);
        for path in ["/v1/manage", "/query", "/identity/auth/token"] {
            assert_eq!(
                refused(&server, path, deep.clone().into()).await.0,
                StatusCode::BAD_REQUEST
            );
            let body = format!("{{\"action\": \"getDocs\", \"projectId\": \"p\", \"docs\": {deep}");
            assert_eq!(
                refused(&server, path, body.into()).await.0,
                StatusCode::BAD_REQUEST
            );
        }
    }
}

#[tokio::test]
async fn a_body_above_64_mib_is_413() {
    let server = start().await;
    for path in ["/v1/manage", "/query", "/identity/auth/token"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            (64 << 20) + 1
        );
        let mut connection = connect(&server).await;
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answered = Vec::new();
        while !answered.ends_with(b"}") {
            assert_ne!(connection.read_buf(&mut answered).await.unwrap(), 0);
        }
        let answered = String::from_utf8(answered).unwrap();
        assert!(answered.starts_with("HTTP/1.1 413"), "{answered}");
        assert!(answered.contains("\"code\":\"TooLarge\""), "{answered}");
    }
}

#[tokio::test]
async fn a_body_above_64_mib_that_does_not_say_so_is_413() {
    let server = start().await;
    let mut connection = connect(&server).await;
    let head = b"POST /v1/manage HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.write_all(head).await.unwrap();
    let (mut read, mut write) = connection.into_split();
    let sender = tokio::spawn(async move {
        let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
        for _ in 0..=64 {
            if write.write_all(&chunk).await.is_err() {
                break;
            }
        }
        write
    });
    let mut answered = Vec::new();
    while !answered.ends_with(b"}") && read.read_buf(&mut answered).await.unwrap_or(0) > 0 {}
    assert!(
        answered.starts_with(b"HTTP/1.1 413"),
        "{}",
        String::from_utf8_lossy(&answered)
    );
    drop(sender.await.unwrap());
}

#[tokio::test]
async fn a_body_that_ends_early_changes_nothing_and_harms_nobody() {
    let server = start().await;
    server.create("calls", &three()).await;
    let body = json!({"action": "deleteIndex", "projectId": "p", "indexName": "calls"}).to_string();
    for cut in [0, 1, body.len() - 1] {
        let mut connection = connect(&server).await;
        let head = format!(
            "POST /v1/manage HTTP/1.1\r\nHost: x\r\nx-project-key: key\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&body.as_bytes()[..cut]).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answered = Vec::new();
        // Whether it is told or hung up on.
        _ = connection.read_to_end(&mut answered).await;
        assert!(!answered.starts_with(b"HTTP/1.1 200"));
    }
    server.done("getIndex", json!({"indexName": "calls"})).await;
}

#[tokio::test]
async fn names_are_names_and_no_paths() {
    let server = start().await;
    let emoji = "🦀".repeat(64);
    let names = [
        "../../p/q/i",
        "..",
        "a/b",
        "%2F",
        "%2e%2e",
        "a\\b",
        "naïve",
        " ",
        "?x=1#y",
        "CON",
        &emoji,
    ];
    for name in names {
        let job = server.create(name, &three()).await;
        assert_eq!(job["status"], "completed", "{name:?}: {job}");
        let index = server.done("getIndex", json!({"indexName": name})).await;
        assert_eq!(index["name"], name);
        let links = server.done("getIndexUrl", json!({"indexName": name})).await;
        let (status, _) = answer(server.http.get(links["jsonUrl"].as_str().unwrap())).await;
        assert_eq!(status, StatusCode::OK);
    }
    let indexes = server.done("listIndexes", json!({})).await;
    let mut listed: Vec<&str> = indexes
        .as_array()
        .unwrap()
        .iter()
        .map(|index| index["name"].as_str().unwrap())
        .collect();
    let mut expected = names.to_vec();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for name in names {
        server.done("deleteIndex", json!({"indexName": name})).await;
    }
    for name in ["", "a\0b", "a\nb", "\u{7f}", &format!("{emoji}x")] {
        for action in ["getIndex", "deleteIndex", "getDocs", "getIndexUrl"] {
            let (status, body) = server.manage(action, json!({"indexName": name})).await;
            assert_eq!(
                (status, code(&body)),
                (StatusCode::BAD_REQUEST, "InvalidArgument"),
                "{name:?}"
            );
        }
        let fields = json!({"indexName": name, "modelId": "custom", "docCount": 1, "dimension": 2});
        assert_eq!(
            server.manage("initUpload", fields).await.0,
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn project_ids_are_names_too() {
    let server = start().await;
    let list = async |project: &str| {
        let body = json!({"action": "listIndexes", "projectId": project});
        answer(server.post("/v1/manage", &body).header("x-project-key", "key"))
            .await
            .0
    };
    server.create("mine", &three()).await;
    for project in ["../p", "p/i", "%70", "🦀"] {
        assert_eq!(list(project).await, StatusCode::OK, "{project}");
    }
    for project in ["", "p\0", &"x".repeat(257)] {
        assert_eq!(list(project).await, StatusCode::BAD_REQUEST, "{project:?}");
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_errors_like_all_others() {
    let server = start().await;
    for path in [
        "/",
        "/v1",
        "/v1/manage/",
        "/v1/manage/x",
        "/../etc/passwd",
        "/v1/%00",
        "/V1/MANAGE",
    ] {
        let (status, body) = answer(server.request(Method::POST, path)).await;
        assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "Cloud"), "{path}");
    }
    for (method, path) in [
        (Method::GET, "/v1/manage"),
        (Method::DELETE, "/query"),
        (Method::POST, "/health"),
    ] {
        let response = server.request(method.clone(), path).send().await.unwrap();
        assert!(response.headers().contains_key("allow"), "{path}");
        let (status, body) = answer(server.request(method, path)).await;
        assert_eq!(
            (status, code(&body)),
            (StatusCode::METHOD_NOT_ALLOWED, "Cloud"),
            "{path}"
        );
    }
    assert_eq!(
        answer(server.request(Method::GET, "/health")).await.1,
        json!({"status": "ok"})
    );
    let (status, _) = answer(server.request(Method::GET, "/openapi.json")).await;
    assert_eq!(status, StatusCode::OK);
}

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.url.strip_prefix("http://").unwrap())
        .await
        .unwrap()
}
