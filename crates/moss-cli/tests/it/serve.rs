//! The service as a process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::json;

use crate::support::Home;

/// A service that ends with the test.
pub(crate) struct Service {
    process: Child,
    pub(crate) url: String,
}

impl Service {
    pub(crate) fn start(home: &Home, more: &[&str]) -> Service {
        let mut process = home
            .command(["serve", "--listen", "127.0.0.1:0"].iter().chain(more))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.split_whitespace().next_back().unwrap_or_default().to_owned();
        Service { process, url }
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
