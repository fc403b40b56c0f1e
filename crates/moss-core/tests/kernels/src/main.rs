//! Runs the int8 encoder with made-up weights in the kernel that `MOSS_KERNEL` names, and prints what comes of it: the same
//! lines on every CPU and from every kernel.
//!
//! The encoder is the one of moss-core, file by file. What it reads its tensors from is here. So are the kernels of a scan, which choose
//! by themselves what the CPU has.

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
/// The limit that is read here, as moss-core has it.
mod limits {
    pub(crate) const MAX_DIMENSION: usize = 16_384;
}
#[path = "../../../src/rotate.rs"]
mod rotate;
mod vector;

/// xorshift64: the same weights everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Numbers between -1 and 1.
    pub(crate) fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0)
            .collect()
    }
}

/// FNV-1a over the bits of numbers.
pub(crate) struct Sum(u64);

impl Sum {
    pub(crate) fn new() -> Sum {
        Sum(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn add(&mut self, bits: u32) {
        self.0 = (self.0 ^ u64::from(bits)).wrapping_mul(0x100_0000_01b3);
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

fn main() {
    embed::run();
    vector::run();
}
