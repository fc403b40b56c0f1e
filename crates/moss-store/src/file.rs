//! Stored files as bytes.

use std::fs::File;
use std::io::{self, Read};

use bytes::Bytes;
use memmap2::MmapOptions;

/// Smaller ones are copied, which costs less than to map them.
const MAPPED_BYTES: u64 = 1 << 20;

/// All of a file of a store, which nobody changes. A large one is mapped: its pages are used where the system holds them, and nothing is
/// copied.
pub(crate) fn read(mut file: File) -> io::Result<Bytes> {
    let length = file.metadata()?.len();
    // Other systems do not let a mapped file be removed.
    if cfg!(unix) && length >= MAPPED_BYTES {
        return Ok(Bytes::from_owner(map(&file)?));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

#[allow(unsafe_code)] // what a mapping is
fn map(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: files of a store are written under another name and renamed when they are whole, never changed after, and removed by
    // their name, which leaves a mapping as it is. The bytes are checked like any others.
    unsafe { MmapOptions::new().populate().map(file) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_files_are_read_whole_and_outlive_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("object");
        for length in [0, 1, MAPPED_BYTES as usize - 1, MAPPED_BYTES as usize, 3_000_001] {
            let written: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            std::fs::write(&path, &written).unwrap();
            let bytes = read(File::open(&path).unwrap()).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert!(bytes == written, "{length}");
        }
    }
}
