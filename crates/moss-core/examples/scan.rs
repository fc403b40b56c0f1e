//! Times the exact ranking on clustered vectors and counts how often the full rows are needed.
//!
//! `cargo run --release -p moss-core --example scan [rows] [dim]` (defaults 50,000 and 384). The corpus is unit
//! vectors around 2,000 centres, the questions are further points around them: random vectors without centres
//! are all equally far apart and show nothing.

#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use std::time::{Duration, Instant};

use fixedbitset::FixedBitSet;
use moss_core::Result;
use moss_core::index::{Keys, Ranking, rank};
use moss_core::vector::{QuantizedRow, Vectors};

const CENTRES: usize = 2_000;
const QUESTIONS: usize = 500;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).filter_map(|a| a.parse::<usize>().ok());
    let (rows, dim) = (
        arguments.next().unwrap_or(50_000),
        arguments.next().unwrap_or(384),
    );
    let mut random = fastrand::Rng::with_seed(7);
    let centres: Vec<_> = (0..CENTRES)
        .map(|_| around(&mut random, &vec![0.0; dim]))
        .collect();
    let mut point = || {
        let centre = &centres[random.usize(..CENTRES)];
        around(&mut random, centre)
    };
    let mut vectors = Vectors::new(dim)?;
    let mut coding = Duration::ZERO;
    for row in 0..rows {
        let values = point();
        let start = Instant::now();
        vectors.set(row as u32, &QuantizedRow::new(&values)?)?;
        coding += start.elapsed();
    }
    println!(
        "{rows} x {dim}: {:.2} us to code and store a row",
        coding.as_secs_f64() * 1e6 / rows as f64
    );

    let questions: Vec<_> = (0..QUESTIONS).map(|_| point()).collect();
    let scores: Vec<f32> = (0..rows)
        .map(|row| if row % 50 == 0 { (row % 97) as f32 } else { 0.0 })
        .collect();
    let touched: Vec<u32> = (0..rows as u32)
        .filter(|&row| scores[row as usize] > 0.0)
        .collect();
    let keys = Keys {
        scores: &scores,
        best: 96.0,
        touched: &touched,
    };
    let order: Vec<u64> = (0..rows as u64).collect();
    for (name, alpha, step, top_k) in [
        ("vectors alone, top 10", 1.0, 1, 10),
        ("blend 0.8, top 5", 0.8, 1, 5),
        ("blend 0.8, top 100", 0.8, 1, 100),
        ("vectors alone, top 10 of 1 in 2", 1.0, 2, 10),
        ("vectors alone, top 10 of 1 in 10", 1.0, 10, 10),
        ("vectors alone, top 10 of 1 in 100", 1.0, 100, 10),
        ("vectors alone, all rows", 1.0, 1, rows),
    ] {
        let allowed: FixedBitSet = (0..rows).step_by(step).collect();
        let mut times = Vec::new();
        for query in &questions[..if top_k == rows { 20 } else { QUESTIONS }] {
            let ranking = Ranking {
                query: Some(query),
                alpha,
                keys: (alpha < 1.0).then_some(keys),
                allowed: &allowed,
                order: &order,
                top_k,
            };
            let start = Instant::now();
            let hits = rank(&vectors, &ranking)?;
            times.push(start.elapsed());
            assert_eq!(hits.len(), top_k.min(allowed.count_ones(..)));
        }
        times.sort();
        println!(
            "{name}: least {:?}, p50 {:?}, p99 {:?}",
            times[0],
            times[times.len() / 2],
            times[times.len() * 99 / 100]
        );
    }
    Ok(())
}

/// A unit vector at a cosine of about 0.75 to the given one, or anywhere if that is zero.
fn around(random: &mut fastrand::Rng, centre: &[f32]) -> Vec<f32> {
    let spread = 1.5 / (centre.len() as f32).sqrt();
    let v: Vec<f32> = centre
        .iter()
        .map(|x| x + spread * 2.0 * (random.f32() - 0.5))
        .collect();
    let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt();
    v.into_iter().map(|x| x / norm).collect()
}
