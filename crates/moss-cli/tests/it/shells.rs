//! The completion scripts, sourced by the shells that they are for.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::support::Home;

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
    assert!(output.status.success(), "{output:?}");
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
    // Nobody is told here that credentials are missing.
    assert!(!offered(&Home::without_credentials(), "moss query pl").contains(&"places".to_owned()));
}

#[test]
fn each_shell_has_a_script_of_its_own() {
    let home = Home::without_credentials();
    assert!(home.run(["completions", "zsh"]).ok().starts_with("#compdef moss"));
    assert!(home.run(["completions", "bash"]).ok().contains("complete -o"));
    home.run(["completions", "tcsh"]).fails(2, "bash, zsh");
}
