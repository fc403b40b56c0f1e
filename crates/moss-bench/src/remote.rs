//! A large session through the service on this machine: resume with nothing kept and with all kept, and a push of ten.

use std::fs;
use std::path::Path;

use moss::{AddOptions, Client, Error, ErrorKind, PushOptions, Result, SessionOptions};
use moss_serve::{Options, Server};

use crate::corpus;
use crate::session::{KEY, NAME, PROJECT, Times, bytes_below, fill};

const RESUMES: usize = 5;
const PUSHES: usize = 5;

/// `moss-bench remote DOCUMENTS QUESTIONS STORE [LIMIT]`; `MOSS_CACHE_DIR` must name a folder that may be emptied.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let usage = || corpus::usage("MOSS_CACHE_DIR=FOLDER remote DOCUMENTS QUESTIONS STORE [LIMIT]");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (documents, questions, store, limit) = match arguments[..] {
        [documents, questions, store] => (documents, questions, store, usize::MAX),
        [documents, questions, store, limit] => {
            (documents, questions, store, limit.parse().map_err(|_| usage())?)
        }
        _ => return Err(usage()),
    };
    let cache = std::env::var_os("MOSS_CACHE_DIR").ok_or_else(usage)?;
    let kept = Path::new(&cache).join("indexes");
    let questions = corpus::read(Path::new(questions), 10 * PUSHES)?;
    fill(
        &Client::with_base_url(PROJECT, KEY, store)?,
        Path::new(documents),
        limit,
    )?;

    let url = moss::block_on(serve(store))?;
    let client = Client::with_base_url(PROJECT, KEY, &url)?;
    let open = || moss::block_on(client.session(NAME, &SessionOptions::new()));
    println!("{} documents over {url}", open()?.doc_count());

    let (mut cold, mut warm) = (Times::default(), Times::default());
    for _ in 0..RESUMES {
        fs::remove_dir_all(&kept)
            .map_err(|error| Error::new(ErrorKind::Io, format!("{}: {error}", kept.display())))?;
        cold.time(|| open().map(drop))?;
        warm.time(|| open().map(drop))?;
    }
    cold.print("resume, nothing kept");
    println!("bytes kept by it: {}", bytes_below(&kept));
    warm.print("resume, all kept");

    let before = moss::block_on(client.get_index(NAME))?
        .version
        .parse()
        .unwrap_or(0);
    let session = open()?;
    let (mut times, mut moved) = (Times::default(), 0);
    for batch in questions.chunks(10) {
        let documents = batch.iter().map(corpus::Entry::document).collect();
        session.add_docs(documents, &AddOptions::new())?;
        let stored = bytes_below(Path::new(store));
        times.time(|| moss::block_on(session.push_index(&PushOptions::new())).map(drop))?;
        moved = moved.max(bytes_below(Path::new(store)).saturating_sub(stored));
    }
    times.print("push of 10 new documents");
    println!("bytes stored by such a push: {moved} at most");
    moss::block_on(client.restore(NAME, before)).map(drop)
}

/// Starts a service over the store on a free port; its manage URL.
async fn serve(store: &str) -> Result<String> {
    let mut options = Options::new(store);
    options.listen = "127.0.0.1:0".to_owned();
    let server = Server::start(options).await?;
    let url = format!("{}/v1/manage", server.url());
    tokio::spawn(server.run(std::future::pending()));
    Ok(url)
}
