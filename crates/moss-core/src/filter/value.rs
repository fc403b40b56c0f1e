//! One metadata value: what kind it is, its order, and whether it passes a test.

use std::cmp::Ordering;

use super::ast::{Comparison, Test};
use super::geo::Point;
use super::number;

/// What a value is besides its text. A number holds no comma and a point does, so a value is at most one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Text,
    /// The nearest f64; the exact number is the text.
    Number(f64),
    /// Boxed, because points are rare and every distinct value has a kind.
    Point(Box<Point>),
}

impl Kind {
    pub(super) fn of(text: &str) -> Kind {
        if let Some(near) = number::parse(text) {
            return Kind::Number(near);
        }
        Point::parse(text).map_or(Kind::Text, |point| Kind::Point(Box::new(point)))
    }
}

impl Test {
    /// Whether a value of this kind passes.
    pub(super) fn accepts(&self, text: &str, kind: &Kind) -> bool {
        let listed = |list: &[String]| list.binary_search_by(|own| own.as_str().cmp(text)).is_ok();
        match self {
            Test::In(list) => listed(list),
            Test::NotIn(list) => !listed(list),
            Test::Order(comparison, limit) => {
                let order = match (kind, limit.near) {
                    (Kind::Number(near), Some(limit_near)) => {
                        number::compare(text, *near, &limit.text, limit_near)
                    }
                    (Kind::Text | Kind::Point(_), None) => text.cmp(&limit.text),
                    _ => return false,
                };
                match comparison {
                    Comparison::Greater => order.is_gt(),
                    Comparison::GreaterOrEqual => order.is_ge(),
                    Comparison::Less => order.is_lt(),
                    Comparison::LessOrEqual => order.is_le(),
                }
            }
            Test::Near(circle) => match kind {
                Kind::Point(point) => circle.contains(**point),
                _ => false,
            },
        }
    }
}

/// The order in which documents are sorted by a metadata field: numbers first, by their exact value, then other
/// texts by code point. A total order; spellings of one number are equal.
///
/// ```
/// use moss_core::filter::compare_values;
/// let mut values = ["b", "10", "B", "9", "1e1"];
/// values.sort_by(|a, b| compare_values(a, b));
/// assert_eq!(values, ["9", "10", "1e1", "B", "b"]);
/// ```
pub fn compare_values(a: &str, b: &str) -> Ordering {
    match (number::parse(a), number::parse(b)) {
        (Some(a_near), Some(b_near)) => number::compare(a, a_near, b, b_near),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}
