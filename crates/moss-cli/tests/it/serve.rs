//! The service as a process.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::json;

use crate::support::{Home, until};

/// A service that ends with the test.
pub(crate) struct Service {
    process: Child,
    pub(crate) url: String,
}

impl Service {
    /// On a free port.
    pub(crate) fn start(home: &Home, more: &[&str]) -> Service {
        Service::start_at(home, "127.0.0.1:0", more)
    }

    pub(crate) fn start_at(home: &Home, address: &str, more: &[&str]) -> Service {
        let log = File::create(home.path("serve.log")).unwrap();
        let mut process = home
            .command(["serve", "--listen", address].iter().chain(more))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.split_whitespace().next_back().unwrap_or_default().to_owned();
        Service { process, url }
    }

    /// What the service answers to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        let url = format!("{}{path}", self.url);
        moss::block_on(async { reqwest::get(url).await.unwrap().text().await.unwrap() })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_service_answers_from_the_store_that_it_is_given() {
    let home = Home::new();
    home.places();
    let service = Service::start(&home, &[]);
    let body = json!({"action": "listIndexes", "projectId": "project"});
    let listed: serde_json::Value = moss::block_on(async {
        let client = reqwest::Client::new();
        let request = client
            .post(format!("{}/v1/manage", service.url))
            .header("x-project-key", "key");
        request.json(&body).send().await.unwrap().json().await.unwrap()
    });
    assert_eq!(listed[0]["name"], "places");
}

#[test]
fn an_address_that_cannot_be_listened_on_is_a_failure() {
    let home = Home::new();
    home.run(["serve", "--listen", "256.0.0.1:1"])
        .fails(1, "256.0.0.1:1");
}

#[test]
fn the_service_logs_more_where_it_is_asked_to() {
    let log = |home: &Home| fs::read_to_string(home.path("serve.log")).unwrap();
    // What is to be told in detail: that nobody takes the traces.
    let home = Home::new()
        .with("RUST_LOG", "")
        .with("OTEL_BSP_SCHEDULE_DELAY", "50");
    let service = Service::start(&home, &["--verbose", "--otlp-endpoint", "http://127.0.0.1:1"]);
    service.get("/health");
    until("a line for developers", || log(&home).contains("DEBUG"));
    drop(service);
    let home = home.with("RUST_LOG", "warn");
    let service = Service::start(&home, &["--verbose"]);
    service.get("/health");
    assert_eq!(log(&home), "", "RUST_LOG says more exactly what is said");
}
