//! The bytes of a bulk upload: documents as JSON, their vectors behind.
//!
//! ```text
//! offset 0   4 bytes  "MOSS"
//!        4   u32 LE   1            format version
//!        8   u32 LE   docCount
//!       12   u32 LE   dimension    0 = no vectors
//!       16   u32 LE   metaLen
//!       20   metaLen bytes         JSON array: documents without embedding
//!        .   docCount*dimension f32 LE, row by row, straight after, not aligned
//! ```

use std::fmt;

use moss_core::session::Model;
use moss_core::{Document, Error, ErrorKind, Metadata, Result, limits};
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use crate::{DocumentBody, MAX_UPLOAD_BYTES};

const MAGIC: [u8; 4] = *b"MOSS";
const FORMAT_VERSION: u32 = 1;
const HEADER_BYTES: usize = 20;

/// A document without its vector, as it is written.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(document: &'a Document) -> Row<'a> {
        Row {
            id: &document.id,
            text: &document.text,
            metadata: document.metadata.as_ref(),
            payload: document.payload.as_deref(),
        }
    }
}

/// The documents as a JSON array of `{id, text, metadata?, payload?}`, without their vectors.
///
/// # Errors
/// `Internal` if that cannot be written.
pub fn to_json(documents: &[Document]) -> Result<Vec<u8>> {
    let rows: Vec<Row<'_>> = documents.iter().map(Row::of).collect();
    serde_json::to_vec(&rows)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("writing documents: {error}")))
}

/// The upload of these documents: with their vectors if they have any.
///
/// # Errors
/// `MixedEmbeddings` if only some have one, `DimensionMismatch` if their lengths differ, `TooLarge`.
pub fn encode(documents: &[Document]) -> Result<Vec<u8>> {
    limits::check_document_count(documents.len())?;
    let dimension = documents
        .iter()
        .find_map(|document| document.vector().map(<[f32]>::len))
        .unwrap_or(0);
    if dimension > 0 {
        Model::Custom.check(documents, dimension)?;
    }
    let json = to_json(documents)?;
    let vector_bytes = documents.len() * dimension * 4;
    let length = HEADER_BYTES + json.len() + vector_bytes;
    let (Ok(json_bytes), true) = (u32::try_from(json.len()), length <= MAX_UPLOAD_BYTES) else {
        return Err(too_large(length as u64));
    };
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(MAGIC);
    for number in [
        FORMAT_VERSION,
        documents.len() as u32,
        dimension as u32,
        json_bytes,
    ] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(json);
    for value in documents.iter().filter_map(Document::vector).flatten() {
        bytes.extend(value.to_le_bytes());
    }
    Ok(bytes)
}

/// `TooLarge` of an upload of so many bytes, which are more than [`MAX_UPLOAD_BYTES`].
pub fn too_large(bytes: u64) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!("the upload has {bytes} bytes, at most {MAX_UPLOAD_BYTES} are allowed"),
    )
}

/// An upload whose header and lengths fit together. Its documents are read one by one.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// Documents in it.
    pub doc_count: usize,
    /// Length of each vector; 0 where there are none.
    pub dimension: usize,
    json: &'a [u8],
    vectors: &'a [u8],
}

impl<'a> Upload<'a> {
    /// Checks the header of an upload against its length.
    ///
    /// # Errors
    /// `InvalidArgument` for anything that is no upload of version 1, whole and without more bytes behind; `TooLarge` for one
    /// of too many documents or bytes.
    pub fn decode(bytes: &'a [u8]) -> Result<Upload<'a>> {
        if bytes.len() > MAX_UPLOAD_BYTES {
            return Err(too_large(bytes.len() as u64));
        }
        let Some((header, rest)) = bytes.split_at_checked(HEADER_BYTES) else {
            return Err(invalid(format!(
                "has {} bytes, too few for a header",
                bytes.len()
            )));
        };
        let number = |at: usize| {
            let field = header[at..at + 4].try_into();
            u32::from_le_bytes(field.expect("a header field has four bytes"))
        };
        if header[..4] != MAGIC {
            return Err(invalid("does not begin with MOSS"));
        }
        if number(4) != FORMAT_VERSION {
            return Err(invalid(format!(
                "has format version {}, this build reads {FORMAT_VERSION}",
                number(4)
            )));
        }
        let (doc_count, dimension) = (number(8) as usize, number(12) as usize);
        limits::check_document_count(doc_count)?;
        if dimension > limits::MAX_DIMENSION {
            return Err(invalid(format!(
                "has {dimension} dimensions, at most {} are allowed",
                limits::MAX_DIMENSION
            )));
        }
        let json_bytes = u64::from(number(16));
        // Both factors are checked: at most 2^20 documents of 2^16 bytes.
        let expected = HEADER_BYTES as u64 + json_bytes + doc_count as u64 * dimension as u64 * 4;
        if expected != bytes.len() as u64 {
            return Err(invalid(format!(
                "has {} bytes, its header says {expected}",
                bytes.len()
            )));
        }
        let (json, vectors) = rest.split_at(json_bytes as usize);
        Ok(Upload {
            doc_count,
            dimension,
            json,
            vectors,
        })
    }

    /// Calls `take` with each document and its vector, in order; only one is held at a time.
    ///
    /// # Errors
    /// `InvalidArgument` naming the place of what is no document, or if there are more or fewer documents than the header
    /// says; the first error of `take`.
    pub fn each(&self, take: impl FnMut(Document) -> Result<()>) -> Result<()> {
        let mut rows = Rows {
            upload: self,
            count: 0,
            take,
            fault: None,
        };
        let mut json = serde_json::Deserializer::from_slice(self.json);
        let read = DeserializeSeed::deserialize(&mut rows, &mut json).and_then(|()| json.end());
        if let Some(fault) = rows.fault {
            return Err(fault);
        }
        // Not what serde says: it quotes documents.
        read.map_err(|error| {
            invalid(format!(
                "its documents are not as they should be: line {} column {} of the JSON",
                error.line(),
                error.column()
            ))
        })?;
        if rows.count == self.doc_count {
            Ok(())
        } else {
            Err(miscounted(rows.count, self.doc_count))
        }
    }

    fn vector(&self, row: usize) -> Option<Vec<f32>> {
        if self.dimension == 0 {
            return None;
        }
        let bytes = self.vectors[row * self.dimension * 4..][..self.dimension * 4].chunks_exact(4);
        let values = bytes.map(|bytes| f32::from_le_bytes(bytes.try_into().expect("chunks of four bytes")));
        Some(values.collect())
    }
}

/// Reads the array and hands its documents on.
struct Rows<'a, T> {
    upload: &'a Upload<'a>,
    count: usize,
    take: T,
    fault: Option<Error>,
}

impl<'de, T: FnMut(Document) -> Result<()>> DeserializeSeed<'de> for &mut Rows<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: FnMut(Document) -> Result<()>> Visitor<'de> for &mut Rows<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of documents")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> std::result::Result<(), A::Error> {
        while let Some(row) = array.next_element::<DocumentBody>()? {
            let taken = if self.count < self.upload.doc_count {
                (self.take)(Document {
                    embedding: self.upload.vector(self.count),
                    ..row.into()
                })
            } else {
                Err(miscounted(self.count + 1, self.upload.doc_count))
            };
            if let Err(fault) = taken {
                self.fault = Some(fault);
                return Err(serde::de::Error::custom("stopped"));
            }
            self.count += 1;
        }
        Ok(())
    }
}

fn miscounted(found: usize, expected: usize) -> Error {
    let found = if found > expected {
        "more".to_owned()
    } else {
        found.to_string()
    };
    invalid(format!("holds {found} documents, its header says {expected}"))
}

fn invalid(fault: impl fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("the upload {fault}"))
}

#[cfg(test)]
mod tests;
