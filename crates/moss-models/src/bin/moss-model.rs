//! `moss-model`: makes and inspects packed model files.
#![allow(clippy::print_stdout)] // a command's answer goes to standard output

use std::path::Path;
use std::process::ExitCode;

use moss_core::embed::{self, DEFAULT_MODEL};
use moss_core::{Error, ErrorKind, Result};
use moss_models::{Places, locate, pack_to_file};

const USAGE: &str = "usage:
  moss-model pack <directory> <out.moss> [--model <id>]   pack published files (default moss-minilm)
  moss-model info <file.moss>                             check a packed file and say what is in it
  moss-model pull <id>                                    find a model, or download it into the cache";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["pack", directory, out] => pack(directory, out, DEFAULT_MODEL),
        ["pack", directory, out, "--model", id] => pack(directory, out, id),
        ["info", file] => info(Path::new(file)),
        ["pull", id] => pull(id),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("moss-model: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pack(directory: &str, out: &str, id: &str) -> Result<()> {
    pack_to_file(Path::new(directory), embed::find(id)?, Path::new(out))
}

fn pull(id: &str) -> Result<()> {
    let spec = embed::find(id)?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Error::new(ErrorKind::Internal, format!("runtime: {error}")))?;
    let path = runtime.block_on(locate(spec, &Places::from_env()))?;
    println!("{}", path.display());
    Ok(())
}

fn info(file: &Path) -> Result<()> {
    let description = embed::describe(file)?;
    println!("weights        {}", description.weights);
    println!("source sha256  {}", description.source_sha256);
    println!("dimensions     {}", description.dim);
    println!("layers         {}", description.layers);
    println!("tensors        {}", description.tensors);
    println!("bytes          {}", description.bytes);
    Ok(())
}
