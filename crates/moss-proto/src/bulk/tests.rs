//! Uploads there and back, and what is none.

use proptest::prelude::*;

use super::*;

fn decode(bytes: &[u8]) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    Upload::decode(bytes)?.each(|document| {
        documents.push(document);
        Ok(())
    })?;
    Ok(documents)
}

/// An upload of this JSON and these numbers.
fn frame(doc_count: u32, dimension: u32, json: &str, vectors: &[f32]) -> Vec<u8> {
    let mut bytes = b"MOSS".to_vec();
    for number in [1, doc_count, dimension, json.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(json.as_bytes());
    bytes.extend(vectors.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

fn documents(dimension: usize) -> impl Strategy<Value = Vec<Document>> {
    let metadata = proptest::option::of(proptest::collection::btree_map(".*", ".*", 0..3));
    let vector = proptest::collection::vec(any::<f32>(), dimension);
    let document = (".*", ".*", metadata, proptest::option::of(".*"), vector);
    let document = document.prop_map(move |(id, text, metadata, payload, vector)| Document {
        id,
        text,
        metadata,
        payload,
        embedding: (dimension > 0).then_some(vector),
    });
    proptest::collection::vec(document, 0..6)
}

/// As bits, so that NaN equals itself.
fn bits(documents: &[Document]) -> Vec<(Document, Option<Vec<u32>>)> {
    let bits = |document: &Document| {
        let vector = document.vector();
        let vector = vector.map(|vector| vector.iter().map(|value| value.to_bits()).collect());
        let bare = Document {
            embedding: None,
            ..document.clone()
        };
        (bare, vector)
    };
    documents.iter().map(bits).collect()
}

proptest! {
    #[test]
    fn documents_come_back_bit_for_bit(documents in (0..4usize).prop_flat_map(documents)) {
        let bytes = encode(&documents).unwrap();
        prop_assert_eq!(bits(&decode(&bytes).unwrap()), bits(&documents));
    }

    #[test]
    fn a_part_of_an_upload_is_refused(documents in documents(2), part in any::<prop::sample::Index>()) {
        let bytes = encode(&documents).unwrap();
        let part = &bytes[..part.index(bytes.len())];
        prop_assert_eq!(Upload::decode(part).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }

    #[test]
    fn no_bytes_do_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), keep in 0..3usize) {
        // Most bytes fail at once unless they begin as an upload does.
        let begin = [b"MOSS".as_slice(), &1u32.to_le_bytes()].concat();
        let end = (4 * keep).min(bytes.len()).min(begin.len());
        bytes[..end].copy_from_slice(&begin[..end]);
        let _ = decode(&bytes);
    }
}

#[test]
fn the_bytes_are_those_that_public_clients_send() {
    let document = Document::new("a", "x").with_embedding([1.0, -2.0]);
    let expected = frame(1, 2, r#"[{"id":"a","text":"x"}]"#, &[1.0, -2.0]);
    assert_eq!(encode(&[document]).unwrap(), expected);
    // Fields that are null or not known, and a vector that stands in the JSON as well.
    let json = r#" [ {"text":"x","metadata":null,"extra":{"a":[1]},"id":"a","payload":null} ] "#;
    let read = decode(&frame(1, 0, json, &[])).unwrap();
    assert_eq!(read, [Document::new("a", "x")]);
}

#[test]
fn faults_are_named_and_documents_are_not_quoted() {
    let one = r#"[{"id":"a","text":"secret"}]"#;
    let huge = frame(2_000_000, 0, one, &[]);
    assert_eq!(decode(&huge).unwrap_err().kind(), ErrorKind::TooLarge);
    let mut other_version = frame(1, 0, one, &[]);
    other_version[4] = 2;
    let faults = [
        (b"MOSX".to_vec(), "too few"),
        (frame(1, 0, one, &[]).split_off(1), "MOSS"),
        (other_version, "version 2"),
        (frame(1, 16_385, one, &[]), "16385 dimensions"),
        (frame(1, 1, one, &[]), "its header says"),
        (frame(1, 0, one, &[1.0]), "its header says"),
        (frame(2, 0, one, &[]), "holds 1 documents, its header says 2"),
        (frame(0, 0, one, &[]), "holds more documents, its header says 0"),
        (frame(1, 0, r#"{"id":"a","text":"secret"}"#, &[]), "line 1"),
        (
            frame(1, 0, r#"[{"id":"a","text":1,"payload":"secret"}]"#, &[]),
            "line 1",
        ),
        (
            frame(1, 0, r#"[{"id":"a","text":"t","metadata":"secret"}]"#, &[]),
            "line 1",
        ),
        (frame(1, 0, r#"[{"id":"secret"}]"#, &[]), "line 1"),
        (frame(1, 0, &format!("{one} trailing"), &[]), "line 1"),
        (frame(1, 0, r#"[{"id":"a","text":"secret""#, &[]), "line 1"),
        (frame(1, 0, &"[".repeat(100_000), &[]), "line 1"),
    ];
    for (bytes, part) in faults {
        let error = decode(&bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let message = error.to_string();
        assert!(message.contains(part) && !message.contains("secret"), "{message}");
    }
}

#[test]
fn the_callers_error_ends_the_reading() {
    let bytes = encode(&vec![Document::new("a", ""); 3]).unwrap();
    let mut count = 0;
    let error = Upload::decode(&bytes).unwrap().each(|_| {
        count += 1;
        Err(Error::new(ErrorKind::Closed, "enough"))
    });
    assert_eq!((error.unwrap_err().to_string().as_str(), count), ("enough", 1));
}

#[test]
fn vectors_that_do_not_go_together_are_refused() {
    let plain = Document::new("a", "");
    let short = Document::new("b", "").with_embedding([1.0]);
    let long = Document::new("c", "").with_embedding([1.0, 2.0]);
    let kind = |documents: &[Document]| encode(documents).unwrap_err().kind();
    assert_eq!(kind(&[plain.clone(), short.clone()]), ErrorKind::MixedEmbeddings);
    assert_eq!(kind(&[short.clone(), plain]), ErrorKind::MixedEmbeddings);
    assert_eq!(kind(&[short, long]), ErrorKind::DimensionMismatch);
}
