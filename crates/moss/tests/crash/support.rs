//! Sessions of turns over a directory: a push adds one turn, and a turn is several documents.

use std::collections::BTreeMap;
use std::path::Path;

use moss::{AddOptions, Client, Document, GetOptions, PushOptions, PushResult, Session, SessionOptions};

/// Documents of one turn: all of them are stored, or none.
pub(crate) const PARTS: usize = 3;

/// A client that shares nothing with another one but the directory.
pub(crate) fn client(store: &Path) -> Client {
    Client::with_base_url("project", "key", store.to_str().unwrap()).unwrap()
}

/// Opens the name as a process would that has just started.
pub(crate) fn try_open(store: &Path, index: &str) -> moss::Result<Session> {
    moss::block_on(client(store).session(index, &SessionOptions::new().model_id("custom")))
}

pub(crate) fn open(store: &Path, index: &str) -> Session {
    try_open(store, index).unwrap()
}

pub(crate) fn open_version(store: &Path, index: &str, version: u64) -> moss::Result<Session> {
    let options = SessionOptions::new().model_id("custom").version(version);
    moss::block_on(client(store).session(index, &options))
}

/// The documents of a writer's turn; in the order of ids as in the order of turns.
pub(crate) fn turn(writer: &str, number: usize) -> impl Iterator<Item = Document> {
    (0..PARTS).map(move |part| {
        let text = format!("{writer} said in turn {number}, part {part}");
        Document::new(format!("{writer}/{number:04}/{part}"), text)
            .with_embedding([number as f32, part as f32, 1.0])
            .with_metadata([("turn", number.to_string())])
    })
}

pub(crate) fn add_turn(session: &Session, writer: &str, number: usize) {
    session
        .add_docs(turn(writer, number).collect(), &AddOptions::new())
        .unwrap();
}

pub(crate) fn try_push(session: &Session) -> moss::Result<PushResult> {
    moss::block_on(session.push_index(&PushOptions::new()))
}

/// How many turns of each writer are there. Checks that they are whole, the first ones without a gap, and that there is
/// nothing else.
pub(crate) fn turns(session: &Session) -> BTreeMap<String, usize> {
    let mut by_writer: BTreeMap<String, Vec<Document>> = BTreeMap::new();
    for document in session.get_docs(&GetOptions::new()).unwrap() {
        let (writer, _) = document.id.split_once('/').unwrap();
        by_writer.entry(writer.to_owned()).or_default().push(document);
    }
    let count = |(writer, documents): (String, Vec<Document>)| {
        let count = documents.len() / PARTS;
        let expected: Vec<Document> = (0..count).flat_map(|number| turn(&writer, number)).collect();
        assert_eq!(documents, expected, "turns of {writer}");
        (writer, count)
    };
    by_writer.into_iter().map(count).collect()
}

/// The turns of one writer.
pub(crate) fn turns_of(session: &Session, writer: &str) -> usize {
    turns(session).get(writer).copied().unwrap_or(0)
}
