//! Runs the int8 encoder with made-up weights in the kernel that `MOSS_KERNEL` names, and prints what comes of it: the same
//! lines on every CPU and from every kernel.
//!
//! The encoder is the one of moss-core, file by file. What it reads its tensors from is here.

/// What the encoder takes from the rest of moss-core.
#[derive(Debug)]
#[allow(dead_code)] // shown
pub struct Error(String);

#[derive(Debug)]
#[allow(dead_code)] // what the encoder names
pub enum ErrorKind {
    InvalidArgument,
    ModelUnavailable,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn new(kind: ErrorKind, message: String) -> Error {
        Error(format!("{kind:?}: {message}"))
    }

    fn invalid(message: String) -> Error {
        Error::new(ErrorKind::InvalidArgument, message)
    }
}

mod embed;
#[path = "../../../src/lanes/mod.rs"]
mod lanes;
#[path = "../../../src/rotate.rs"]
mod rotate;

fn main() {
    embed::run();
}
