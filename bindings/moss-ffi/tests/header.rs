//! The header that is committed is the one that the sources make. `MOSS_WRITE_HEADER=1` (scripts/gen) writes it instead.

use std::path::Path;
use std::{env, fs};

#[test]
fn the_committed_header_is_up_to_date() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = crate_dir.join("../../include/libmoss.h");
    let config = cbindgen::Config::from_file(crate_dir.join("cbindgen.toml")).unwrap();
    let mut header = Vec::new();
    cbindgen::Builder::new()
        .with_crate(crate_dir)
        .with_config(config)
        .generate()
        .unwrap()
        .write(&mut header);
    let header = String::from_utf8(header).unwrap();
    if env::var_os("MOSS_WRITE_HEADER").is_some() {
        fs::write(path, header).unwrap();
        return;
    }
    let committed = fs::read_to_string(path).unwrap();
    assert!(
        header == committed,
        "include/libmoss.h is out of date: run scripts/gen"
    );
}
