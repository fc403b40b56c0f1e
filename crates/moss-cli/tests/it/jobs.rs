//! Jobs: what `--wait` adds, and `job status`.

use serde_json::Value;

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

#[test]
fn waiting_ends_when_its_time_is_over() {
    let home = Home::new();
    let file = home.write("places.json", PLACES);
    let waited = [
        "index",
        "create",
        "places",
        "-f",
        &file,
        "--wait",
        "--timeout",
        "0",
    ];
    home.run(waited).fails(1, "did not end in 0 s");
    home.run(["index", "create", "places", "-f", &file, "--timeout=-1"])
        .fails(2, "--timeout");
}
