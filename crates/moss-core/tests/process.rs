//! Embedding across `fork` and thread counts. A program without the test harness: a fork must come from one thread, and
//! the environment is only safe to change while there is no other.
#![allow(unsafe_code)] // fork and set_var
#![allow(clippy::unwrap_used, clippy::print_stdout)] // all of it is a test

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::path::Path;

use moss_core::embed::{self, Embedder, Encoder};

fn main() {
    // `cargo test -- name` passes a filter; like a test of that name, run only where it matches.
    let filter = std::env::args().nth(1).filter(|filter| !filter.starts_with('-'));
    if filter.is_some_and(|filter| !"process".contains(&filter)) {
        return;
    }
    let directory = std::env::var_os("MOSS_MODEL_DIR").expect(".cargo/config.toml sets MOSS_MODEL_DIR");
    let path = Path::new(&directory).join("moss-minilm.moss");
    assert!(path.exists(), "{} is absent: run scripts/model", path.display());
    let encoder = Encoder::open(&path, embed::find("moss-minilm").unwrap()).unwrap();

    let [one, two] = ["1", "2"].map(|threads| {
        in_child(|| {
            // SAFETY: a child of fork has this thread alone.
            unsafe { std::env::set_var("MOSS_NUM_THREADS", threads) };
            assert_eq!(thread_names().len(), 0);
            let bits = batch(&encoder);
            let expected = if threads == "1" { 0 } else { 2 };
            assert_eq!(thread_names().len(), expected, "threads of our own");
            bits
        })
    });
    assert!(one == two, "1 and 2 threads give different bits");

    // SAFETY: nothing above started a thread in this process; its children did.
    unsafe { std::env::set_var("MOSS_NUM_THREADS", "2") };
    let before = batch(&encoder);
    assert_eq!(thread_names().len(), 2);
    assert!(before == one);
    let child = in_child(|| {
        assert_eq!(thread_names().len(), 0, "threads survived fork");
        let bits = batch(&encoder);
        assert!(in_child(|| batch(&encoder)) == bits, "grandchild differs");
        bits
    });
    assert!(child == before, "the child of a process with a pool differs");
    assert!(batch(&encoder) == before);
    println!("process: 1 and 2 threads and forked children agree to the bit");
}

/// The bits of the vectors of a batch of texts of many lengths.
fn batch(encoder: &Encoder) -> Vec<u8> {
    let texts: Vec<String> = (0..12).map(|n| "where is my refund ".repeat(n)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut vectors = encoder.embed_documents(&texts).unwrap();
    vectors.push(encoder.embed_query("where is my refund").unwrap());
    vectors.into_iter().flatten().flat_map(f32::to_le_bytes).collect()
}

/// Names of the threads of this process but the main one. Anything that is not ours would be somebody's global pool.
fn thread_names() -> Vec<String> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        panic!("this test needs /proc");
    };
    let main = std::process::id().to_string();
    let others = tasks
        .map(|task| task.unwrap())
        .filter(|task| *task.file_name() != *main);
    let names: Vec<String> = others
        .map(|task| std::fs::read_to_string(task.path().join("comm")).unwrap())
        .collect();
    assert!(
        names.iter().all(|name| name.starts_with("moss-embed-")),
        "{names:?}"
    );
    names
}

/// Runs `work` in a forked child and returns its bytes; panics if the child did.
fn in_child(work: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for the two descriptors.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    // SAFETY: the child uses only what a fork leaves whole: this thread, memory and the allocator.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    // SAFETY: both descriptors are open and owned by nobody else in this process.
    let [mut read, mut write] = ends.map(|end| unsafe { File::from_raw_fd(end) });
    if child == 0 {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let bytes = work();
            write.write_all(&bytes).unwrap();
        }));
        drop(write);
        // SAFETY: leaves without running the parent's exit handlers.
        unsafe { libc::_exit(i32::from(result.is_err())) };
    }
    drop(write);
    let mut bytes = Vec::new();
    read.read_to_end(&mut bytes).unwrap();
    let mut status = 0;
    // SAFETY: `child` is a child of ours that nobody else waits for.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child failed");
    bytes
}
