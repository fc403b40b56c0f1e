//! What the tests share: a home of its own, and the command run in it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A home with a store in it, and the credentials of a project in the environment.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The answer, which must be JSON, of a call that must have succeeded.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the exit code and a part of what standard error says.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, said: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(said), "{said:?} is not in {self:?}");
    }

    /// Asserts success and gives the answer.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.out
    }
}

impl Home {
    pub(crate) fn new() -> Home {
        let home = Home::without_credentials();
        home.with("MOSS_PROJECT_ID", "project")
            .with("MOSS_PROJECT_KEY", "key")
    }

    pub(crate) fn without_credentials() -> Home {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap().to_owned();
        Home {
            folder,
            variables: Vec::new(),
        }
        .with("HOME", &home)
        .with("MOSS_STORE", &format!("{home}/store"))
    }

    /// The same with a variable more in the environment.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Home {
        self.variables.push((name, value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The command, in this home and without what the tests' environment says of Moss.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let model = std::env::var_os("MOSS_MODEL_DIR").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_moss"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MOSS_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .env("MOSS_MODEL_DIR", model)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the command with nothing on standard input.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        self.pipe(arguments, "")
    }

    /// Runs the command with this on standard input.
    pub(crate) fn pipe<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>, input: &str) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that ends before it reads all of its input is right to do so.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        Ran {
            code: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Makes the index `places` of caller's vectors: east, north and west.
    pub(crate) fn places(&self) {
        let file = self.write("places.json", PLACES);
        self.run(["index", "create", "places", "--file", &file]).ok();
    }
}

/// Waits for something, within two minutes.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: never");
    }
}

/// Three documents of the model `custom`.
pub(crate) const PLACES: &str = r#"[
    {"id": "east", "text": "sun up", "embedding": [1, 0], "metadata": {"side": "right"}},
    {"id": "north", "text": "cold", "embedding": [0, 1]},
    {"id": "west", "text": "sun down", "embedding": [-1, 0], "payload": "{}"}
]"#;

/// The keys of an object, in the order of the text.
pub(crate) fn keys(text: &str, indent: usize) -> Vec<&str> {
    let start = format!("{}\"", " ".repeat(indent));
    let lines = text.lines().filter_map(|line| line.strip_prefix(&start));
    lines.map(|line| line.split('"').next().unwrap()).collect()
}
