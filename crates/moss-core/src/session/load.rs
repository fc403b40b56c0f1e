//! A session from stored segments.

use rustc_hash::FxHashSet;

use crate::snapshot::{Layer, live_rows};
use crate::state::State;
use crate::{Error, ErrorKind, Result};

use super::{Model, Session};

/// A point in the life of a session's content; every change of it is followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(u64);

impl Session {
    /// Whether there are changes since the base, which the next push would write.
    pub fn has_changes(&self) -> bool {
        !self.guarded.read().state.changes().is_empty()
    }

    /// The moment of the last change.
    pub fn moment(&self) -> Moment {
        Moment(self.guarded.read().state.changes().mark())
    }

    /// Replaces the content by the documents of these segments, oldest first, which are the base from now on.
    ///
    /// # Errors
    /// `DimensionMismatch` if their vectors are not of the model's length; `TooLarge`. The content stays then.
    pub fn resume(&self, layers: &[Layer<'_>]) -> Result<()> {
        self.swap(layers, |_| true, start_over).map(|_| ())
    }

    /// As [`resume`](Session::resume), unless there are changes since the base at that instant: then nothing happens, and it
    /// returns false.
    ///
    /// # Errors
    /// As [`resume`](Session::resume).
    pub fn resume_without_changes(&self, layers: &[Layer<'_>]) -> Result<bool> {
        let swapped = self.swap(layers, |held| held.changes().is_empty(), start_over)?;
        Ok(swapped.is_some())
    }

    /// Replaces the content by the documents of these segments, as changes to the base that the session has. Returns the
    /// moment at which it did; with `only_at`, nothing happens if the content changed since that moment.
    ///
    /// # Errors
    /// As [`resume`](Session::resume).
    pub fn replace(&self, layers: &[Layer<'_>], only_at: Option<Moment>) -> Result<Option<Moment>> {
        let is_due = |held: &State| only_at.is_none_or(|moment| moment == Moment(held.changes().mark()));
        self.swap(layers, is_due, |new, held| {
            *new.changes_mut() = std::mem::take(held.changes_mut());
            let was_stored: FxHashSet<&str> = held.live_rows().map(|row| held.stored(row).id()).collect();
            for row in held.live_rows() {
                new.changes_mut().note(held.stored(row).id(), true);
            }
            for at in live_rows(layers) {
                let id = layers[at.layer].segment.row(at.row).id;
                if !was_stored.contains(id) {
                    new.changes_mut().note(id, false);
                }
            }
        })
    }

    /// Puts these documents in place of the state held, if that `is_due` under the lock, and returns the moment after it.
    /// `settle` makes the log of the new state.
    fn swap(
        &self,
        layers: &[Layer<'_>],
        is_due: impl FnOnce(&State) -> bool,
        settle: impl FnOnce(&mut State, &mut State),
    ) -> Result<Option<Moment>> {
        let mut new = self.load(layers)?;
        let swapped = self.write(|guarded| {
            if !is_due(&guarded.state) {
                return Ok(None);
            }
            settle(&mut new, &mut guarded.state);
            let moment = Moment(new.changes().mark());
            Ok(Some((moment, std::mem::replace(&mut guarded.state, new))))
        })?;
        // What was held is freed only now: nobody waits for it.
        Ok(swapped.map(|(moment, _held)| moment))
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
        let state = State::load(layers, dim, self.precision)?;
        if dim != 0 && state.dim() != dim {
            return Err(super::model::dimension_mismatch("stored index", state.dim(), dim));
        }
        Ok(state)
    }
}

/// The log of a state that is its own base.
fn start_over(new: &mut State, held: &mut State) {
    new.changes_mut().start_after(held.changes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use crate::query::{AddOptions, GetOptions};
    use crate::snapshot::Segment;

    fn session(ids: &[&str]) -> Session {
        let session = Session::new(Model::Custom).unwrap();
        add(&session, ids);
        session
    }

    fn add(session: &Session, ids: &[&str]) {
        let documents = ids.iter().map(|id| Document::new(*id, "").with_embedding([1.0]));
        session.add_docs(documents.collect(), &AddOptions::new()).unwrap();
    }

    fn ids(session: &Session) -> Vec<String> {
        let documents = session.get_docs(&GetOptions::new()).unwrap();
        documents.into_iter().map(|document| document.id).collect()
    }

    /// Calls `load` with a segment of these documents.
    fn with_layer<T>(documents: &[&str], load: impl FnOnce(&[Layer<'_>]) -> T) -> T {
        let changed = session(documents).everything().unwrap();
        let bytes = changed.encode([7; 16], "custom", &[]).unwrap();
        let segment = Segment::decode(&bytes, "test").unwrap();
        load(&[Layer {
            segment: &segment,
            since: 1,
        }])
    }

    #[test]
    fn a_newer_base_waits_for_changes_to_be_pushed() {
        let session = session(&["a"]);
        assert!(session.has_changes());
        let resumed = || with_layer(&["b"], |layers| session.resume_without_changes(layers).unwrap());
        assert!(!resumed());
        assert_eq!(ids(&session), ["a"]);
        session
            .pushed(&session.changes().unwrap(), &super::super::Taken::default())
            .unwrap();
        assert!(!session.has_changes());
        assert!(resumed());
        assert_eq!(ids(&session), ["b"]);
        assert!(!session.has_changes());
        session.delete_docs(&["b"]).unwrap();
        assert!(!resumed());
    }

    #[test]
    fn content_is_replaced_only_at_the_moment_named() {
        let session = session(&["a"]);
        let replace = |only_at| with_layer(&["b", "c"], |layers| session.replace(layers, only_at).unwrap());
        let loaded = replace(None).unwrap();
        assert_eq!(
            (ids(&session), session.moment()),
            (vec!["b".into(), "c".into()], loaded)
        );
        let again = replace(Some(loaded)).unwrap();
        assert_eq!(session.moment(), again);

        // A push changes no document; what it takes in does, and so does a base put in.
        let changed = session.changes().unwrap();
        session.pushed(&changed, &super::super::Taken::default()).unwrap();
        assert_eq!(session.moment(), again);
        let taken = super::super::Taken {
            documents: vec![Document::new("d", "").with_embedding([1.0])],
            deleted: vec![],
        };
        session.pushed(&session.changes().unwrap(), &taken).unwrap();
        assert_eq!(replace(Some(again)), None);
        assert_eq!(ids(&session), ["b", "c", "d"]);
        let before = session.moment();
        with_layer(&["e"], |layers| session.resume(layers).unwrap());
        assert_eq!(replace(Some(before)), None);
    }
}
