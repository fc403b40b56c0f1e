//! A process that pushes turns: this very binary, run on one of its tests with a task in its environment.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::{add_turn, open, try_push, turns_of};

const STORE: &str = "MOSS_CRASH_STORE";
const INDEX: &str = "MOSS_CRASH_INDEX";
const NAME: &str = "MOSS_CRASH_WRITER";
const PUSHES: &str = "MOSS_CRASH_PUSHES";

/// Begins what the child says among the lines of its test harness.
const MARK: &str = "writer: ";

/// A push that returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) turn: usize,
    pub(crate) version: u64,
}

/// A writing process. Killed when dropped.
pub(crate) struct Writer {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    acknowledged: Vec<Acknowledged>,
}

impl Writer {
    /// Starts a writer that goes on where the turns of its name end and stops after so many pushes. Returns when it has
    /// opened the index.
    pub(crate) fn start(store: &Path, index: &str, name: &str, pushes: usize) -> Writer {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "writer::child_pushes_turns", "--nocapture"])
            .env(STORE, store)
            .env(INDEX, index)
            .env(NAME, name)
            .env(PUSHES, pushes.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut writer = Writer {
            process,
            lines,
            acknowledged: Vec::new(),
        };
        assert_eq!(writer.hear().as_deref(), Some("opened"), "{name} did not start");
        writer
    }

    /// Waits for the next push to return; `false` once the process has ended.
    pub(crate) fn wait_for_push(&mut self) -> bool {
        let Some(said) = self.hear() else {
            return false;
        };
        let (turn, version) = said.split_once(' ').unwrap();
        self.acknowledged.push(Acknowledged {
            turn: turn.parse().unwrap(),
            version: version.parse().unwrap(),
        });
        true
    }

    /// Kills the process where it stands (SIGKILL) and returns all pushes that returned before.
    pub(crate) fn kill(mut self) -> Vec<Acknowledged> {
        self.process.kill().unwrap();
        while self.wait_for_push() {}
        std::mem::take(&mut self.acknowledged)
    }

    /// Lets the process finish its pushes and returns them.
    pub(crate) fn finish(mut self) -> Vec<Acknowledged> {
        while self.wait_for_push() {}
        assert!(self.process.wait().unwrap().success(), "a writer failed");
        std::mem::take(&mut self.acknowledged)
    }

    fn hear(&mut self) -> Option<String> {
        self.lines.by_ref().map(Result::unwrap).find_map(|line| {
            let at = line.find(MARK)? + MARK.len();
            Some(line[at..].to_owned())
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Fails if the process has ended, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The writing process; without a task there is nothing to do.
#[test]
fn child_pushes_turns() {
    let Ok(store) = env::var(STORE) else {
        return;
    };
    let (index, name) = (env::var(INDEX).unwrap(), env::var(NAME).unwrap());
    let pushes: usize = env::var(PUSHES).unwrap().parse().unwrap();
    let session = open(Path::new(&store), &index);
    let first = turns_of(&session, &name);
    say("opened");
    for number in first..first.saturating_add(pushes) {
        add_turn(&session, &name, number);
        let pushed = try_push(&session).unwrap();
        say(&format!("{number} {}", pushed.version));
    }
}

fn say(what: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{MARK}{what}").unwrap();
    stdout.flush().unwrap();
}
