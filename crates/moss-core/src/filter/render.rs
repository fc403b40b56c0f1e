//! A tree back to JSON, for a filter that travels.

use serde_json::{Map, Value, json};

use super::Filter;
use super::ast::{Comparison, Node, Test};

impl Filter {
    /// JSON that [`parse`](Filter::parse) reads as this filter: it may be spelled differently from what was parsed first.
    ///
    /// ```
    /// use moss_core::filter::Filter;
    /// let filter = Filter::parse_json(r#"{"field": "turn", "condition": {"$gte": 3}}"#)?;
    /// assert_eq!(filter.to_json()["condition"]["$gte"], "3");
    /// assert_eq!(Filter::parse(&filter.to_json())?, filter);
    /// # Ok::<(), moss_core::Error>(())
    /// ```
    pub fn to_json(&self) -> Value {
        node(&self.root)
    }
}

fn node(tree: &Node) -> Value {
    let all = |parts: &[Node]| parts.iter().map(node).collect::<Value>();
    match tree {
        Node::And(parts) => json!({ "$and": all(parts) }),
        Node::Or(parts) => json!({ "$or": all(parts) }),
        Node::Field { field, tests } => json!({ "field": field, "condition": condition(tests) }),
    }
}

/// A condition has each operator once, and two of them parse alike where they name one value: the one that is free is taken.
fn condition(tests: &[Test]) -> Value {
    let mut operators = Map::new();
    for test in tests {
        let (operator, value) = match test {
            Test::In(values) => match &values[..] {
                [value] if !operators.contains_key("$eq") => ("$eq", json!(value)),
                _ => ("$in", json!(values)),
            },
            Test::NotIn(values) => match &values[..] {
                [value] if !operators.contains_key("$ne") => ("$ne", json!(value)),
                _ => ("$nin", json!(values)),
            },
            Test::Order(comparison, limit) => {
                let operator = match comparison {
                    Comparison::Greater => "$gt",
                    Comparison::GreaterOrEqual => "$gte",
                    Comparison::Less => "$lt",
                    Comparison::LessOrEqual => "$lte",
                };
                (operator, json!(limit.text))
            }
            Test::Near(circle) => ("$near", json!(circle.to_string())),
        };
        operators.insert(operator.to_owned(), value);
    }
    operators.into()
}
