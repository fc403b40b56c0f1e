//! Cosine of the vectors that people get to those of the weights as published.

use std::path::Path;

use moss_core::Result;
use moss_core::embed::{self, Embedder, Encoder};

use crate::corpus;

/// Takes two packed files of the default model, the second made with `--fp32`, and files of texts, of which it reads as
/// many each as make 5,000 together.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    const TEXTS: usize = 5_000;
    let [ours, reference, files @ ..] = arguments else {
        return Err(corpus::usage("fidelity MODEL REFERENCE TEXTS.."));
    };
    if files.is_empty() {
        return Err(corpus::usage("fidelity MODEL REFERENCE TEXTS.."));
    }
    let spec = embed::find(embed::DEFAULT_MODEL)?;
    let (ours, reference) = (
        Encoder::open(Path::new(ours), spec)?,
        Encoder::open(Path::new(reference), spec)?,
    );

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
