//! A session from stored segments.

use rustc_hash::FxHashSet;

use crate::snapshot::{Layer, live_rows};
use crate::state::State;
use crate::{Error, ErrorKind, Result};

use super::{Model, Session};

impl Session {
    /// Replaces the content by the documents of these segments, oldest first, which are the base from now on.
    ///
    /// # Errors
    /// `DimensionMismatch` if their vectors are not of the model's length; `TooLarge`. The content stays then.
    pub fn resume(&self, layers: &[Layer<'_>]) -> Result<()> {
        let state = self.load(layers)?;
        self.write(|guarded| {
            guarded.state = state;
            Ok(())
        })
    }

    /// Replaces the content by the documents of these segments, as changes to the base that the session has.
    ///
    /// # Errors
    /// As [`resume`](Session::resume).
    pub fn replace(&self, layers: &[Layer<'_>]) -> Result<()> {
        let mut state = self.load(layers)?;
        self.write(|guarded| {
            *state.changes_mut() = std::mem::take(guarded.state.changes_mut());
            let ids: Vec<_> = guarded
                .state
                .live_rows()
                .map(|row| guarded.state.stored(row).id.clone())
                .collect();
            for id in &ids {
                state.changes_mut().note(id, true);
            }
            let was_stored: FxHashSet<_> = ids.into_iter().collect();
            for at in live_rows(layers) {
                let id = layers[at.layer].segment.row(at.row).id;
                if !was_stored.contains(id) {
                    state.changes_mut().note(&id.into(), false);
                }
            }
            guarded.state = state;
            Ok(())
        })
    }

    /// Takes another model, as an empty session may that was opened without naming one.
    ///
    /// # Errors
    /// `ModelMismatch` if there are documents.
    pub fn adopt(&self, model: Model) -> Result<()> {
        self.write(|guarded| {
            if guarded.state.len() > 0 {
                return Err(Error::new(
                    ErrorKind::ModelMismatch,
                    format!(
                        "the session holds documents of model {}, it cannot take {}",
                        guarded.model.id(),
                        model.id()
                    ),
                ));
            }
            guarded.state.set_dim(model.dim())?;
            guarded.model = model;
            Ok(())
        })
    }

    fn load(&self, layers: &[Layer<'_>]) -> Result<State> {
        let dim = self.model().dim();
        let state = State::load(layers, dim)?;
        if dim != 0 && state.dim() != dim {
            return Err(super::model::dimension_mismatch("stored index", state.dim(), dim));
        }
        Ok(state)
    }
}
