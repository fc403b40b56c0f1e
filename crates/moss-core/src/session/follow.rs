//! A session that follows its index version by version, and changes that rest on one.

use crate::snapshot::{Layer, deleted_ids, live_rows};
use crate::state::Prepared;
use crate::{Result, limits};

use super::{Session, model};

impl Session {
    /// Takes in the segments that were added to the base, oldest first: afterwards the session is as one that was
    /// [resumed](Session::resume) from all segments. Queries see all of it or none. Documents changed here since the base
    /// stay as they are. O(size of these segments).
    ///
    /// # Errors
    /// `DimensionMismatch` if their vectors are not of the session's length, `TooLarge`: the session is to be opened again
    /// then.
    pub fn follow(&self, layers: &[Layer<'_>]) -> Result<()> {
        let mut live: Vec<(u64, usize, usize)> = live_rows(layers)
            .iter()
            .map(|at| (layers[at.layer].segment.order(at.row), at.layer, at.row))
            .collect();
        live.sort_unstable();
        let deleted = deleted_ids(layers);
        let added: Vec<(Prepared, usize, u64)> = live
            .into_iter()
            .map(|(order, layer, row)| {
                let row = layers[layer].segment.row(row);
                let prepared = Prepared::new(&row)?;
                Ok((prepared, row.vector.len(), order))
            })
            .collect::<Result<_>>()?;
        self.write(|guarded| {
            for id in deleted {
                guarded.take_out(id);
            }
            for (prepared, dim, order) in &added {
                guarded.take_in(prepared, *dim)?;
                let id = prepared.stored.id();
                if !guarded.state.changes().contains(id) {
                    guarded.state.set_order(id, *order);
                }
            }
            guarded.state.compact();
            limits::check_document_count(guarded.state.len())
        })
    }

    /// Makes the documents of this session, and the deletion of those ids, changes to what `base` holds: a push of this
    /// session onto the version of `base` writes them and nothing else. So an index is changed without a copy of it.
    /// O(documents here).
    ///
    /// ```
    /// use moss_core::{Document, query::AddOptions, session::{Model, Session}};
    /// let document = |id| vec![Document::new(id, "").with_embedding([1.0])];
    /// let base = Session::new(Model::Custom)?;
    /// base.add_docs([document("a"), document("b")].concat(), &AddOptions::new())?;
    /// let change = Session::new(Model::Custom)?;
    /// change.add_docs([document("b"), document("c")].concat(), &AddOptions::new())?;
    /// change.rest_on(&base, &["a".into(), "unknown".into()])?;
    /// let changes = change.changes()?;
    /// assert_eq!(changes.deleted, ["a"]);
    /// let in_base = changes.documents.iter().map(|changed| changed.in_base);
    /// assert_eq!(in_base.collect::<Vec<_>>(), [true, false]);
    /// # Ok::<(), moss_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `DimensionMismatch` if both hold vectors, of different length.
    pub fn rest_on(&self, base: &Session, deleted: &[String]) -> Result<()> {
        let base = base.read()?;
        self.write(|guarded| {
            let (own, stored) = (guarded.state.dim(), base.state.dim());
            if guarded.state.len() > 0 && base.state.len() > 0 && own != stored {
                return Err(model::dimension_mismatch("documents", own, stored));
            }
            guarded.state.rest_on(&base.state, deleted);
            Ok(())
        })
    }
}
