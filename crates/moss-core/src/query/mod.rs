//! Questions: their options, and how one is answered on one view of the state.

mod get;
mod group;
mod options;
mod run;

pub(crate) use get::get;
pub(crate) use group::joined_text;
pub use options::{
    AddOptions, DEFAULT_ALPHA, DEFAULT_TOP_K, GetOptions, ParentGrouping, QueryOptions, check_top_k,
};
pub(crate) use run::{effective_alpha, run};

use crate::Metadata;

/// One found document.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredDocument {
    /// The document's id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its metadata.
    pub metadata: Option<Metadata>,
    /// Its payload.
    pub payload: Option<String>,
    /// How well it answers, 0 to 1.
    pub score: f32,
    /// The index it came from, where several were searched.
    pub index_name: Option<String>,
}
