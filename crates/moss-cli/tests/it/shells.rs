//! The completion scripts, sourced by the shells that they are for.

use std::env;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Home, PLACES};

/// A shell that runs a script in this home, with the command in its path.
pub(crate) fn shell(home: &Home, shell: &str, script: &str) -> Command {
    let folder = Path::new(env!("CARGO_BIN_EXE_moss")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), env::var("PATH").unwrap());
    let moss = home.command([""; 0]);
    let mut command = Command::new(shell);
    command
        .args(["-c", script])
        .current_dir(home.folder.path())
        .env("PATH", path);
    for (name, value) in moss.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn run(home: &Home, name: &str, script: &str) -> String {
    let output = shell(home, name, script).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What bash offers for a line whose last word is being typed.
fn offered(home: &Home, line: &str) -> Vec<String> {
    let script = format!(
        "source <(moss completions bash)
        COMP_WORDS=({line}) COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )) COMP_TYPE=9
        $(complete -p moss | sed 's/.*-F \\([^ ]*\\) .*/\\1/') moss \"${{COMP_WORDS[COMP_CWORD]}}\"
        printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    run(home, "bash", &script).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_the_names_of_indexes() {
    let home = Home::new();
    home.places();
    assert_eq!(offered(&home, "moss ind"), ["index"]);
    assert_eq!(offered(&home, "moss query pl"), ["places"]);
    assert_eq!(offered(&home, "moss index delete ''")[0], "places");
    assert!(offered(&home, "moss doc add places --poll").contains(&"--poll-interval".to_owned()));
}

#[test]
fn the_names_are_those_of_the_line_that_is_typed() {
    let home = Home::without_credentials();
    // Nobody is told here that credentials are missing.
    assert_eq!(offered(&home, "moss query pl"), [""]);
    let config = r#"{"profiles": {"work": {"project_id": "shop", "project_key": "key"}}}"#;
    home.write(".moss/config.json", config);
    let file = home.write("places.json", PLACES);
    home.run(["index", "create", "places", "-f", &file, "--profile", "work"])
        .ok();
    for typed in [
        "moss query --profile work pl",
        "moss --profile=work query pl",
        "moss -p shop --project-key key query pl",
    ] {
        assert_eq!(offered(&home, typed), ["places"], "{typed}");
    }
    assert_eq!(offered(&home, "moss query pl"), [""]);
}

#[test]
fn a_shell_does_not_wait_for_a_cloud_that_is_silent() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/manage", silent.local_addr().unwrap());
    let home = Home::new().with("MOSS_CLOUD_API_MANAGE_URL", &url);
    let begun = Instant::now();
    assert_eq!(offered(&home, "moss query pl"), [""]);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn each_shell_has_a_script_of_its_own() {
    let home = Home::without_credentials();
    assert!(home.run(["completions", "zsh"]).ok().starts_with("#compdef moss"));
    assert!(home.run(["completions", "bash"]).ok().contains("complete -o"));
    home.run(["completions", "tcsh"]).fails(2, "bash, zsh");
}
