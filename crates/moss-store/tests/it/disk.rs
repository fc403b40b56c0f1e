//! A directory on a disk: full, read-only, with leftovers of killed writers, opened twice.
//!
//! Full and read-only disks are made for a child of the test: this binary, run on one test with the directory in the
//! environment. A file size limit needs no rights; a small file system needs a mount namespace, which root has and most
//! users have through a user namespace.
#![cfg(unix)]

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use moss_core::ErrorKind;
use moss_store::{Retention, Store};

use crate::suite::NOTHING_KEPT;
use crate::writer::{head_contents, push, segment, try_push};

/// Tells the child where to write.
const CHILD_DIRECTORY: &str = "MOSS_STORE_TEST_DIRECTORY";

fn open(path: &Path) -> moss_store::IndexStore {
    let store = Store::open(path.to_str().unwrap()).unwrap();
    store.project("p").unwrap().index("x").unwrap()
}

/// Runs `child` of this binary behind a shell prelude.
fn run_child(wrapper: &[&str], prelude: &str, child: &str, directory: &Path) -> Output {
    let binary = std::env::current_exe().unwrap();
    let script = format!("{prelude} && exec \"$BINARY\" --exact disk::{child} --nocapture");
    let mut words = wrapper.to_vec();
    words.extend(["sh", "-c", &script]);
    Command::new(words[0])
        .args(&words[1..])
        .env("BINARY", binary)
        .env("DIRECTORY", directory)
        .env(CHILD_DIRECTORY, directory)
        .output()
        .unwrap()
}

fn assert_passed(output: &Output) {
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert!(text.contains("the child ran"), "{text}");
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

#[tokio::test]
async fn a_deleted_project_leaves_no_names_on_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path().to_str().unwrap()).unwrap();
    for name in ["p", "other"] {
        let project = store.project(name).unwrap();
        project.create_record(&"record").await.unwrap();
        push(&project.index("secret name").unwrap(), "a").await;
    }
    let index = directory.path().join("p/p/i/secret=20name");
    std::fs::write(index.join("s/half.seg#1"), "of a killed writer").unwrap();
    store.project("p").unwrap().delete_all().await.unwrap();
    let left: Vec<_> = std::fs::read_dir(directory.path().join("p")).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert_eq!(store.project_names().await.unwrap(), ["other"]);
}

#[tokio::test]
async fn a_file_size_limit_is_an_io_error() {
    let directory = tempfile::tempdir().unwrap();
    push(&open(directory.path()), "before").await;
    // 64 blocks of 512 or 1024 bytes; the signal would end the process.
    assert_passed(&run_child(
        &[],
        "trap '' XFSZ && ulimit -f 64",
        "child_writes_too_much",
        directory.path(),
    ));
    assert_eq!(head_contents(&open(directory.path())).await, ["before"]);
}

#[tokio::test]
async fn a_full_disk_is_an_io_error() {
    let Some(namespace) = mount_namespace() else {
        eprintln!("no mounts allowed here: only the file size limit stands for a full disk");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let prelude = "mount -t tmpfs -o size=256k none \"$DIRECTORY\"";
    assert_passed(&run_child(
        namespace,
        prelude,
        "child_writes_too_much",
        directory.path(),
    ));
}

/// Runs in a child only; on its own it has nothing to do.
#[tokio::test]
async fn child_writes_too_much() {
    let Ok(directory) = std::env::var(CHILD_DIRECTORY) else {
        return;
    };
    let index = open(Path::new(&directory));
    if index.head().await.unwrap().is_none() {
        push(&index, "before").await;
    }
    let error = try_push(&index, &"x".repeat(1 << 20)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(error.to_string().contains("p/p/i/x/s/"), "{error}");
    assert!(
        error.to_string().contains("os error 28") || error.to_string().contains("os error 27"),
        "{error}"
    );
    assert_eq!(head_contents(&index).await, ["before"]);
    println!("the child ran");
}

#[tokio::test]
async fn a_read_only_directory_is_an_io_error() {
    let directory = tempfile::tempdir().unwrap();
    push(&open(directory.path()), "before").await;
    let is_root = directory.path().metadata().unwrap().uid() == 0;
    if is_root {
        // Permissions do not bind root, a read-only mount does.
        let prelude = "mount --bind \"$DIRECTORY\" \"$DIRECTORY\" && mount -o remount,bind,ro \"$DIRECTORY\"";
        let namespace = mount_namespace().expect("root may mount");
        assert_passed(&run_child(
            namespace,
            prelude,
            "child_cannot_write",
            directory.path(),
        ));
    } else {
        set_mode(directory.path(), 0o555);
        cannot_write(directory.path()).await;
        set_mode(directory.path(), 0o755);
    }
    assert_eq!(head_contents(&open(directory.path())).await, ["before"]);
}

/// Runs in a child only; on its own it has nothing to do.
#[tokio::test]
async fn child_cannot_write() {
    let Ok(directory) = std::env::var(CHILD_DIRECTORY) else {
        return;
    };
    cannot_write(Path::new(&directory)).await;
    println!("the child ran");
}

async fn cannot_write(directory: &Path) {
    let index = open(directory);
    let error = try_push(&index, "new").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(error.to_string().contains("p/p/i/x/s/"), "{error}");
    assert_eq!(head_contents(&index).await, ["before"]);
}

fn set_mode(root: &Path, mode: u32) {
    let set = |path: &Path| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    for entry in [
        "p/p/i/x/s",
        "p/p/i/x/m",
        "p/p/i/x",
        "p/p/i",
        "p/p/c",
        "p/p",
        "p",
        "",
    ] {
        set(&root.join(entry));
    }
}

#[tokio::test]
async fn files_of_killed_writers_are_ignored_and_collected() {
    let directory = tempfile::tempdir().unwrap();
    let index = open(directory.path());
    push(&index, "a").await;
    push(&index, "b").await;
    let newest = format!("{:020}.mf", u64::MAX - 3);
    let leftovers = [format!("m/{newest}#1"), "s/x.seg#12".into()];
    let path = |leftover: &String| directory.path().join("p/p/i/x").join(leftover);
    for leftover in &leftovers {
        std::fs::write(path(leftover), "half of").unwrap();
    }
    assert_eq!(index.versions().await.unwrap(), [2, 1]);
    push(&index, "c").await;
    assert_eq!(head_contents(&index).await, ["a", "b", "c"]);

    let head = index.head().await.unwrap().unwrap();
    index.sweep(&head, &Retention::default()).await.unwrap();
    assert!(
        leftovers.iter().all(|leftover| path(leftover).exists()),
        "a writer may still be at it"
    );
    let two_days_ago = SystemTime::now() - Duration::from_secs(48 * 60 * 60);
    let file = std::fs::File::options()
        .write(true)
        .open(path(&leftovers[0]))
        .unwrap();
    file.set_modified(two_days_ago).unwrap();
    index.sweep(&head, &Retention::default()).await.unwrap();
    assert_eq!(
        [path(&leftovers[0]).exists(), path(&leftovers[1]).exists()],
        [false, true]
    );
    assert_eq!(head_contents(&index).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn versions_go_once_nobody_could_have_opened_them_for_the_age() {
    let directory = tempfile::tempdir().unwrap();
    let index = open(directory.path());
    for turn in 0..5 {
        push(&index, &turn.to_string()).await;
    }
    let a_day = Retention::default().age;
    // Version 3 was written 30 hours ago and was the newest until version 4 came, 20 hours ago.
    for (version, hours) in [(1, 50), (2, 40), (3, 30), (4, 20), (5, 0)] {
        let name = format!("p/p/i/x/m/{:020}.mf", u64::MAX - version);
        let file = std::fs::File::options()
            .write(true)
            .open(directory.path().join(name))
            .unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600))
            .unwrap();
    }
    let retention = Retention {
        age: a_day,
        ..NOTHING_KEPT
    };
    assert!(index.collect(&retention).await.unwrap());
    assert_eq!(index.versions().await.unwrap(), [6, 5, 4, 3]);
}

#[tokio::test]
async fn one_directory_by_all_its_names_is_one_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made/by open");
    push(&open(&path), "a").await;
    let url = url::Url::from_file_path(&path).unwrap();
    assert!(url.as_str().contains("%20"));
    let by_url = Store::open(url.as_str()).unwrap();
    let index = by_url.project("p").unwrap().index("x").unwrap();
    assert_eq!(head_contents(&index).await, ["a"]);
    push(&index, "b").await;
    assert_eq!(head_contents(&open(&path)).await, ["a", "b"]);
}

#[tokio::test]
async fn memory_stores_meet_by_name_and_other_urls_are_refused() {
    let index = |url: &str| {
        Store::open(url)
            .unwrap()
            .project("p")
            .unwrap()
            .index("x")
            .unwrap()
    };
    push(&index("memory://disk-tests"), "a").await;
    assert_eq!(head_contents(&index("memory://disk-tests")).await, ["a"]);
    assert_eq!(index("memory://disk-tests-other").head().await.unwrap(), None);
    for url in [
        "s3://",
        "s3://key:secret@bucket",
        "s3://bucket/../up",
        "gs://a b",
        "az://container/a//b",
        "ftp://x",
        "file://host/x",
        "",
    ] {
        assert_eq!(
            Store::open(url).unwrap_err().kind(),
            ErrorKind::InvalidArgument,
            "{url}"
        );
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Store::open(file.path().to_str().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "a file is no directory");
}

#[tokio::test]
async fn an_id_is_not_taken_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut transaction = open(directory.path()).begin().await.unwrap();
    let first = segment("a");
    transaction.write_segment(first.clone()).await.unwrap();
    transaction.write_segment(first.clone()).await.unwrap();
    let other = moss_store::NewSegment {
        bytes: "b".into(),
        ..first
    };
    let error = transaction.write_segment(other).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}
