//! Disks that cannot be written: read-only, full, and with a limit on the size of a file.
//!
//! Root makes such disks for a child of the test (this binary, run on one of its tests) in a mount namespace of the
//! child's own. Other users are bound by permissions and by file size limits, which need no rights.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use moss::{AddOptions, Document, Error, ErrorKind, Session};

use crate::support::{PARTS, add_turn, open, try_push, turns_of};

/// Tells the child where its store is.
const STORE: &str = "MOSS_CRASH_DISK";
const INDEX: &str = "call";

/// Runs a test of this module in a child behind a shell prelude, which knows the store as `$STORE`.
fn run_child(wrapper: &[&str], prelude: &str, child: &str, store: &Path) {
    let script = format!("{prelude} && exec \"$BINARY\" --exact disk::{child} --nocapture");
    let mut words = wrapper.to_vec();
    words.extend(["sh", "-c", &script]);
    let output = Command::new(words[0])
        .args(&words[1..])
        .env("BINARY", env::current_exe().unwrap())
        .env("STORE", store)
        .env(STORE, store)
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("the child ran"),
        "{text}"
    );
}

/// The store of a child; `None` in the parent's own run of its test.
fn child_store() -> Option<PathBuf> {
    env::var_os(STORE).map(PathBuf::from)
}

/// Words that give a shell its own mounts, if this machine allows any.
fn mount_namespace() -> Option<&'static [&'static str]> {
    let ways: [&'static [&'static str]; 2] = [
        &["unshare", "--mount"],
        &["unshare", "--map-root-user", "--mount"],
    ];
    ways.into_iter().find(|way| {
        let probe = Command::new(way[0])
            .args(&way[1..])
            .args(["mount", "-t", "tmpfs", "none", "/mnt"])
            .output();
        probe.is_ok_and(|output| output.status.success())
    })
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A failed push says which object it could not write, and why.
fn assert_names_object(error: &Error, reasons: &[&str]) {
    let message = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Io, "{message}");
    assert!(message.contains("p/project/i/call/"), "{message}");
    assert!(reasons.iter().any(|reason| message.contains(reason)), "{message}");
}

/// A session of a pushed turn, with a second one that is not pushed yet.
fn session_with_news(store: &Path) -> Session {
    let session = open(store, INDEX);
    add_turn(&session, "agent", 0);
    try_push(&session).unwrap();
    add_turn(&session, "agent", 1);
    session
}

/// The session has kept both turns, the store still opens with the first.
fn assert_nothing_happened(store: &Path, session: &Session) {
    assert_eq!(turns_of(session, "agent"), 2);
    assert_eq!(turns_of(&open(store, INDEX), "agent"), 1);
}

/// The push goes through now, and stores what the failed ones did not.
fn assert_pushes(store: &Path, session: &Session) {
    assert_eq!(try_push(session).unwrap().doc_count, 2 * PARTS);
    assert_eq!(turns_of(&open(store, INDEX), "agent"), 2);
}

#[test]
fn a_read_only_store_opens_and_takes_the_push_later() {
    let store = tempfile::tempdir().unwrap();
    let is_root = store.path().metadata().unwrap().uid() == 0;
    if is_root {
        // Permissions do not bind root, a read-only mount does.
        let namespace = mount_namespace().expect("root can make a read-only mount");
        let prelude = "mount --bind \"$STORE\" \"$STORE\"";
        run_child(namespace, prelude, "child_with_a_read_only_mount", store.path());
    } else {
        with_a_read_only_store(store.path(), |writable| {
            set_mode(store.path(), if writable { 0o755 } else { 0o555 });
        });
    }
}

/// Runs in a child only; on its own it has nothing to do.
#[test]
fn child_with_a_read_only_mount() {
    let Some(store) = child_store() else {
        return;
    };
    with_a_read_only_store(&store, |writable| {
        let options = format!("remount,bind,{}", if writable { "rw" } else { "ro" });
        run("mount", &["-o", &options, store.to_str().unwrap()]);
    });
    println!("the child ran");
}

fn with_a_read_only_store(store: &Path, set_writable: impl Fn(bool)) {
    let session = session_with_news(store);
    set_writable(false);
    for _ in 0..2 {
        assert_names_object(&try_push(&session).unwrap_err(), &["os error 30", "os error 13"]);
        assert_nothing_happened(store, &session);
    }
    set_writable(true);
    assert_pushes(store, &session);
}

/// Sets the mode of all folders, which is what creating a file asks for.
fn set_mode(folder: &Path, mode: u32) {
    let set = || fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    set();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            set_mode(&path, mode);
        }
    }
}

#[test]
fn a_full_disk_takes_the_push_once_there_is_space() {
    let Some(namespace) = mount_namespace() else {
        eprintln!("no mounts allowed here: only the file size limit stands for a full disk");
        return;
    };
    let store = tempfile::tempdir().unwrap();
    let prelude = "mount -t tmpfs -o size=1m,nr_inodes=100000 none \"$STORE\"";
    run_child(namespace, prelude, "child_on_a_small_disk", store.path());
}

/// Runs in a child only; on its own it has nothing to do.
///
/// Frees the full disk a little at a time, so that the push fails at its first object, and then at a later one.
#[test]
fn child_on_a_small_disk() {
    let Some(store) = child_store() else {
        return;
    };
    let session = session_with_news(&store);
    let ballast = store.join("ballast");
    fs::create_dir(&ballast).unwrap();
    let mut pieces: Vec<PathBuf> = (0..)
        .map(|number| ballast.join(number.to_string()))
        .take_while(|piece| fs::write(piece, [0; 4096]).is_ok())
        .collect();
    let mut failed_at = Vec::new();
    while let Err(error) = try_push(&session) {
        assert_names_object(&error, &["os error 28"]);
        assert_nothing_happened(&store, &session);
        failed_at.push(if error.to_string().contains("/s/") {
            "segment"
        } else {
            "manifest"
        });
        // A page more every time: an attempt that got as far as its manifest leaves a segment that nobody reads.
        for piece in pieces.drain(pieces.len() - failed_at.len()..) {
            fs::remove_file(piece).unwrap();
        }
    }
    failed_at.dedup();
    assert_eq!(failed_at, ["segment", "manifest"]);
    assert_eq!(turns_of(&open(&store, INDEX), "agent"), 2);
    add_turn(&session, "agent", 2);
    fs::remove_dir_all(ballast).unwrap();
    try_push(&session).unwrap();
    assert_eq!(turns_of(&open(&store, INDEX), "agent"), 3);
    println!("the child ran");
}

#[test]
fn a_file_size_limit_takes_a_smaller_push() {
    let store = tempfile::tempdir().unwrap();
    // 64 blocks of 512 or 1024 bytes; the signal would end the process.
    let prelude = "trap '' XFSZ && ulimit -f 64";
    run_child(&[], prelude, "child_with_a_file_size_limit", store.path());
}

/// Runs in a child only; on its own it has nothing to do.
#[test]
fn child_with_a_file_size_limit() {
    let Some(store) = child_store() else {
        return;
    };
    let session = session_with_news(&store);
    let long = Document::new("agent/long", "word ".repeat(50_000)).with_embedding([0.0, 0.0, 1.0]);
    session.add_docs(vec![long], &AddOptions::new()).unwrap();
    assert_names_object(&try_push(&session).unwrap_err(), &["os error 27"]);
    assert_eq!(session.doc_count(), 2 * PARTS + 1);
    assert_eq!(turns_of(&open(&store, INDEX), "agent"), 1);
    session.delete_docs(&["agent/long"]).unwrap();
    assert_nothing_happened(&store, &session);
    assert_pushes(&store, &session);
    println!("the child ran");
}
