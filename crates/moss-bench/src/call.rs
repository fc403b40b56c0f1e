//! What a call costs in Rust, to set beside what it costs in the other languages: see `call/README.md`.

use std::hint::black_box;
use std::time::Instant;

use moss::{
    AddOptions, Client, Document, GetOptions, PushOptions, QueryOptions, Result, SessionOptions, block_on,
};

use crate::corpus;

const NAME: &str = "call";
const DOCUMENTS: usize = 1000;
const DIM: usize = 384;
const WARM_UP: usize = 2000;
const CALLS: usize = 20_000;

/// Prints the median cost of a query with a ready vector, and leaves its session in the store for the other languages.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [store] = arguments else {
        return Err(corpus::usage("call STORE"));
    };
    let client = Client::with_base_url("bench", "bench", store)?;
    let session = block_on(client.session(NAME, &SessionOptions::new().model_id("custom")))?;
    session.add_docs((0..DOCUMENTS).map(document).collect(), &AddOptions::new())?;
    block_on(session.push_index(&PushOptions::new()))?;

    let asked = session.get_docs(&GetOptions::new().ids(["doc-7"]))?;
    let vector = asked[0].embedding.clone().unwrap_or_default();
    let mut times = Vec::with_capacity(CALLS);
    for call in 0..WARM_UP + CALLS {
        let started = Instant::now();
        // A caller hands its vector over with each call, in every language.
        let options = QueryOptions::new().embedding(vector.as_slice());
        let found = session.query("refund", &options)?;
        let took = started.elapsed();
        assert_eq!(black_box(found).docs.len(), 5);
        if call >= WARM_UP {
            times.push(took);
        }
    }
    times.sort_unstable();
    println!("{:<10} {:>8.2} us", "rust", times[CALLS / 2].as_secs_f64() * 1e6);
    Ok(())
}

/// A document with a vector of its own, of length 1, and some words.
fn document(number: usize) -> Document {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let vector: Vec<f32> = (0..DIM).map(|_| random.f32() - 0.5).collect();
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    let text = format!("utterance {number} about a refund of order {}", number % 100);
    Document::new(format!("doc-{number}"), text)
        .with_embedding(vector.iter().map(|value| value / length).collect::<Vec<_>>())
}
