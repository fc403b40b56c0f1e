//! One question on one view: keywords, vectors and filter to ranked rows, rows to documents.

use crate::index::{Keys, Ranking};
use crate::lexical::KeywordScores;
use crate::state::State;
use crate::{Result, text};

use super::{QueryOptions, ScoredDocument, group};

/// At least this many documents are fetched for a grouped query, so that groups are not torn needlessly.
const MIN_GROUP_CANDIDATES: usize = 100;
/// Documents fetched for each group asked for.
const CANDIDATES_PER_GROUP: usize = 10;

/// The best documents of `state` for a text with this vector. `vector` is there if [`effective_alpha`] needs it.
pub(crate) fn run(
    state: &State,
    text: &str,
    vector: Option<&[f32]>,
    options: &QueryOptions,
) -> Result<Vec<ScoredDocument>> {
    let Some(alpha) = effective_alpha(text, options.alpha) else {
        return Ok(Vec::new());
    };
    let selected = options.filter.as_ref().map(|filter| state.select(filter));
    let allowed = selected.as_ref().unwrap_or(state.live());
    let mut keys = KeywordScores::default();
    if alpha < 1.0 {
        state.keywords().score_into(&text::analyze_query(text), &mut keys);
    }
    let top_k = match options.group_by {
        None => options.top_k,
        Some(_) => options
            .top_k
            .saturating_mul(CANDIDATES_PER_GROUP)
            .max(MIN_GROUP_CANDIDATES),
    };
    let hits = state.vectors().rank(&Ranking {
        query: vector.filter(|_| alpha > 0.0),
        alpha,
        keys: Some(Keys {
            scores: &keys.scores,
            best: keys.best,
            touched: &keys.touched,
        }),
        allowed,
        order: state.order(),
        top_k,
    })?;
    Ok(match &options.group_by {
        None => hits.iter().map(|hit| scored(state, hit.row, hit.score)).collect(),
        Some(grouping) => group::fold_hits(state, &hits, grouping, options.top_k),
    })
}

/// The weight of the vector side for this text, `None` if nothing can be found.
///
/// A text without any word has no keyword side: it is all vectors, or nothing where only keywords were asked for.
pub(crate) fn effective_alpha(text: &str, alpha: f32) -> Option<f32> {
    match (text::has_word(text), alpha > 0.0) {
        (true, _) => Some(alpha),
        (false, true) => Some(1.0),
        (false, false) => None,
    }
}

pub(super) fn scored(state: &State, row: u32, score: f32) -> ScoredDocument {
    let stored = state.stored(row);
    ScoredDocument {
        id: stored.id().to_owned(),
        text: stored.text().to_owned(),
        metadata: stored.metadata(),
        payload: stored.payload().map(str::to_owned),
        score,
        index_name: None,
    }
}
