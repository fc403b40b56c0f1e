//! A whole state at once from stored segments: nothing is embedded or tokenised again.

use std::num::NonZero;
use std::thread;

use parking_lot::Mutex;

use crate::index::VectorIndex;
use crate::lexical::{KeywordIndex, NO_ROW};
use crate::snapshot::{Layer, live_rows};
use crate::vector::{Fill, Precision};
use crate::{Result, limits};

use super::{State, Stored};

/// For fewer rows a thread costs more than it saves.
const ROWS_PER_HELPER: usize = 4096;
/// The host has other work for its cores.
const MOST_HELPERS: usize = 3;

impl State {
    /// The documents of these segments, oldest segment first, as a base without changes. `dim` is the length of vectors
    /// where there are no documents.
    ///
    /// Rows follow the order of storing; documents that two writers stored at the same time, with the same number, follow
    /// the order of their segments. O(size).
    pub(crate) fn load(layers: &[Layer<'_>], dim: usize, precision: Precision) -> Result<State> {
        let mut live: Vec<(u64, usize, usize)> = live_rows(layers)
            .iter()
            .map(|at| (layers[at.layer].segment.order(at.row), at.layer, at.row))
            .collect();
        limits::check_document_count(live.len())?;
        live.sort_unstable();
        let dim = live
            .first()
            .map_or(dim, |&(_, layer, _)| layers[layer].segment.meta().dimension);

        let mut state = State::new(dim, precision)?;
        let vector_of = |new_row: usize| {
            let (_, layer, row) = live[new_row];
            layers[layer].segment.vector(row)
        };
        // Each about a third of the work, of which only the vectors can be shared out.
        let vectors = Fill::new(dim.max(1), precision, live.len(), vector_of)?;
        let keywords = side_by_side(
            live.len(),
            || state.fill(layers, &live),
            || keywords(layers, &live),
            || vectors.work(),
        );
        let (vectors, norms) = vectors.finish()?;
        state.vectors = VectorIndex::of(vectors, &norms);
        state.keywords = keywords;
        Ok(state)
    }

    /// All but vectors and keywords.
    fn fill(&mut self, layers: &[Layer<'_>], live: &[(u64, usize, usize)]) {
        self.docs.reserve_exact(live.len());
        self.ids.reserve(live.len(), &self.docs);
        let mut buffer = Vec::new();
        for (new_row, &(_, layer, row)) in (0u32..).zip(live) {
            let stored = Stored::with_buffer(&layers[layer].segment.row(row), &mut buffer);
            self.columns.insert(new_row, stored.pairs());
            self.string_bytes += stored.string_bytes();
            self.docs.push(Some(stored));
            self.ids.insert(new_row, &self.docs);
        }
        // The stored numbers stay: what is stored with them is not written again.
        self.order = live.iter().map(|&(order, ..)| order).collect();
        self.next_order = live.last().map_or(0, |&(order, ..)| order.saturating_add(1));
        self.live.grow(live.len());
        self.live.insert_range(..);
    }
}

/// The words of these documents.
fn keywords(layers: &[Layer<'_>], live: &[(u64, usize, usize)]) -> KeywordIndex {
    let mut rows_of: Vec<Vec<u32>> = layers
        .iter()
        .map(|layer| vec![NO_ROW; layer.segment.row_count()])
        .collect();
    for (new_row, &(_, layer, row)) in (0u32..).zip(live) {
        rows_of[layer][row] = new_row;
    }
    let mut keywords = KeywordIndex::default();
    for (layer, rows) in layers.iter().zip(&rows_of) {
        keywords.insert_batch(rows, &layer.segment.terms());
    }
    keywords
}

/// Runs `own`, and `other`, and `shared` on as many threads as the rows are worth: one takes `own`, the next one `other`, and whoever
/// has nothing else to do `shared`, which returns when there is nothing more of it to begin.
fn side_by_side<T: Send>(
    rows: usize,
    own: impl FnOnce(),
    other: impl FnOnce() -> T + Send,
    shared: impl Fn() + Sync,
) -> T {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let helpers = (cores - 1).min(rows / ROWS_PER_HELPER).min(MOST_HELPERS);
    let (other, done) = (Mutex::new(Some(other)), Mutex::new(None));
    let help = || {
        let taken = other.lock().take();
        if let Some(other) = taken {
            *done.lock() = Some(other());
        }
        shared();
    };
    // A panic beside goes on from here when the scope ends.
    thread::scope(|scope| {
        for _ in 0..helpers {
            // Without it more is left to this thread.
            let _ = thread::Builder::new().spawn_scoped(scope, help);
        }
        own();
        help();
    });
    done.into_inner().expect("whoever came first has done it")
}

#[cfg(test)]
mod tests {
    use super::ROWS_PER_HELPER;
    use crate::Document;
    use crate::query::{AddOptions, QueryOptions};
    use crate::session::{Model, Session};
    use crate::snapshot::{Layer, Segment};

    #[test]
    fn rows_and_words_that_are_read_side_by_side_belong_together() {
        let session = Session::new(Model::Custom).unwrap();
        let documents = (0..ROWS_PER_HELPER).map(|number| {
            let id = format!("d{number}");
            Document::new(&*id, &*format!("word {id}")).with_embedding([1.0])
        });
        session.add_docs(documents.collect(), &AddOptions::new()).unwrap();
        let bytes = session
            .everything()
            .unwrap()
            .encode([7; 16], "custom", &[])
            .unwrap();
        let segment = Segment::decode(&bytes, "test").unwrap();
        let resumed = Session::new(Model::Custom).unwrap();
        let layer = Layer {
            segment: &segment,
            since: 1,
        };
        resumed.resume(&[layer]).unwrap();
        let options = QueryOptions::new().alpha(0.0).top_k(1).embedding(vec![1.0]);
        for id in ["d0", "d2048", "d4095"] {
            assert_eq!(resumed.query(id, &options).unwrap()[0].id, id);
        }
    }
}
