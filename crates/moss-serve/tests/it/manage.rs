//! The management actions.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::start;

#[tokio::test]
async fn an_index_that_is_not_there_is_404_by_its_kind() {
    let server = start().await;
    for action in ["getIndex", "deleteIndex", "getDocs"] {
        let (status, body) = server.manage(action, json!({"indexName": "none"})).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{action}");
        let expected = json!({"error": "no index \"none\" in this project", "code": "IndexNotFound"});
        assert_eq!(body, expected, "{action}");
    }
    assert_eq!(
        server.manage("listIndexes", json!({})).await,
        (StatusCode::OK, json!([]))
    );
}
