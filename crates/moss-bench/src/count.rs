//! Work that is the same in every run, to count the instructions of: `scripts/count-instructions`.

use std::hint::black_box;
use std::sync::Arc;

use moss_core::embed::{self, Embedder, Encoder};
use moss_core::query::{AddOptions, QueryOptions};
use moss_core::session::{Model, Session};
use moss_core::{Document, Result};

const DOCUMENTS: usize = 20_000;
/// Documents lie around so many points, as texts lie around subjects: of vectors without any order none is near.
const SUBJECTS: u64 = 200;

/// Does each work twice, of which the second is counted, and prints the name of each.
pub(crate) fn run(_: &[String]) -> Result<()> {
    let spec = embed::find(embed::DEFAULT_MODEL)?;
    let encoder = Arc::new(Encoder::open(&crate::embed::model()?, spec)?);
    for tokens in [8, 16, 128] {
        // "money" is one token; two more frame the text
        let text = "money ".repeat(tokens - 2);
        work(&format!("embed {tokens} tokens"), |_| {
            encoder.embed_query(&text).map(drop)
        })?;
    }

    let session = Session::new(Model::BuiltIn {
        id: spec.id.to_owned(),
        embedder: encoder,
    })?;
    let documents = (0..DOCUMENTS).map(|number| document(number, spec.dim)).collect();
    session.add_docs(documents, &AddOptions::new())?;
    let nearest = QueryOptions::new().alpha(1.0).embedding(vector(1, spec.dim));
    work("search by vector", |_| {
        session.query("refund", &nearest).map(drop)
    })?;
    let keywords = QueryOptions::new().alpha(0.0);
    work("search by keywords", |_| {
        session.query("a refund of order 7", &keywords).map(drop)
    })?;
    work("add a document with its vector", |time| {
        let document = document(DOCUMENTS + time, spec.dim);
        session.add_docs(vec![document], &AddOptions::new()).map(drop)
    })
}

/// The first time makes what is made on first use.
fn work(name: &str, mut work: impl FnMut(usize) -> Result<()>) -> Result<()> {
    work(0)?;
    counted(&mut || work(1))?;
    println!("{name}");
    Ok(())
}

/// Callgrind counts in here alone, and writes the count on the way out.
#[inline(never)]
fn counted(work: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    // Something must be left to do after the call, or it becomes a jump out of here.
    black_box(work())
}

fn document(number: usize, dim: usize) -> Document {
    let text = format!("utterance {number} about a refund of order {}", number % 100);
    Document::new(format!("doc-{number}"), text).with_embedding(vector(number as u64, dim))
}

/// The point of its subject, and three times as much of its own: as with texts, one row in some tens may be among the nearest by
/// its signs.
fn vector(number: u64, dim: usize) -> Vec<f32> {
    let mut subject = fastrand::Rng::with_seed(number % SUBJECTS);
    let mut own = fastrand::Rng::with_seed(SUBJECTS + number);
    let mut next = || subject.f32() - 0.5 + (own.f32() - 0.5) * 3.0;
    let vector: Vec<f32> = (0..dim).map(|_| next()).collect();
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.into_iter().map(|x| x / length).collect()
}
