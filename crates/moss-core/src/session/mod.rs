//! The front door of core: one index in memory that is written and read at the same time.
//!
//! Reads run in parallel; writes are serialised; a query sees a whole batch or none of it. Texts are embedded,
//! analysed and quantised before the lock is taken. What a session is called and where it is pushed to is known
//! outside, in the crate `moss`.

mod follow;
mod load;
mod model;
mod push;
#[cfg(test)]
mod tests;

use std::fmt;

use parking_lot::{RwLock, RwLockReadGuard};

use crate::index::GRAPH_ABOVE;
use crate::query::{self, AddOptions, GetOptions, QueryOptions, ScoredDocument};
use crate::snapshot::Row;
use crate::state::{Prepared, State};
use crate::vector::Precision;
use crate::{Document, Error, ErrorKind, Result, limits};

pub use load::Moment;
pub use model::Model;
pub use push::{Changed, ChangedDocument, Taken};

/// What [`Session::add_docs`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Upserted {
    /// Documents whose id was new.
    pub added: usize,
    /// Documents that replaced one.
    pub updated: usize,
}

/// A read-write index in memory.
///
/// ```
/// use moss_core::session::{Model, Session};
/// use moss_core::query::{AddOptions, QueryOptions};
/// use moss_core::Document;
///
/// let session = Session::new(Model::Custom)?;
/// session.add_docs(
///     vec![
///         Document::new("a", "I want a refund").with_embedding([1.0, 0.0]),
///         Document::new("b", "What is the weather?").with_embedding([0.0, 1.0]),
///     ],
///     &AddOptions::new(),
/// )?;
/// let found = session.query("refund", &QueryOptions::new().embedding([1.0, 0.0]).top_k(1))?;
/// assert_eq!(found[0].id, "a");
/// # Ok::<(), moss_core::Error>(())
/// ```
pub struct Session {
    precision: Precision,
    guarded: RwLock<Guarded>,
}

struct Guarded {
    model: Model,
    state: State,
    /// Set while a write is under way: still set under the lock, a panic tore the state.
    writing: bool,
}

impl Session {
    /// An empty session of this model.
    ///
    /// # Errors
    /// `InvalidArgument` for a model whose vectors are longer than an index takes.
    pub fn new(model: Model) -> Result<Session> {
        Session::with_precision(model, Precision::F32)
    }

    /// An empty session that holds its vectors in this precision, from the moment that they enter: queries rank by them,
    /// [`get_docs`](Session::get_docs) returns them, pushes write them.
    ///
    /// # Errors
    /// As [`new`](Session::new).
    pub fn with_precision(model: Model, precision: Precision) -> Result<Session> {
        let state = State::new(model.dim(), precision)?;
        Ok(Session {
            precision,
            guarded: RwLock::new(Guarded {
                model,
                state,
                writing: false,
            }),
        })
    }

    /// The id of the model in force.
    pub fn model_id(&self) -> String {
        self.guarded.read().model.id().to_owned()
    }

    /// The model in force.
    pub fn model(&self) -> Model {
        self.guarded.read().model.clone()
    }

    /// How many documents are stored.
    pub fn doc_count(&self) -> usize {
        self.guarded.read().state.len()
    }

    /// Whether a document of that id is stored.
    pub fn contains(&self, id: &str) -> bool {
        self.guarded.read().state.contains(id)
    }

    /// About how many bytes of memory the documents, their vectors and their words take. O(1).
    pub fn memory_bytes(&self) -> usize {
        self.guarded.read().state.memory_bytes()
    }

    /// Stores documents; one whose id exists is replaced whole unless `options.upsert` is false. The same id twice in
    /// a batch counts as added one after the other. All or nothing; the next query sees it.
    ///
    /// A built-in model embeds the text of documents without a vector; `custom` wants a vector in each.
    ///
    /// # Errors
    /// Of the batch, before anything is stored: `InvalidArgument` (empty id, non-finite vector), `TooLarge`,
    /// `DimensionMismatch`, `EmbeddingMissing`, `MixedEmbeddings`.
    pub fn add_docs(&self, documents: Vec<Document>, options: &AddOptions) -> Result<Upserted> {
        documents.iter().try_for_each(Document::check)?;
        let (model, dim) = {
            let guarded = self.read()?;
            (guarded.model.clone(), guarded.dim())
        };
        model.check(&documents, dim)?;
        let documents = self.without_passed_over(documents, options)?;
        if documents.is_empty() {
            return Ok(Upserted::default());
        }
        let vectors = model.vectors(&documents)?;
        let prepared: Vec<Prepared> = documents
            .iter()
            .zip(&vectors)
            .map(|(document, vector)| Prepared::new(&Row::new(document, vector, 0)))
            .collect::<Result<_>>()?;
        self.write(|guarded| guarded.put_all(prepared, &model, vectors[0].len(), options))
    }

    /// Leaves out documents that are stored already where that means to pass them over, so that they are not embedded
    /// for nothing. What is stored by another thread meanwhile is passed over under the lock.
    fn without_passed_over(
        &self,
        mut documents: Vec<Document>,
        options: &AddOptions,
    ) -> Result<Vec<Document>> {
        if !options.upsert {
            let guarded = self.read()?;
            documents.retain(|document| !guarded.state.contains(&document.id));
        }
        Ok(documents)
    }

    /// Removes documents and returns how many were there; unknown ids are ignored.
    ///
    /// # Errors
    /// `Closed` if an earlier write failed half-way.
    pub fn delete_docs<I: AsRef<str>>(&self, ids: &[I]) -> Result<usize> {
        self.write(|guarded| {
            let deleted = ids.iter().filter(|id| guarded.state.delete(id.as_ref())).count();
            guarded.state.compact();
            Ok(deleted)
        })
    }

    /// Documents by id, by filter, or all, see [`GetOptions`]. Vectors come back for `custom` only.
    ///
    /// # Errors
    /// `Closed` if an earlier write failed half-way.
    pub fn get_docs(&self, options: &GetOptions) -> Result<Vec<Document>> {
        let guarded = self.read()?;
        let Guarded { model, state, .. } = &*guarded;
        let with_vectors = matches!(model, Model::Custom);
        Ok(query::get(state, options)
            .iter()
            .map(|rows| {
                let first = rows[0];
                let embedding = with_vectors.then(|| state.vector(first));
                let mut document = state.stored(first).document(embedding);
                if rows.len() > 1 {
                    document.text = query::joined_text(state, rows);
                }
                document
            })
            .collect())
    }

    /// The documents that answer `text` best, by descending score; at most `options.top_k`, fewer only if fewer match.
    ///
    /// `score = alpha * (1 + dot) / 2 + (1 - alpha) * bm25 / best bm25`, in 0 to 1, the same formula at every alpha and
    /// for every filter, so that a threshold keeps its meaning. At alpha 0 documents without a query word are left out.
    /// Equal scores rank in the order of storing.
    ///
    /// Blend of scores by convex combination: Bruch et al. 2023, arXiv:2210.11934.
    ///
    /// # Errors
    /// `InvalidArgument` (alpha, non-finite vector), `EmbeddingRequired` (`custom` without a vector),
    /// `DimensionMismatch`.
    pub fn query(&self, text: &str, options: &QueryOptions) -> Result<Vec<ScoredDocument>> {
        options.check(text)?;
        let model = {
            let guarded = self.read()?;
            if matches!(guarded.model, Model::Custom) {
                guarded.model.query_vector(text, options.vector())?;
            }
            if guarded.state.len() == 0 || options.top_k == 0 {
                return Ok(Vec::new());
            }
            guarded.model.clone()
        };
        let needs_vector = query::effective_alpha(text, options.alpha).is_some_and(|alpha| alpha > 0.0);
        let vector = match options.vector() {
            None if !needs_vector => None,
            own => Some(model.query_vector(text, own)?),
        };
        let guarded = self.read()?;
        match &vector {
            Some(vector) if guarded.state.len() > 0 && vector.len() != guarded.state.dim() => Err(
                model::dimension_mismatch("query", vector.len(), guarded.state.dim()),
            ),
            _ => query::run(&guarded.state, text, vector.as_deref(), options),
        }
    }

    /// Whether a query takes about a millisecond or two, so that whoever serves others may as well do it at once as hand it to a thread:
    /// a short text to embed or none, few results, and no more documents than are scanned.
    pub fn is_quick(&self, text: &str, options: &QueryOptions) -> bool {
        // 35 tokens, of which 32 take 1 to 4 ms, as the CPU is; handing them to a thread and back takes 0.07 more.
        const EMBEDDED_BYTES: usize = 160;
        const TEXT_BYTES: usize = 1_000;
        const RESULTS: usize = 100;
        let embeds = options.vector().is_none() && options.alpha > 0.0;
        text.len() <= if embeds { EMBEDDED_BYTES } else { TEXT_BYTES }
            && options.top_k <= RESULTS
            && options.group_by.is_none()
            && self.doc_count() <= GRAPH_ABOVE
    }

    /// The vector of a query text, as [`query`](Session::query) would make it.
    ///
    /// # Errors
    /// `EmbeddingRequired` for `custom`.
    pub fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        self.model().query_vector(text, None)
    }

    fn read(&self) -> Result<RwLockReadGuard<'_, Guarded>> {
        let guarded = self.guarded.read();
        guarded.check_whole()?;
        Ok(guarded)
    }

    /// Runs a write. It may end early with an error, and must leave documents, vectors and words in step even then.
    fn write<T>(&self, write: impl FnOnce(&mut Guarded) -> Result<T>) -> Result<T> {
        let mut guarded = self.guarded.write();
        guarded.check_whole()?;
        guarded.writing = true;
        let result = write(&mut guarded);
        guarded.writing = false;
        result
    }
}

/// The model and the size; never a document.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guarded = self.guarded.read();
        f.debug_struct("Session")
            .field("model", &guarded.model.id())
            .field("documents", &guarded.state.len())
            .finish()
    }
}

impl Guarded {
    fn check_whole(&self) -> Result<()> {
        if self.writing {
            return Err(Error::new(
                ErrorKind::Closed,
                "session is closed: an earlier write failed half-way, open it again",
            ));
        }
        Ok(())
    }

    /// The length of vectors taken now; 0 while any is.
    fn dim(&self) -> usize {
        match self.model {
            Model::Custom if self.state.len() == 0 => 0,
            _ => self.state.dim(),
        }
    }

    fn put_all(
        &mut self,
        prepared: Vec<Prepared>,
        model: &Model,
        dim: usize,
        options: &AddOptions,
    ) -> Result<Upserted> {
        // Both were right when the vectors were made; another thread may have written since.
        if self.model.id() != model.id() {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "the session changed from model {} to {} meanwhile, add again",
                    model.id(),
                    self.model.id()
                ),
            ));
        }
        if self.dim() != 0 && self.dim() != dim {
            return Err(model::dimension_mismatch("documents", dim, self.dim()));
        }
        let new = prepared
            .iter()
            .filter(|prepared| !self.state.contains(prepared.stored.id()))
            .count();
        limits::check_document_count(self.state.len().saturating_add(new))?;
        if self.dim() == 0 {
            self.state.set_dim(dim)?;
        }
        let mut upserted = Upserted::default();
        for prepared in prepared {
            if !options.upsert && self.state.contains(prepared.stored.id()) {
                continue;
            }
            match self.state.put(&prepared) {
                true => upserted.updated += 1,
                false => upserted.added += 1,
            }
        }
        Ok(upserted)
    }
}
