//! Files of a store that are damaged, swapped or gone: always `CacheCorrupt` naming the file, never a panic, never other
//! documents, and all is well again with the bytes that were there.

use std::fs;
use std::path::{Path, PathBuf};

use moss::{AddOptions, Document, Error, ErrorKind, Session};

use crate::support::{add_turn, client, open, open_version, try_open, try_push, turns_of};

const INDEX: &str = "call";
/// Pushes, which are versions and segments too: too few for a compaction.
const PUSHES: u64 = 3;

/// A store with a pushed index and nothing else.
struct Pushed {
    directory: tempfile::TempDir,
}

impl Pushed {
    fn new() -> Pushed {
        let directory = tempfile::tempdir().unwrap();
        let session = open(directory.path(), INDEX);
        for number in 0..PUSHES {
            add_turn(&session, "agent", number as usize);
            try_push(&session).unwrap();
        }
        Pushed { directory }
    }

    fn store(&self) -> &Path {
        self.directory.path()
    }

    /// The files of one kind, by name.
    fn files(&self, kind: &str) -> Vec<PathBuf> {
        let folder = self.store().join("p/project/i").join(INDEX).join(kind);
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert_eq!(files.len() as u64, PUSHES);
        files
    }

    /// The manifests with their versions: their names count down.
    fn manifests(&self) -> impl Iterator<Item = (u64, PathBuf)> {
        self.files("m")
            .into_iter()
            .rev()
            .zip(1..)
            .map(|(file, version)| (version, file))
    }

    fn segments(&self) -> Vec<PathBuf> {
        self.files("s")
    }

    /// The name of an object as messages have it.
    fn object(&self, file: &Path) -> String {
        file.strip_prefix(self.store())
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// Writes each damage over a file and opens that version every time; puts the right bytes back.
    fn assert_refused(&self, version: u64, file: &Path, damages: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
        let right = fs::read(file).unwrap();
        for (number, damaged) in damages(&right).into_iter().enumerate() {
            assert_ne!(damaged, right);
            fs::write(file, damaged).unwrap();
            let opened = open_version(self.store(), INDEX, version);
            self.assert_corrupt(file, opened, &format!("damage {number}"));
        }
        fs::write(file, right).unwrap();
        let session = open_version(self.store(), INDEX, version).unwrap();
        assert_eq!(turns_of(&session, "agent") as u64, version);
    }

    fn assert_corrupt(&self, file: &Path, opened: moss::Result<Session>, damage: &str) {
        let object = self.object(file);
        match opened {
            Err(error) => assert!(names(&error, &object), "{damage} of {object}: {error}"),
            Ok(_) => panic!("{damage} of {object} was not seen"),
        }
    }
}

fn names(error: &Error, object: &str) -> bool {
    error.kind() == ErrorKind::CacheCorrupt && error.to_string().contains(object)
}

/// One flipped bit in every byte, another bit in the next one.
fn flips(right: &[u8]) -> Vec<Vec<u8>> {
    let flip = |at: usize| {
        let mut damaged = right.to_vec();
        damaged[at] ^= 1 << (at % 8);
        damaged
    };
    (0..right.len()).map(flip).collect()
}

/// Every shorter file, one that is longer, and one of zeros, which a lost write leaves on some file systems.
fn cuts(right: &[u8]) -> Vec<Vec<u8>> {
    let shorter = (0..right.len()).map(|length| right[..length].to_vec());
    shorter
        .chain([[right, b"\0"].concat(), vec![0; right.len()]])
        .collect()
}

#[test]
fn every_flipped_byte_of_a_manifest_is_seen() {
    let pushed = Pushed::new();
    for (version, file) in pushed.manifests() {
        pushed.assert_refused(version, &file, flips);
    }
}

#[test]
fn every_cut_of_a_manifest_is_seen() {
    let pushed = Pushed::new();
    for (version, file) in pushed.manifests() {
        pushed.assert_refused(version, &file, cuts);
    }
}

#[test]
fn every_flipped_byte_of_a_segment_is_seen() {
    let pushed = Pushed::new();
    for file in pushed.segments() {
        pushed.assert_refused(PUSHES, &file, flips);
    }
}

#[test]
fn every_cut_of_a_segment_is_seen() {
    let pushed = Pushed::new();
    for file in pushed.segments() {
        pushed.assert_refused(PUSHES, &file, cuts);
    }
}

#[test]
fn a_file_under_the_name_of_another_is_seen() {
    let pushed = Pushed::new();
    let (manifests, segments) = (pushed.files("m"), pushed.segments());
    for (version, file) in pushed.manifests() {
        for other in manifests.iter().filter(|other| **other != file) {
            pushed.assert_refused(version, &file, |_| vec![fs::read(other).unwrap()]);
        }
    }
    for file in &segments {
        for other in segments.iter().filter(|other| *other != file) {
            pushed.assert_refused(PUSHES, file, |_| vec![fs::read(other).unwrap()]);
        }
    }
}

#[test]
fn a_deleted_segment_is_named() {
    let pushed = Pushed::new();
    for file in pushed.segments() {
        let right = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        pushed.assert_corrupt(&file, try_open(pushed.store(), INDEX), "deletion");
        fs::write(&file, right).unwrap();
        assert_eq!(turns_of(&open(pushed.store(), INDEX), "agent") as u64, PUSHES);
    }
}

/// What does not open is not pushed over either, unless the caller says so by replacing it.
#[test]
fn a_push_on_a_damaged_manifest_changes_nothing() {
    let pushed = Pushed::new();
    let session = open(pushed.store(), INDEX);
    add_turn(&session, "agent", PUSHES as usize);
    let (_, newest) = pushed.manifests().last().unwrap();
    let right = fs::read(&newest).unwrap();
    fs::write(&newest, &right[1..]).unwrap();
    let error = try_push(&session).unwrap_err();
    assert!(names(&error, &pushed.object(&newest)), "{error}");
    assert_eq!(pushed.files("m").len() as u64, PUSHES);
    fs::write(&newest, &right).unwrap();
    try_push(&session).unwrap();
    assert_eq!(turns_of(&open(pushed.store(), INDEX), "agent") as u64, PUSHES + 1);
}

/// The other ways to read an index say the same of a damaged file as a session does.
#[test]
fn every_call_that_reads_names_the_damaged_file() {
    let pushed = Pushed::new();
    let (_, manifest) = pushed.manifests().last().unwrap();
    for file in [manifest, pushed.segments().remove(0)] {
        let right = fs::read(&file).unwrap();
        fs::write(&file, &right[..right.len() / 2]).unwrap();
        let client = client(pushed.store());
        let other = moss::block_on(client.session("other", &moss::SessionOptions::new().model_id("custom")));
        let more = vec![Document::new("more", "text").with_embedding([1.0, 1.0, 1.0])];
        let errors = moss::block_on(async {
            [
                client
                    .load_index(INDEX, &moss::LoadOptions::new())
                    .await
                    .unwrap_err(),
                client.get_docs(INDEX, None).await.unwrap_err(),
                client
                    .add_docs(INDEX, more, &AddOptions::new())
                    .await
                    .unwrap_err(),
                other
                    .unwrap()
                    .load_index(INDEX, &moss::LoadOptions::new())
                    .await
                    .unwrap_err(),
            ]
        });
        for error in errors {
            assert!(names(&error, &pushed.object(&file)), "{error}");
        }
        fs::write(&file, right).unwrap();
    }
    assert_eq!(turns_of(&open(pushed.store(), INDEX), "agent") as u64, PUSHES);
}
