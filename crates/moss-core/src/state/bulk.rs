//! A whole state at once from stored segments: nothing is embedded or tokenised again.

use std::sync::Arc;

use crate::lexical::NO_ROW;
use crate::snapshot::{Layer, live_rows};
use crate::vector::{Precision, QuantizedRow};
use crate::{Result, limits};

use super::{State, Stored};

impl State {
    /// The documents of these segments, oldest segment first, as a base without changes. `dim` is the length of vectors
    /// where there are no documents.
    ///
    /// Rows follow the order of storing; documents that two writers stored at the same time, with the same number, follow
    /// the order of their segments. O(size).
    pub(crate) fn load(layers: &[Layer<'_>], dim: usize, precision: Precision) -> Result<State> {
        let mut live: Vec<(u64, usize, usize)> = live_rows(layers)
            .iter()
            .map(|at| (layers[at.layer].segment.row(at.row).order, at.layer, at.row))
            .collect();
        limits::check_document_count(live.len())?;
        live.sort_unstable();
        let dim = live
            .first()
            .map_or(dim, |&(_, layer, _)| layers[layer].segment.meta().dimension);

        let mut state = State::new(dim, precision)?;
        state.docs.reserve_exact(live.len());
        state.rows.reserve(live.len());
        let mut rows_of: Vec<Vec<u32>> = layers
            .iter()
            .map(|layer| vec![NO_ROW; layer.segment.row_count()])
            .collect();
        for (new_row, &(_, layer, row)) in live.iter().enumerate() {
            let new_row = new_row as u32;
            rows_of[layer][row] = new_row;
            let row = layers[layer].segment.row(row);
            let mut document = row.to_document();
            let stored = Arc::new(Stored {
                id: std::mem::take(&mut document.id).into(),
                text: document.text,
                metadata: document.metadata,
                payload: document.payload,
            });
            if let Some(metadata) = &stored.metadata {
                state.columns.insert(new_row, metadata);
            }
            state.vectors.set(new_row, &QuantizedRow::new(row.vector)?)?;
            state.rows.insert(stored.id.clone(), new_row);
            state.string_bytes += stored.string_bytes();
            state.docs.push(Some(stored));
        }
        // The stored numbers stay: what is stored with them is not written again.
        state.order = live.iter().map(|&(order, ..)| order).collect();
        state.next_order = live.last().map_or(0, |&(order, ..)| order.saturating_add(1));
        state.live.grow(live.len());
        state.live.insert_range(..);
        for (layer, rows) in layers.iter().zip(&rows_of) {
            state.keywords.insert_batch(rows, &layer.segment.terms());
        }
        Ok(state)
    }
}
