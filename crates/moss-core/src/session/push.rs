//! What a session tells and learns in a push: its changes since the base, and those of others.

use std::collections::HashSet;

use crate::lexical::{KeywordIndex, TermTable};
use crate::snapshot::{Row, SegmentContent, SegmentMeta};
use crate::state::{Prepared, State};
use crate::{Document, Result, text};

use super::{Guarded, Session};

/// Documents of a session as they are at one moment, for a push.
#[derive(Debug)]
pub struct Changed {
    /// Documents that are new or differ from the base, earlier stored first.
    pub documents: Vec<ChangedDocument>,
    /// The words of these documents.
    pub terms: TermTable<'static>,
    /// Ids that the base holds and the session does not.
    pub deleted: Vec<String>,
    /// Whether these are all documents, counted from no base.
    whole: bool,
    mark: u64,
}

impl Changed {
    /// The bytes of one segment of these documents, which deletes `tombstones` from earlier ones.
    ///
    /// # Errors
    /// `TooLarge` for a segment beyond its format.
    pub fn encode(&self, id: [u8; 16], model_id: &str, tombstones: &[&str]) -> Result<Vec<u8>> {
        let vector = |changed: &'_ ChangedDocument| changed.document.vector().map_or(0, <[f32]>::len);
        let rows: Vec<Row<'_>> = self
            .documents
            .iter()
            .map(|changed| {
                Row::new(
                    &changed.document,
                    changed.document.vector().unwrap_or_default(),
                    changed.order,
                )
            })
            .collect();
        SegmentContent {
            id,
            meta: &SegmentMeta {
                model_id: model_id.to_owned(),
                model_version: String::new(),
                dimension: self.documents.first().map_or(0, vector),
            },
            rows: &rows,
            terms: &self.terms,
            tombstones,
            row_versions: None,
        }
        .encode()
    }
}

/// One document of [`Changed`].
#[derive(Debug)]
pub struct ChangedDocument {
    /// The document with its vector.
    pub document: Document,
    /// When it was first stored.
    pub order: u64,
    /// Whether the base holds a document of that id.
    pub in_base: bool,
}

/// What others changed since the base, to be taken into the session after its push.
#[derive(Debug, Default, PartialEq)]
pub struct Taken {
    /// Documents with their vectors.
    pub documents: Vec<Document>,
    /// Ids they deleted.
    pub deleted: Vec<String>,
}

impl Session {
    /// What changed since the base; all documents while there is none.
    ///
    /// # Errors
    /// `Closed` if an earlier write failed half-way.
    pub fn changes(&self) -> Result<Changed> {
        let guarded = self.read()?;
        let state = &guarded.state;
        let mut rows = Vec::new();
        let mut deleted = Vec::new();
        for (id, in_base) in state.changes().ids() {
            match state.row(&id) {
                Some(row) => rows.push((row, in_base)),
                None if in_base => deleted.push(id.to_string()),
                None => {}
            }
        }
        Ok(snapshot(state, rows, deleted, false))
    }

    /// All documents, as if there were no base.
    ///
    /// # Errors
    /// `Closed` if an earlier write failed half-way.
    pub fn everything(&self) -> Result<Changed> {
        let guarded = self.read()?;
        let rows = guarded.state.live_rows().map(|row| (row, false)).collect();
        Ok(snapshot(&guarded.state, rows, Vec::new(), true))
    }

    /// The ids of the base.
    ///
    /// # Errors
    /// `Closed` if an earlier write failed half-way.
    pub fn base_ids(&self) -> Result<HashSet<String>> {
        let guarded = self.read()?;
        let state = &guarded.state;
        let unchanged = state.live_rows().map(|row| state.stored(row).id());
        let unchanged = unchanged
            .filter(|id| !state.changes().contains(id))
            .map(|id| id.to_string());
        let changed = state.changes().ids().into_iter().filter(|(_, in_base)| *in_base);
        Ok(unchanged.chain(changed.map(|(id, _)| id.to_string())).collect())
    }

    /// Makes the pushed version the base and takes in what others had changed. Documents changed here since
    /// `changed` was made stay as they are and belong to the next push.
    ///
    /// # Errors
    /// `DimensionMismatch` if the session took vectors of another length since `changed` was made; what does not fit is not
    /// taken in then.
    pub fn pushed(&self, changed: &Changed, taken: &Taken) -> Result<()> {
        let prepared: Vec<(Prepared, usize)> = taken
            .documents
            .iter()
            .map(|document| {
                let vector = document.embedding.as_deref().unwrap_or_default();
                Ok((Prepared::new(&Row::new(document, vector, 0))?, vector.len()))
            })
            .collect::<Result<_>>()?;
        self.write(|guarded| {
            guarded.rebase(changed);
            // Deletions first: a `custom` session that they empty takes vectors of another length.
            for id in &taken.deleted {
                guarded.take_out(id);
            }
            for (prepared, dim) in &prepared {
                guarded.take_in(prepared, *dim)?;
            }
            guarded.state.compact();
            Ok(())
        })
    }
}

impl Guarded {
    /// The base is what `changed` made of it.
    fn rebase(&mut self, changed: &Changed) {
        let changes = self.state.changes_mut();
        changes.forget(changed.mark);
        if changed.whole {
            changes.set_none_in_base();
        }
        for changed in &changed.documents {
            changes.set_in_base(&changed.document.id, true);
        }
        for id in &changed.deleted {
            changes.set_in_base(id, false);
        }
    }

    pub(super) fn take_in(&mut self, prepared: &Prepared, dim: usize) -> Result<()> {
        let id = prepared.stored.id();
        self.state.changes_mut().set_in_base(id, true);
        if self.state.changes().contains(id) {
            return Ok(());
        }
        match self.dim() {
            0 => self.state.set_dim(dim)?,
            own if own != dim => {
                return Err(super::model::dimension_mismatch(
                    format_args!("document {id:?}"),
                    dim,
                    own,
                ));
            }
            _ => {}
        }
        self.state.put_base(prepared);
        Ok(())
    }

    pub(super) fn take_out(&mut self, id: &str) {
        self.state.changes_mut().set_in_base(id, false);
        if !self.state.changes().contains(id) {
            self.state.delete_base(id);
        }
    }
}

/// Copies rows out of the state, each with whether the base holds its id.
fn snapshot(state: &State, mut rows: Vec<(u32, bool)>, deleted: Vec<String>, whole: bool) -> Changed {
    rows.sort_unstable_by_key(|&(row, _)| state.order()[row as usize]);
    let terms = term_table(state, &rows);
    let documents = rows
        .into_iter()
        .map(|(row, in_base)| ChangedDocument {
            document: state.stored(row).document(Some(state.vector(row))),
            order: state.order()[row as usize],
            in_base,
        })
        .collect();
    Changed {
        documents,
        terms,
        deleted,
        whole,
        mark: state.changes().mark(),
    }
}

/// The words of these rows: from the postings in one pass over all of them, or from the texts where that is less work.
fn term_table(state: &State, rows: &[(u32, bool)]) -> TermTable<'static> {
    /// Rows of an index gone through in the time that one text takes to analyse.
    const ROWS_PER_TEXT: usize = 64;
    if rows.len() * ROWS_PER_TEXT > state.len() {
        return state
            .keywords()
            .term_table(&rows.iter().map(|&(row, _)| row).collect::<Vec<_>>());
    }
    let mut keywords = KeywordIndex::default();
    for (at, &(row, _)) in rows.iter().enumerate() {
        keywords.insert(at as u32, &text::analyze(state.stored(row).text()));
    }
    keywords.term_table(&(0..rows.len() as u32).collect::<Vec<_>>())
}
