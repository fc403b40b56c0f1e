//! A whole state at once from stored segments: nothing is embedded or tokenised again.

use std::sync::Arc;
use std::thread;

use crate::index::VectorIndex;
use crate::lexical::NO_ROW;
use crate::snapshot::{Layer, live_rows};
use crate::vector::{Precision, QuantizedRow};
use crate::{Result, limits};

use super::{State, Stored};

/// Below this many rows a thread costs more than it saves.
const PARALLEL_ROWS: usize = 4096;

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
        let mut vectors = VectorIndex::new(dim.max(1), precision)?;
        let mut coded = Ok(());
        // Half of the work.
        let code_vectors = || coded = set_all(&mut vectors, layers, &live);
        in_parallel(live.len() >= PARALLEL_ROWS, code_vectors, || {
            state.fill(layers, &live)
        });
        coded?;
        state.vectors = vectors;
        Ok(state)
    }

    /// All but the vectors.
    fn fill(&mut self, layers: &[Layer<'_>], live: &[(u64, usize, usize)]) {
        let mut rows_of: Vec<Vec<u32>> = layers
            .iter()
            .map(|layer| vec![NO_ROW; layer.segment.row_count()])
            .collect();
        self.docs.reserve_exact(live.len());
        self.rows.reserve(live.len());
        for (new_row, &(_, layer, row)) in (0u32..).zip(live) {
            rows_of[layer][row] = new_row;
            let stored = Arc::new(Stored::new(&layers[layer].segment.row(row)));
            self.columns.insert(new_row, stored.pairs());
            self.rows.insert(stored.id.clone(), new_row);
            self.string_bytes += stored.string_bytes();
            self.docs.push(Some(stored));
        }
        for (layer, rows) in layers.iter().zip(&rows_of) {
            self.keywords.insert_batch(rows, &layer.segment.terms());
        }
        // The stored numbers stay: what is stored with them is not written again.
        self.order = live.iter().map(|&(order, ..)| order).collect();
        self.next_order = live.last().map_or(0, |&(order, ..)| order.saturating_add(1));
        self.live.grow(live.len());
        self.live.insert_range(..);
    }
}

/// Makes the vectors of these rows those of `vectors`, which has none.
fn set_all(vectors: &mut VectorIndex, layers: &[Layer<'_>], live: &[(u64, usize, usize)]) -> Result<()> {
    let mut coded = QuantizedRow::default();
    for (new_row, &(_, layer, row)) in (0u32..).zip(live) {
        coded.set(layers[layer].segment.vector(row))?;
        vectors.set(new_row, &coded)?;
    }
    Ok(())
}

/// Does two things, the first in a thread beside the second where that is worth one and can be had.
fn in_parallel<T>(is_worth_it: bool, mut first: impl FnMut() + Send, second: impl FnOnce() -> T) -> T {
    if !is_worth_it || thread::available_parallelism().is_ok_and(|count| count.get() == 1) {
        first();
        return second();
    }
    // A panic beside goes on from here when the scope ends.
    let (done, is_begun) = thread::scope(|scope| {
        let beside = thread::Builder::new().spawn_scoped(scope, &mut first);
        (second(), beside.is_ok())
    });
    if !is_begun {
        first();
    }
    done
}

#[cfg(test)]
mod tests {
    use super::PARALLEL_ROWS;
    use crate::Document;
    use crate::query::{AddOptions, QueryOptions};
    use crate::session::{Model, Session};
    use crate::snapshot::{Layer, Segment};

    #[test]
    fn rows_and_words_that_are_read_side_by_side_belong_together() {
        let session = Session::new(Model::Custom).unwrap();
        let documents = (0..PARALLEL_ROWS).map(|number| {
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
