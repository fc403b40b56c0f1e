//! Uploads and downloads by the URLs that manage actions hand out.

use moss_proto::bulk;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{TestServer, answer, code, options, start, start_with, three};

#[tokio::test]
async fn an_upload_url_works_once() {
    let server = start().await;
    let (job_id, url) = server.init_upload("calls", &three()).await;
    let (status, body) = server.manage("startBuild", json!({"jobId": job_id})).await;
    assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "UploadMissing"));
    let job = server.done("getJobStatus", json!({"jobId": job_id})).await;
    assert_eq!(
        (&job["status"], &job["progress"]),
        (&json!("pending_upload"), &json!(0.0))
    );

    let upload = bulk::encode(&three()).unwrap();
    assert_eq!(server.put(&url, upload.clone()).await.0, StatusCode::OK);
    let (status, body) = server.put(&url, upload).await;
    assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "JobNotFound"));

    server.done("startBuild", json!({"jobId": job_id})).await;
    // A client that lost the answer asks again.
    server.done("startBuild", json!({"jobId": job_id})).await;
    assert_eq!(server.ended(&job_id).await["status"], "completed");
}

#[tokio::test]
async fn a_url_that_was_not_handed_out_uploads_nothing() {
    let server = start().await;
    let (_, url) = server.init_upload("calls", &three()).await;
    server.create("other", &three()).await;
    let links = server.done("getIndexUrl", json!({"indexName": "other"})).await;
    let download = links["indexUrl"].as_str().unwrap().split_once('?').unwrap().1;
    for url in [
        format!("{url}x"),
        url[..url.len() - 1].to_owned(),
        url.split('?').next().unwrap().to_owned(),
        format!("{}/v1/uploads?grant=", server.url),
        format!("{}/v1/uploads?{download}", server.url),
    ] {
        let (status, body) = server.put(&url, b"MOSS".to_vec()).await;
        assert_eq!(
            (status, code(&body)),
            (StatusCode::NOT_FOUND, "JobNotFound"),
            "{url}"
        );
    }
}

#[tokio::test]
async fn faults_of_an_upload_appear_as_a_failed_job() {
    let server = start().await;
    let whole = bulk::encode(&three()).unwrap();
    let two = bulk::encode(&three()[..2]).unwrap();
    for upload in [
        Vec::new(),
        b"nothing of the kind".to_vec(),
        two,
        whole[..whole.len() - 1].to_vec(),
    ] {
        let (job_id, url) = server.init_upload("calls", &three()).await;
        assert_eq!(server.put(&url, upload).await.0, StatusCode::OK);
        server.done("startBuild", json!({"jobId": job_id})).await;
        let job = server.ended(&job_id).await;
        assert_eq!(
            (&job["status"], &job["code"]),
            (&json!("failed"), &json!("InvalidArgument")),
            "{job}"
        );
        assert!(job["error"].is_string());
        let (status, _) = server.manage("getIndex", json!({"indexName": "calls"})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_client_that_dies_in_mid_upload_may_upload_again() {
    let server = start().await;
    let (job_id, url) = server.init_upload("calls", &three()).await;
    let upload = bulk::encode(&three()).unwrap();
    let path = url.strip_prefix(&server.url).unwrap();
    let address = server.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n",
        upload.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&upload[..upload.len() / 2]).await.unwrap();
    loop {
        let job = server.done("getJobStatus", json!({"jobId": job_id})).await;
        if job["status"] == "uploading" {
            break;
        }
        tokio::task::yield_now().await;
    }
    drop(connection);
    let (status, body) = server.manage("startBuild", json!({"jobId": job_id})).await;
    assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "UploadMissing"));
    assert_eq!(server.put(&url, upload).await.0, StatusCode::OK);
    server.done("startBuild", json!({"jobId": job_id})).await;
    assert_eq!(server.ended(&job_id).await["status"], "completed");
}

#[tokio::test]
async fn an_upload_announced_above_the_limit_is_413_before_it_is_read() {
    let server = start().await;
    let (_, url) = server.init_upload("calls", &three()).await;
    let path = url.strip_prefix(&server.url).unwrap();
    let body = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        (2u64 << 30) + 1
    );
    let answered = raw(&server, body.as_bytes()).await;
    assert!(answered.starts_with("HTTP/1.1 413"), "{answered}");
    assert!(answered.contains("TooLarge"), "{answered}");
}

/// What the service answers to these bytes, up to the end of a body of JSON.
async fn raw(server: &TestServer, request: &[u8]) -> String {
    use tokio::io::AsyncReadExt;
    let address = server.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request).await.unwrap();
    let mut answered = Vec::new();
    while !answered.ends_with(b"}") {
        assert_ne!(connection.read_buf(&mut answered).await.unwrap(), 0);
    }
    String::from_utf8(answered).unwrap()
}

#[tokio::test]
async fn a_download_is_the_newest_version_and_conditional() {
    let server = start().await;
    server.create("calls", &three()).await;
    let links = server.done("getIndexUrl", json!({"indexName": "calls"})).await;
    let index = server.done("getIndex", json!({"indexName": "calls"})).await;
    assert_eq!(
        (&links["version"], &links["updatedAt"]),
        (&index["version"], &index["updatedAt"])
    );
    let tag = format!("\"{}\"", links["version"].as_str().unwrap());

    let index_url = links["indexUrl"].as_str().unwrap();
    let response = server.http.get(index_url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[ETAG], tag.as_str());
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    let bytes = response.bytes().await.unwrap();
    let segment = moss_core::snapshot::Segment::decode(&bytes, "download").unwrap();
    assert_eq!(segment.row_count(), 3);

    let json_url = links["jsonUrl"].as_str().unwrap();
    let (_, documents) = answer(server.http.get(json_url)).await;
    assert_eq!(
        documents[1],
        json!({"id": "b", "text": "delivery address", "payload": "{\"n\": 1}"})
    );

    for url in [index_url, json_url] {
        let response = server
            .http
            .get(url)
            .header(IF_NONE_MATCH, &tag)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(response.headers()[ETAG], tag.as_str());
        assert!(response.bytes().await.unwrap().is_empty());
    }
    let added = json!({"indexName": "calls", "docs": [{"id": "n", "text": "new", "embedding": [1, 1]}]});
    let job = server.done("addDocs", added).await;
    server.ended(job["jobId"].as_str().unwrap()).await;
    let response = server
        .http
        .get(json_url)
        .header(IF_NONE_MATCH, &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_ne!(response.headers()[ETAG], tag.as_str());

    for url in [
        format!("{index_url}x"),
        json_url.split('?').next().unwrap().to_owned(),
    ] {
        let (status, body) = answer(server.http.get(url)).await;
        assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "Unauthorized"));
    }
    server.done("deleteIndex", json!({"indexName": "calls"})).await;
    assert_eq!(answer(server.http.get(index_url)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn urls_name_the_service_as_its_clients_reach_it() {
    let server = start().await;
    let body = json!({"action": "initUpload", "projectId": "p", "indexName": "i", "modelId": "custom",
        "docCount": 1, "dimension": 2});
    let url = async |server: &TestServer, headers: &[(&str, &str)]| {
        let request = server.post("/v1/manage", &body).header("x-project-key", "key");
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        let (_, answer) = answer(request).await;
        answer["uploadUrl"]
            .as_str()
            .unwrap_or_default()
            .split('?')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(url(&server, &[]).await, format!("{}/v1/uploads", server.url));
    for (headers, expected) in [
        (
            vec![("host", "moss.example.com")],
            "http://moss.example.com/v1/uploads",
        ),
        (
            vec![("host", "moss.example.com"), ("x-forwarded-proto", "https")],
            "https://moss.example.com/v1/uploads",
        ),
        (
            vec![("host", "[::1]:80"), ("x-forwarded-proto", "ftp")],
            "http://[::1]:80/v1/uploads",
        ),
    ] {
        assert_eq!(url(&server, &headers).await, expected);
    }
    let mut options = options();
    options.public_url = Some("https://example.com/moss/".to_owned());
    let server = start_with(options).await;
    assert_eq!(url(&server, &[]).await, "https://example.com/moss/v1/uploads");
}

#[tokio::test]
async fn urls_end_with_the_key_that_asked_for_them() {
    let server = start().await;
    server.create("calls", &three()).await;
    let (_, upload) = server.init_upload("next", &three()).await;
    let links = server.done("getIndexUrl", json!({"indexName": "calls"})).await;
    let rotate = server.request(Method::POST, "/v1/admin/projects/p/keys");
    answer(rotate.bearer_auth(crate::support::ADMIN)).await;
    let (status, _) = answer(server.http.get(links["indexUrl"].as_str().unwrap())).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = server.put(&upload, bulk::encode(&three()).unwrap()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
