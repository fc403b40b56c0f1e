//! What a caller may ask of a query or a read, as plain values with defaults.

use crate::document::check_vector;
use crate::filter::Filter;
use crate::{Error, Result, limits};

/// Results of a query when the caller names no number.
pub const DEFAULT_TOP_K: usize = 5;
/// Weight of the vector side when the caller names none.
pub const DEFAULT_ALPHA: f32 = 0.8;

/// Options of [`Session::query`](crate::session::Session::query).
///
/// ```
/// use moss_core::query::QueryOptions;
/// let options = QueryOptions::new().top_k(8).alpha(0.7);
/// assert_eq!((options.top_k, options.alpha), (8, 0.7));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct QueryOptions {
    /// How many documents to return at most; default 5. More than there are means all.
    pub top_k: usize,
    /// Weight of the vectors against the keywords, 0 to 1; default 0.8.
    pub alpha: f32,
    /// Only documents that match are ranked.
    pub filter: Option<Filter>,
    /// Used instead of embedding the text; an empty vector counts as none.
    pub embedding: Option<Vec<f32>>,
    /// Folds siblings into one result.
    pub group_by: Option<ParentGrouping>,
}

impl Default for QueryOptions {
    fn default() -> Self {
        QueryOptions {
            top_k: DEFAULT_TOP_K,
            alpha: DEFAULT_ALPHA,
            filter: None,
            embedding: None,
            group_by: None,
        }
    }
}

impl QueryOptions {
    /// The defaults.
    pub fn new() -> QueryOptions {
        QueryOptions::default()
    }

    /// Sets the number of results.
    pub fn top_k(mut self, top_k: usize) -> QueryOptions {
        self.top_k = top_k;
        self
    }

    /// Sets the weight of the vector side.
    pub fn alpha(mut self, alpha: f32) -> QueryOptions {
        self.alpha = alpha;
        self
    }

    /// Sets the filter.
    pub fn filter(mut self, filter: Filter) -> QueryOptions {
        self.filter = Some(filter);
        self
    }

    /// Sets the query vector.
    pub fn embedding(mut self, embedding: impl Into<Vec<f32>>) -> QueryOptions {
        self.embedding = Some(embedding.into());
        self
    }

    /// Sets the grouping.
    pub fn group_by(mut self, grouping: ParentGrouping) -> QueryOptions {
        self.group_by = Some(grouping);
        self
    }

    /// The same options without grouping.
    pub fn ungrouped(mut self) -> QueryOptions {
        self.group_by = None;
        self
    }

    /// The query vector, where an empty one counts as none.
    pub fn vector(&self) -> Option<&[f32]> {
        self.embedding.as_deref().filter(|vector| !vector.is_empty())
    }

    /// Checks what can be checked without an index.
    ///
    /// # Errors
    /// `InvalidArgument` if `alpha` lies outside 0 to 1 or is NaN, or the vector is not finite; `TooLarge` for an
    /// oversized text.
    pub fn check(&self, text: &str) -> Result<()> {
        if !(0.0..=1.0).contains(&self.alpha) {
            return Err(Error::invalid(format!(
                "alpha must be between 0 and 1, got {}",
                self.alpha
            )));
        }
        if text.len() > limits::MAX_QUERY_BYTES {
            return Err(Error::new(
                crate::ErrorKind::TooLarge,
                format!(
                    "query has {} bytes, at most {} are allowed",
                    text.len(),
                    limits::MAX_QUERY_BYTES
                ),
            ));
        }
        self.vector().map_or(Ok(()), |vector| {
            check_vector(vector).map_err(|error| error.within("query"))
        })
    }
}

/// A number of results from a host language that has signed integers.
///
/// # Errors
/// `InvalidArgument` if it is negative.
pub fn check_top_k(top_k: i64) -> Result<usize> {
    usize::try_from(top_k).map_err(|_| Error::invalid(format!("top_k must be non-negative, got {top_k}")))
}

/// Folds documents that share a metadata value into one result.
///
/// Documents with the same value of `parent_field` are one group; its text is theirs joined by newlines in the
/// order of `order_field` (numeric where both are numbers, documents without it last), its id, metadata and payload
/// are the first one's in that order. Documents without `parent_field` stay alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentGrouping {
    /// The metadata key that siblings share.
    pub parent_field: String,
    /// The metadata key that orders them.
    pub order_field: String,
}

impl ParentGrouping {
    /// Groups by the first key, in the order of the second.
    pub fn new(parent_field: impl Into<String>, order_field: impl Into<String>) -> ParentGrouping {
        ParentGrouping {
            parent_field: parent_field.into(),
            order_field: order_field.into(),
        }
    }
}

/// Options of [`Session::add_docs`](crate::session::Session::add_docs).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddOptions {
    /// Whether a document whose id exists replaces the stored one (the default) or is passed over.
    pub upsert: bool,
}

impl Default for AddOptions {
    fn default() -> Self {
        AddOptions { upsert: true }
    }
}

impl AddOptions {
    /// The defaults.
    pub fn new() -> AddOptions {
        AddOptions::default()
    }

    /// Sets whether existing documents are replaced.
    pub fn upsert(mut self, upsert: bool) -> AddOptions {
        self.upsert = upsert;
        self
    }
}

/// Options of [`Session::get_docs`](crate::session::Session::get_docs).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetOptions {
    /// Exactly these documents, in this order; `None` is all, an empty list is none.
    pub ids: Option<Vec<String>>,
    /// Only documents that match.
    pub filter: Option<Filter>,
    /// Orders by this metadata key: numeric where both values are numbers, ties by id, documents without it last.
    /// Ignored together with `ids`.
    pub sort_by: Option<String>,
    /// The direction of `sort_by`; default true.
    pub ascending: bool,
    /// Folds siblings into one document.
    pub group_by: Option<ParentGrouping>,
}

impl Default for GetOptions {
    fn default() -> Self {
        GetOptions {
            ids: None,
            filter: None,
            sort_by: None,
            ascending: true,
            group_by: None,
        }
    }
}

impl GetOptions {
    /// All documents, by id.
    pub fn new() -> GetOptions {
        GetOptions::default()
    }

    /// Asks for these ids.
    pub fn ids<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> GetOptions {
        self.ids = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the filter.
    pub fn filter(mut self, filter: Filter) -> GetOptions {
        self.filter = Some(filter);
        self
    }

    /// Sets the order.
    pub fn sort_by(mut self, field: impl Into<String>, ascending: bool) -> GetOptions {
        self.sort_by = Some(field.into());
        self.ascending = ascending;
        self
    }

    /// Sets the grouping.
    pub fn group_by(mut self, grouping: ParentGrouping) -> GetOptions {
        self.group_by = Some(grouping);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn bad_options_are_refused_with_their_value() {
        for alpha in [-0.1, 1.01, f32::NAN, f32::INFINITY] {
            let error = QueryOptions::new().alpha(alpha).check("x").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{alpha}");
            assert!(error.to_string().contains(&alpha.to_string()), "{error}");
        }
        assert!(QueryOptions::new().embedding([f32::NAN]).check("x").is_err());
        assert!(QueryOptions::new().embedding([]).check("x").is_ok());
        assert!(check_top_k(-1).is_err());
        assert_eq!(check_top_k(0).unwrap(), 0);
    }
}
