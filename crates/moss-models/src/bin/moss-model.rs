//! `moss-model`: packs the default model, for builds that bring it along. People have `moss model`, which is not here because
//! it takes the whole of Moss to build.

use std::path::Path;
use std::process::ExitCode;

use moss_core::embed::{self, DEFAULT_MODEL};
use moss_core::vector::Precision;
use moss_models::pack_to_file;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, out] = &arguments[..] else {
        eprintln!("usage: moss-model <directory of published files> <out.moss>");
        return ExitCode::from(2);
    };
    let spec = embed::find(DEFAULT_MODEL);
    match spec.and_then(|spec| pack_to_file(Path::new(directory), spec, Precision::Int8, Path::new(out))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("moss-model: {error}");
            ExitCode::FAILURE
        }
    }
}
