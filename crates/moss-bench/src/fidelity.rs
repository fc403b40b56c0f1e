//! Cosine of the vectors that people get to those of the weights as published.

use std::path::Path;

use moss_core::embed::{self, Embedder, Encoder};
use moss_core::vector::Precision;
use moss_core::{Error, ErrorKind, Result};

use crate::corpus;

/// Takes the folder with the published files of the default model and files of texts, of which it reads as many each as
/// make 5,000 together.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    const TEXTS: usize = 5_000;
    let [published, files @ ..] = arguments else {
        return Err(invalid("usage: fidelity PUBLISHED TEXTS.."));
    };
    if files.is_empty() {
        return Err(invalid("name files of texts"));
    }
    let spec = embed::find(embed::DEFAULT_MODEL)?;
    let open = |precision, name| {
        let file = std::env::temp_dir().join(format!("moss-bench-{}-{name}.moss", std::process::id()));
        let write =
            |bytes: Vec<u8>| std::fs::write(&file, bytes).map_err(|error| invalid(&error.to_string()));
        let opened = embed::pack(Path::new(published), spec, precision)
            .and_then(write)
            .and_then(|()| Encoder::open(&file, spec));
        // Nothing is lost if it stays behind in the temporary folder.
        let _ = std::fs::remove_file(&file);
        opened
    };
    let (ours, reference) = (open(Precision::Int8, "int8")?, open(Precision::F32, "fp32")?);

    let mut cosines = Vec::new();
    for file in files {
        let entries = corpus::read(Path::new(file), TEXTS.div_ceil(files.len()))?;
        let texts: Vec<&str> = entries.iter().map(|entry| &*entry.text).collect();
        let pairs = ours
            .embed_documents(&texts)?
            .into_iter()
            .zip(reference.embed_documents(&texts)?);
        let cosine =
            |(x, y): (Vec<f32>, Vec<f32>)| x.iter().zip(y).map(|(x, y)| f64::from(x * y)).sum::<f64>();
        let mut those: Vec<f64> = pairs.map(cosine).collect();
        say(file, &mut those);
        cosines.append(&mut those);
    }
    say("all", &mut cosines);
    Ok(())
}

fn say(what: &str, cosines: &mut [f64]) {
    cosines.sort_unstable_by(f64::total_cmp);
    let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
    println!(
        "{what}: {} texts, cosine to f32 {mean:.5} on average, {:.5} at worst",
        cosines.len(),
        cosines[0]
    );
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}
