//! A filter against the metadata of one document.

use super::Filter;
use super::ast::Node;
use super::value::Kind;
use crate::Metadata;

impl Filter {
    /// Whether a document with this metadata passes. A field that is absent passes no operator, `$ne` and
    /// `$nin` included.
    ///
    /// ```
    /// use moss_core::{Document, filter::Filter};
    /// let filter = Filter::parse_json(r#"{"field": "price", "condition": {"$gte": 10, "$lt": 20}}"#)?;
    /// assert!(filter.matches(Document::new("a", "").with_metadata([("price", "12")]).metadata.as_ref()));
    /// assert!(!filter.matches(None));
    /// # Ok::<(), moss_core::Error>(())
    /// ```
    pub fn matches(&self, metadata: Option<&Metadata>) -> bool {
        self.root.matches(metadata)
    }
}

impl Node {
    fn matches(&self, metadata: Option<&Metadata>) -> bool {
        match self {
            Node::And(parts) => parts.iter().all(|part| part.matches(metadata)),
            Node::Or(parts) => parts.iter().any(|part| part.matches(metadata)),
            Node::Field { field, tests } => {
                let Some(text) = metadata.and_then(|metadata| metadata.get(field)) else {
                    return false;
                };
                let kind = Kind::of(text);
                tests.iter().all(|test| test.accepts(text, &kind))
            }
        }
    }
}
