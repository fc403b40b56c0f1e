//! Text to vector: opening the model, a query of 8 to 256 tokens on one thread, and a batch on all.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use moss_core::embed::{self, Embedder, Encoder};
use moss_core::{Error, ErrorKind, Result};

/// Takes the packed file as its argument, else what `MOSS_MODEL_DIR` holds.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let path = match (arguments.first(), std::env::var_os("MOSS_MODEL_DIR")) {
        (Some(path), _) => PathBuf::from(path),
        (None, Some(directory)) => PathBuf::from(directory).join("moss-minilm.moss"),
        (None, None) => return Err(Error::new(ErrorKind::ModelUnavailable, "name the model file")),
    };
    let start = Instant::now();
    let encoder = Encoder::open(&path, embed::find(embed::DEFAULT_MODEL)?)?;
    let opened = start.elapsed();
    encoder.warm()?;
    println!("open {}, first vector after {}", ms(opened), ms(start.elapsed()));

    for tokens in [8, 16, 32, 128, 256] {
        // "money" is one token; two more frame the text
        let text = "money ".repeat(tokens - 2);
        let times = sorted(2000 / tokens + 20, || encoder.embed_query(&text).map(drop))?;
        let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("query of {tokens:3} tokens: p50 {} p99 {}", ms(p50), ms(p99));
    }

    let text = "money ".repeat(126);
    let batch = vec![text.as_str(); 64];
    let times = sorted(5, || encoder.embed_documents(&batch).map(drop))?;
    println!(
        "document of 128 tokens in batches of 64: p50 {}",
        ms(times[2] / 64)
    );
    Ok(())
}

/// The durations of `runs` runs, shortest first.
fn sorted(runs: usize, mut work: impl FnMut() -> Result<()>) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}
