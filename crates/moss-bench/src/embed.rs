//! Text to vector: opening the model, a query of 8 to 256 tokens on one thread, questions, and a batch on all.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use moss_core::embed::{self, Embedder, Encoder};
use moss_core::{Error, ErrorKind, Result};

use crate::corpus;

const QUESTIONS: usize = 1000;

/// Takes a file of questions, and a packed model in place of what `MOSS_MODEL_DIR` holds.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let path = arguments.get(1).map_or_else(model, |path| Ok(path.into()))?;
    let start = Instant::now();
    let encoder = Encoder::open(&path, embed::find(embed::DEFAULT_MODEL)?)?;
    let opened = start.elapsed();
    encoder.warm()?;
    println!("open {}, first vector after {}", ms(opened), ms(start.elapsed()));

    for tokens in [8, 16, 32, 128, 256] {
        // "money" is one token; two more frame the text
        let text = "money ".repeat(tokens - 2);
        let texts = vec![text; 2000 / tokens + 20];
        query(&encoder, &format!("query of {tokens:3} tokens"), &texts)?;
    }
    if let Some(questions) = arguments.first() {
        let questions = corpus::read(Path::new(questions), QUESTIONS)?;
        let questions: Vec<String> = questions.into_iter().map(|question| question.text).collect();
        let tokens: usize = questions.iter().map(|text| encoder.tokens(text).len()).sum();
        let mean = tokens as f64 / questions.len() as f64;
        query(
            &encoder,
            &format!("{} questions of {mean:.1} tokens", questions.len()),
            &questions,
        )?;
    }

    let text = "money ".repeat(126);
    let batch = vec![text.as_str(); 64];
    let mut times = Vec::new();
    for _ in 0..5 {
        times.push(time(|| encoder.embed_documents(&batch).map(drop))?);
    }
    times.sort_unstable();
    println!(
        "document of 128 tokens in batches of 64: p50 {}",
        ms(times[2] / 64)
    );
    Ok(())
}

/// The packed file of the default model.
pub(crate) fn model() -> Result<PathBuf> {
    let directory = std::env::var_os("MOSS_MODEL_DIR")
        .ok_or_else(|| Error::new(ErrorKind::ModelUnavailable, "name the model file"))?;
    Ok(PathBuf::from(directory).join("moss-minilm.moss"))
}

/// Prints what the vectors of these texts cost, and what of that is tokenizing.
fn query(encoder: &Encoder, label: &str, texts: &[String]) -> Result<()> {
    let (mut whole, mut tokens) = (Vec::new(), Vec::new());
    for text in texts {
        whole.push(time(|| encoder.embed_query(text).map(drop))?);
        // By turns, for a query does not find the vocabulary in the cache of the CPU either.
        tokens.push(time(|| {
            black_box(encoder.tokens(text));
            Ok(())
        })?);
    }
    let sum = |times: &[Duration]| times.iter().sum::<Duration>().as_secs_f64();
    let share = sum(&tokens) / sum(&whole) * 100.0;
    whole.sort_unstable();
    tokens.sort_unstable();
    println!(
        "{label}: p50 {} p99 {}, of which tokens p50 {:.1} us, {share:.1} percent of all",
        ms(whole[whole.len() / 2]),
        ms(whole[whole.len() * 99 / 100]),
        tokens[tokens.len() / 2].as_secs_f64() * 1e6
    );
    Ok(())
}

fn time(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}
