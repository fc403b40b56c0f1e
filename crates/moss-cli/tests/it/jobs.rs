//! Jobs: what `--wait` adds, and `job status`.

use std::time::Instant;

use serde_json::{Value, json};

use crate::serve::Service;
use crate::support::{Home, PLACES, keys};

/// The JSON values of an answer, one after the other.
fn values(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn the_job_follows_what_was_waited_for() {
    let home = Home::new();
    let file = home.write("places.json", PLACES);
    for arguments in [
        &["index", "create", "places", "-f", &file, "-w"][..],
        &[
            "doc",
            "add",
            "places",
            "-f",
            &file,
            "--wait",
            "--poll-interval",
            "0.1",
            "--timeout",
            "60",
        ],
        &["doc", "delete", "places", "-i", "east", "--wait"],
    ] {
        let ran = home.run(arguments.iter().copied().chain(["--json"]));
        let answers = values(ran.ok());
        assert_eq!(answers.len(), 2, "{ran:?}");
        assert_eq!(answers[0]["index_name"], "places");
        assert_eq!(answers[0]["job_id"], answers[1]["job_id"]);
        assert_eq!(answers[1]["status"], "completed");
        let second = ran.out.split_once("}\n").unwrap().1;
        assert_eq!(
            keys(second, 2),
            [
                "job_id",
                "status",
                "progress",
                "created_at",
                "updated_at",
                "completed_at",
                "current_phase"
            ]
        );

        let id = answers[0]["job_id"].as_str().unwrap();
        for wait in [&[][..], &["--wait", "--poll-interval", "0.5"]] {
            let status = home.run(["job", "status", id, "--json"].iter().chain(wait));
            assert_eq!(status.json(), answers[1]);
        }
        assert!(home.run(["job", "status", id]).ok().contains("completed"));
    }
}

#[test]
fn a_job_that_nobody_knows_is_a_failure() {
    let home = Home::new();
    home.run(["job", "status", "nope"]).fails(1, "nope");
}

/// A home whose cloud is a service, and that service.
fn served(home: Home) -> (Home, Service) {
    let service = Service::start(&home, &["--register-on-first-use"]);
    let home = home.with("MOSS_CLOUD_API_MANAGE_URL", &format!("{}/v1/manage", service.url));
    (home, service)
}

/// More texts than a job embeds between two looks at how far it is, and as many as take a development build some seconds, so that one
/// is seen half done.
fn many() -> String {
    let text = "The customer asked about the yearly subscription and a refund for the hotel room. ".repeat(2);
    let docs: Vec<Value> = (0..1_200)
        .map(|n| json!({"id": n, "text": format!("{n}: {text}")}))
        .collect();
    Value::from(docs).to_string()
}

#[test]
fn a_job_is_told_when_it_is_started_and_goes_on_when_nobody_waits() {
    let (home, _service) = served(Home::new());
    let file = home.write("many.json", many());
    let create = ["index", "create", "many", "-f", &file, "--json"];
    let ran = home.run(create.iter().chain(&["--wait", "--timeout", "0.05"]));
    ran.fails(1, "did not end in 0.05 s");
    home.run(create.iter().chain(&["--timeout=-1"]))
        .fails(2, "--timeout");
    let started = values(&ran.out);
    assert_eq!(started.len(), 1, "{ran:?}");
    assert_eq!(started[0]["doc_count"], 1_200);

    let id = started[0]["job_id"].as_str().unwrap();
    assert_eq!(
        home.run(["job", "status", id, "--json"]).json()["completed_at"],
        Value::Null
    );
    let ended = home.run(["job", "status", id, "--wait", "--poll-interval", "0.1", "--json"]);
    assert_eq!(ended.json()["status"], "completed");
    assert_eq!(
        home.run(["index", "get", "many", "--json"]).json()["doc_count"],
        1_200
    );

    // Without --wait it is only started.
    let added = home.run(["doc", "add", "many", "-f", &file, "--json"]).json();
    let id = added["job_id"].as_str().unwrap();
    assert_eq!(
        home.run(["job", "status", id, "--json"]).json()["completed_at"],
        Value::Null
    );
}

#[test]
fn a_job_is_looked_at_as_often_as_is_asked_for() {
    let (home, service) = served(Home::new());
    let file = home.write("many.json", many());
    let asked = || -> f64 {
        let metrics = service.get("/metrics");
        let lines = metrics.lines().filter(|line| {
            line.starts_with("moss_http_requests_total") && line.contains("route=\"/v1/manage\"")
        });
        lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    };
    let before = asked();
    let begun = Instant::now();
    home.run([
        "index",
        "create",
        "many",
        "-f",
        &file,
        "--wait",
        "--poll-interval",
        "2",
    ])
    .ok();
    // The upload is announced and built; the job is looked at, and again every two seconds.
    let most = 3.0 + begun.elapsed().as_secs_f64() / 2.0;
    let requests = asked() - before;
    assert!(
        (3.0..=most).contains(&requests),
        "{requests} requests, at most {most}"
    );
}

#[test]
fn a_failed_job_is_shown_and_is_a_failure() {
    let (home, _service) = served(Home::new().with("MOSS_OFFLINE", "1"));
    let file = home.write("one.json", r#"[{"id": "a", "text": "t"}]"#);
    // The service has no such model.
    let create = [
        "index",
        "create",
        "x",
        "-m",
        "moss-mediumlm",
        "-f",
        &file,
        "--wait",
        "--json",
    ];
    let ran = home.run(create);
    let answers = values(&ran.out);
    assert_eq!((ran.code, answers.len()), (1, 2), "{ran:?}");
    assert_eq!(answers[0]["job_id"], answers[1]["job_id"]);
    assert_eq!(answers[1]["status"], "failed");
    let said: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(said["error"], answers[1]["error"]);

    let id = answers[0]["job_id"].as_str().unwrap();
    for arguments in [&["job", "status", id][..], &["job", "status", id, "--wait"]] {
        let ran = home.run(arguments);
        ran.fails(1, "moss-mediumlm");
        assert!(ran.out.contains("failed"), "{ran:?}");
    }
}

/// Runs the command at a terminal and gives all that it shows.
#[cfg(target_os = "linux")]
fn at_a_terminal(home: &Home, arguments: &str) -> String {
    let script = format!("script --quiet --return --command 'moss {arguments}' /dev/null");
    // How far a job is is not drawn where nothing says what the terminal can.
    let output = crate::shells::shell(home, "bash", &script)
        .env("TERM", "xterm")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_person_sees_how_far_a_job_is() {
    let (home, _service) = served(Home::new());
    home.write("many.json", many());
    home.write("data/many.json", many());
    for arguments in [
        "index create many -f many.json",
        "doc add many -f many.json",
        "sync data many",
    ] {
        let shown = at_a_terminal(&home, &format!("{arguments} --wait --poll-interval 0.05"));
        // Between its ends, which the table of a job shows too.
        let percents = shown
            .split('%')
            .filter_map(|before| before.rsplit(' ').next()?.parse::<u8>().ok());
        let between = percents.filter(|percent| (1..100).contains(percent)).count();
        assert!(between > 0, "{arguments}: {shown:?}");
    }
}
