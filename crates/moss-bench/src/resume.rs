//! A stored session opened as the first thing of a process: into memory that the system has yet to give.

use std::process::Command;
use std::time::{Duration, Instant};

use moss::{Client, Error, ErrorKind, Result, SessionOptions};

use crate::corpus;
use crate::session::{KEY, NAME, PROJECT, Times};

const PROCESSES: usize = 15;
/// What makes this program open the session itself, and print how many nanoseconds that took.
const ONCE: &str = "--once";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (options, others) = corpus::precision(arguments);
    match others[..] {
        [store, ONCE] => println!("{}", open(store, &options)?.as_nanos()),
        [_] => {
            let mut times = Times::default();
            for _ in 0..PROCESSES {
                times.push(open_in_process(arguments)?);
            }
            times.print("resume as the first thing of a process");
        }
        _ => return Err(corpus::usage("resume [--int8] STORE")),
    }
    Ok(())
}

fn open(store: &str, options: &SessionOptions) -> Result<Duration> {
    let started = Instant::now();
    let client = Client::with_base_url(PROJECT, KEY, store)?;
    let session = moss::block_on(client.session(NAME, options))?;
    let taken = started.elapsed();
    if session.doc_count() == 0 {
        return Err(corpus::empty_store());
    }
    Ok(taken)
}

fn open_in_process(arguments: &[String]) -> Result<Duration> {
    let failed = |why: String| Error::new(ErrorKind::Io, format!("a process of moss-bench resume: {why}"));
    let output = std::env::current_exe()
        .and_then(|program| {
            Command::new(program)
                .arg("resume")
                .args(arguments)
                .arg(ONCE)
                .output()
        })
        .map_err(|error| failed(error.to_string()))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    match printed.trim().parse() {
        Ok(nanoseconds) => Ok(Duration::from_nanos(nanoseconds)),
        Err(_) => Err(failed(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}
