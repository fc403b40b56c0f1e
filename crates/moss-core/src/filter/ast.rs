//! The tree of a filter: checked by `parse`, walked by `eval` and `columns`.

use super::geo::Circle;

/// A checked filter. Made by [`parse`](Filter::parse) or [`parse_json`](Filter::parse_json), never by hand, so
/// that its depth has a bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub(super) root: Node,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Every part matches; none: everything does.
    And(Vec<Node>),
    /// Some part matches; none: nothing does.
    Or(Vec<Node>),
    /// The field is present and its value passes every test.
    Field { field: String, tests: Vec<Test> },
}

/// What one operator asks of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// `$eq`, `$in`: the value is one of these, in ascending order.
    In(Vec<String>),
    /// `$ne`, `$nin`: the value is none of these, in ascending order.
    NotIn(Vec<String>),
    /// `$gt`, `$gte`, `$lt`, `$lte`.
    Order(Comparison, Limit),
    /// `$near`.
    Near(Circle),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// The value on the other side of a comparison, read once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    pub(super) text: String,
    /// The nearest f64 if the text is a number.
    pub(super) near: Option<f64>,
}
