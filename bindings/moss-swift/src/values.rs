//! Documents and options that cross the border, and how they become those of `moss`.
//!
//! Structs are taken apart field by field, so that a new field of `moss` fails to compile here instead of being lost.

use std::collections::HashMap;

use moss::{
    Document, Error, ErrorKind, Filter, GetOptions, LoadOptions, ParentGrouping, Precision, QueryOptions,
    ScoredDocument, SearchResult, SessionOptions,
};

/// A document, in either direction.
#[derive(uniffi::Record)]
pub(crate) struct NativeDocument {
    id: String,
    text: String,
    metadata: Option<HashMap<String, String>>,
    /// Little-endian f32.
    embedding: Option<Vec<u8>>,
    payload: Option<String>,
}

/// A document that a query found.
#[derive(uniffi::Record)]
pub(crate) struct NativeFound {
    id: String,
    text: String,
    metadata: Option<HashMap<String, String>>,
    payload: Option<String>,
    score: f32,
}

/// The answer to a query.
#[derive(uniffi::Record)]
pub(crate) struct NativeSearchResult {
    docs: Vec<NativeFound>,
    time_ms: u64,
}

/// Folds siblings into one result.
#[derive(uniffi::Record)]
pub(crate) struct NativeGrouping {
    parent_field: String,
    order_field: String,
}

/// Options of a query.
#[derive(uniffi::Record)]
pub(crate) struct NativeQueryOptions {
    top_k: i64,
    alpha: f32,
    /// JSON.
    filter: Option<String>,
    group_by: Option<NativeGrouping>,
}

/// Options of reading a session.
#[derive(uniffi::Record)]
pub(crate) struct NativeGetOptions {
    ids: Option<Vec<String>>,
    /// JSON.
    filter: Option<String>,
    sort_by: Option<String>,
    ascending: bool,
    group_by: Option<NativeGrouping>,
}

/// How a session keeps its vectors, where it is not left to the platform.
#[derive(uniffi::Enum)]
pub(crate) enum NativePrecision {
    F32,
    Int8,
}

/// Options of opening a session.
#[derive(uniffi::Record)]
pub(crate) struct NativeSessionOptions {
    model_id: Option<String>,
    precision: Option<NativePrecision>,
    auto_load: bool,
}

/// Options of loading an index.
#[derive(uniffi::Record)]
pub(crate) struct NativeLoadOptions {
    auto_refresh: bool,
    polling_interval_secs: u64,
    cache_path: Option<String>,
}

/// The numbers of a vector.
fn floats(bytes: &[u8]) -> moss::Result<Vec<f32>> {
    let (floats, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!(
                "a vector of {} bytes holds no whole number of floats",
                bytes.len()
            ),
        ));
    }
    Ok(floats.iter().map(|float| f32::from_le_bytes(*float)).collect())
}

/// The bytes of a vector.
pub(crate) fn bytes(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|float| float.to_le_bytes()).collect()
}

fn filter(json: Option<String>) -> moss::Result<Option<Filter>> {
    json.map(|json| Filter::parse_json(&json)).transpose()
}

/// The documents of a call, all or none.
pub(crate) fn documents(docs: Vec<NativeDocument>) -> moss::Result<Vec<Document>> {
    docs.into_iter().map(NativeDocument::into_document).collect()
}

impl NativeDocument {
    fn into_document(self) -> moss::Result<Document> {
        let NativeDocument {
            id,
            text,
            metadata,
            embedding,
            payload,
        } = self;
        Ok(Document {
            embedding: embedding.as_deref().map(floats).transpose()?,
            metadata: metadata.map(|metadata| metadata.into_iter().collect()),
            id,
            text,
            payload,
        })
    }
}

impl From<Document> for NativeDocument {
    fn from(document: Document) -> NativeDocument {
        let Document {
            id,
            text,
            metadata,
            embedding,
            payload,
        } = document;
        NativeDocument {
            id,
            text,
            metadata: metadata.map(|metadata| metadata.into_iter().collect()),
            embedding: embedding.as_deref().map(bytes),
            payload,
        }
    }
}

impl From<SearchResult> for NativeSearchResult {
    fn from(result: SearchResult) -> NativeSearchResult {
        // Swift knows what it asked.
        let SearchResult {
            docs,
            query: _,
            index_name: _,
            time_taken_ms,
        } = result;
        let found = |doc: ScoredDocument| {
            let ScoredDocument {
                id,
                text,
                metadata,
                payload,
                score,
                index_name: _,
            } = doc;
            NativeFound {
                id,
                text,
                metadata: metadata.map(|metadata| metadata.into_iter().collect()),
                payload,
                score,
            }
        };
        NativeSearchResult {
            docs: docs.into_iter().map(found).collect(),
            time_ms: time_taken_ms,
        }
    }
}

impl From<NativeGrouping> for ParentGrouping {
    fn from(grouping: NativeGrouping) -> ParentGrouping {
        ParentGrouping::new(grouping.parent_field, grouping.order_field)
    }
}

impl NativeQueryOptions {
    /// The options with a vector of little-endian f32, where an empty one counts as none.
    pub(crate) fn into_options(self, embedding: &[u8]) -> moss::Result<QueryOptions> {
        let NativeQueryOptions {
            top_k,
            alpha,
            filter: json,
            group_by,
        } = self;
        let mut options = QueryOptions::new().top_k(moss::check_top_k(top_k)?).alpha(alpha);
        options.filter = filter(json)?;
        options.embedding = Some(floats(embedding)?);
        options.group_by = group_by.map(Into::into);
        Ok(options)
    }
}

impl NativeGetOptions {
    pub(crate) fn into_options(self) -> moss::Result<GetOptions> {
        let NativeGetOptions {
            ids,
            filter: json,
            sort_by,
            ascending,
            group_by,
        } = self;
        let mut options = GetOptions::new();
        options.ids = ids;
        options.filter = filter(json)?;
        options.sort_by = sort_by;
        options.ascending = ascending;
        options.group_by = group_by.map(Into::into);
        Ok(options)
    }
}

impl From<NativeSessionOptions> for SessionOptions {
    fn from(options: NativeSessionOptions) -> SessionOptions {
        let NativeSessionOptions {
            model_id,
            precision,
            auto_load,
        } = options;
        let mut options = SessionOptions::new().auto_load(auto_load);
        options.model_id = model_id;
        options.precision = precision.map(|precision| match precision {
            NativePrecision::F32 => Precision::F32,
            NativePrecision::Int8 => Precision::Int8,
        });
        options
    }
}

impl From<NativeLoadOptions> for LoadOptions {
    fn from(options: NativeLoadOptions) -> LoadOptions {
        let NativeLoadOptions {
            auto_refresh,
            polling_interval_secs,
            cache_path,
        } = options;
        let mut options = LoadOptions::new();
        options.auto_refresh = auto_refresh;
        options.polling_interval_secs = polling_interval_secs;
        options.cache_path = cache_path.map(Into::into);
        options
    }
}

#[cfg(test)]
impl NativeQueryOptions {
    /// The defaults with a filter.
    pub(crate) fn with_filter(json: String) -> NativeQueryOptions {
        NativeQueryOptions {
            top_k: 5,
            alpha: 0.8,
            filter: Some(json),
            group_by: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_cross_unchanged_and_broken_ones_are_refused() {
        let vector = [1.5, -0.0, f32::MIN_POSITIVE];
        let back = floats(&bytes(&vector)).unwrap();
        assert_eq!(back.map_bits(), vector.to_vec().map_bits());
        assert_eq!(floats(&[0; 6]).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }

    trait MapBits {
        fn map_bits(&self) -> Vec<u32>;
    }

    impl MapBits for Vec<f32> {
        fn map_bits(&self) -> Vec<u32> {
            self.iter().map(|float| float.to_bits()).collect()
        }
    }
}
