//! Lists that are refused before they have taken memory for more than they may hold.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A list of at most so many.
struct Bounded<T, const MOST: usize>(Vec<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Bounded<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(list: D) -> Result<Self, D::Error> {
        list.deserialize_seq(BoundedVisitor::<T, MOST>(PhantomData))
    }
}

struct BoundedVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for BoundedVisitor<T, MOST> {
    type Value = Bounded<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The words of serde for any list.
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::custom(format_args!("more than {MOST} elements")));
            }
            list.push(element);
        }
        Ok(Bounded(list))
    }
}

/// A list of at most `MOST` elements.
pub(crate) fn list<'de, T, const MOST: usize, D>(list: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Bounded::<T, MOST>::deserialize(list).map(|list| list.0)
}

/// The same for one that may be `null`.
pub(crate) fn list_or_null<'de, T, const MOST: usize, D>(list: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let list: Option<Bounded<T, MOST>> = Option::deserialize(list)?;
    Ok(list.map(|list| list.0))
}

#[cfg(test)]
mod tests {
    use moss_core::ErrorKind;
    use moss_core::limits::MAX_DIMENSION;

    use crate::json;
    use crate::query::QueryRequest;

    #[test]
    fn a_list_as_long_as_it_may_be_is_read_and_a_longer_one_refused() {
        let body = |numbers: usize| {
            let vector = vec!["0"; numbers].join(",");
            format!(r#"{{"query": "q", "indexName": "i", "projectId": "p", "queryEmbedding": [{vector}]}}"#)
        };
        let read: QueryRequest = json::read(body(MAX_DIMENSION).as_bytes()).unwrap();
        assert_eq!(read.query_embedding.unwrap().len(), MAX_DIMENSION);
        let error = json::read::<QueryRequest>(body(MAX_DIMENSION + 1).as_bytes())
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.to_string(), "queryEmbedding: more than 16384 elements");
    }
}
