//! Vectors against the reference implementation, and model files that are not what they should be.

use std::fs;
use std::path::{Path, PathBuf};

use moss_core::embed::{self, Embedder, Encoder, ModelSpec};
use moss_core::vector::Precision;
use moss_core::{Error, ErrorKind};
use serde_json::Value;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn golden_items(name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_slice(&fs::read(golden(name)).unwrap()).unwrap();
    file["items"].as_array().unwrap().clone()
}

fn text(item: &Value) -> String {
    let times = item["times"].as_u64().unwrap_or(1);
    item["text"].as_str().unwrap().repeat(times as usize)
}

/// What scripts/model makes.
fn model_file(name: &str) -> PathBuf {
    let directory = std::env::var_os("MOSS_MODEL_DIR").expect(".cargo/config.toml sets MOSS_MODEL_DIR");
    let path = Path::new(&directory).join(name);
    assert!(path.exists(), "{} is absent: run scripts/model", path.display());
    path
}

fn minilm() -> Encoder {
    Encoder::open(
        &model_file("moss-minilm.moss"),
        embed::find("moss-minilm").unwrap(),
    )
    .unwrap()
}

/// An encoder with the weights as published.
fn reference(published: &Path, spec: &ModelSpec) -> Encoder {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reference.moss");
    fs::write(&file, embed::pack(published, spec, Precision::F32).unwrap()).unwrap();
    Encoder::open(&file, spec).unwrap()
}

/// moss-mediumlm as registered, over the small committed checkpoint.
fn tiny() -> ModelSpec {
    ModelSpec {
        weights: "tiny-bge",
        dim: 24,
        ..*embed::find("moss-mediumlm").unwrap()
    }
}

/// The cosine of a unit vector to the golden one.
fn cosine(vector: &[f32], reference: &Value, what: &str) -> f64 {
    let reference: Vec<f64> = serde_json::from_value(reference.clone()).unwrap();
    assert_eq!(vector.len(), reference.len());
    let pairs = || vector.iter().map(|&x| f64::from(x)).zip(&reference);
    let length = |sum: f64| sum.sqrt();
    let dot: f64 = pairs().map(|(x, y)| x * y).sum();
    let ours = length(pairs().map(|(x, _)| x * x).sum());
    let theirs = length(pairs().map(|(_, y)| y * y).sum());
    assert!((ours - 1.0).abs() < 1e-6, "{what}: length {ours}");
    dot / (ours * theirs)
}

fn assert_same_direction(vector: &[f32], reference: &Value, what: &str) {
    let cosine = cosine(vector, reference, what);
    assert!(cosine >= 0.99999, "{what}: cosine {cosine}");
}

#[test]
fn minilm_agrees_with_the_reference() {
    let spec = embed::find("moss-minilm").unwrap();
    let (encoder, as_published) = (minilm(), reference(&model_file("weights"), spec));
    let items = golden_items("vectors.json");
    assert!(items.len() >= 60);
    let mut sum = 0.0;
    for (at, item) in items.iter().enumerate() {
        let what = format!("text {at}");
        let vector = as_published.embed_query(&text(item)).unwrap();
        assert_same_direction(&vector, &item["vector"], &what);
        let cosine = cosine(&encoder.embed_query(&text(item)).unwrap(), &item["vector"], &what);
        assert!(cosine >= 0.995, "{what}: cosine {cosine}");
        sum += cosine;
    }
    let mean = sum / items.len() as f64;
    assert!(mean >= 0.999, "cosine {mean} on average");
}

#[test]
fn cls_pooling_and_query_prefix_agree_with_the_reference() {
    let encoder = reference(&golden("tiny-bge"), &tiny());
    for (at, item) in golden_items("tiny-bge-vectors.json").iter().enumerate() {
        let text = text(item);
        let query = encoder.embed_query(&text).unwrap();
        assert_same_direction(&query, &item["query"], &format!("query {at}"));
        let document = &encoder.embed_documents(&[&text]).unwrap()[0];
        assert_same_direction(document, &item["document"], &format!("document {at}"));
    }
}

#[test]
fn a_vector_does_not_depend_on_its_batch() {
    let encoder = minilm();
    let long = "refund policy ".repeat(200);
    let texts = ["", "refund", &long, "my card was stolen", "refund"];
    let batch = encoder.embed_documents(&texts).unwrap();
    for (text, vector) in texts.iter().zip(&batch) {
        assert_eq!(&encoder.embed_documents(&[text]).unwrap()[0], vector);
        assert_eq!(&encoder.embed_query(text).unwrap(), vector);
    }
    assert!(encoder.embed_documents(&[]).unwrap().is_empty());
}

#[test]
fn a_packed_file_and_its_directory_give_the_same_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny-bge.moss");
    fs::write(
        &file,
        embed::pack(&golden("tiny-bge"), &tiny(), Precision::Int8).unwrap(),
    )
    .unwrap();
    let packed = Encoder::open(&file, &tiny()).unwrap();
    let directory = Encoder::open(&golden("tiny-bge"), &tiny()).unwrap();
    packed.warm().unwrap();
    let text = "how do i transfer money";
    assert_eq!(
        packed.embed_query(text).unwrap(),
        directory.embed_query(text).unwrap()
    );
    let description = embed::describe(&file).unwrap();
    assert_eq!(
        (description.weights.as_str(), description.dim, description.layers),
        ("tiny-bge", 24, 3)
    );
}

fn refused(path: &Path, spec: &ModelSpec) -> Error {
    let error = Encoder::open(path, spec).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelUnavailable, "{error}");
    let folder = path.to_str().unwrap();
    assert!(error.to_string().contains(folder), "{error}");
    error
}

#[test]
fn a_packed_file_that_is_cut_flipped_or_absent_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny-bge.moss");
    refused(&file, &tiny());
    let bytes = embed::pack(&golden("tiny-bge"), &tiny(), Precision::Int8).unwrap();
    for length in [0, 1, 7, 8, 31, 127, 128, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&file, &bytes[..length]).unwrap();
        refused(&file, &tiny());
    }
    for at in (0..bytes.len()).step_by(997) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        fs::write(&file, flipped).unwrap();
        refused(&file, &tiny());
    }
    fs::write(&file, &bytes).unwrap();
    Encoder::open(&file, &tiny()).unwrap();
}

#[test]
fn a_packed_file_of_another_model_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.moss");
    fs::write(
        &file,
        embed::pack(&golden("tiny-bge"), &tiny(), Precision::Int8).unwrap(),
    )
    .unwrap();
    for spec in [
        *embed::find("moss-minilm").unwrap(),
        ModelSpec { dim: 25, ..tiny() },
        ModelSpec {
            max_tokens: 513,
            ..tiny()
        },
        ModelSpec {
            weights_sha256: Some("00"),
            ..tiny()
        },
    ] {
        refused(&file, &spec);
    }
}

#[test]
fn a_directory_with_a_file_absent_broken_or_not_the_pinned_one_is_unavailable() {
    for name in embed::PUBLISHED_FILES {
        let folder = tempfile::tempdir().unwrap();
        for other in embed::PUBLISHED_FILES {
            fs::copy(golden("tiny-bge").join(other), folder.path().join(other)).unwrap();
        }
        Encoder::open(folder.path(), &tiny()).unwrap();
        let path = folder.path().join(name);
        let good = fs::read(&path).unwrap();
        for bytes in [
            &b""[..],
            b"{}",
            b"null",
            b"\xff\xff\xff\xff\xff\xff\xff\xff{",
            &good[..good.len() / 2],
        ] {
            fs::write(&path, bytes).unwrap();
            refused(folder.path(), &tiny());
        }
        fs::remove_file(&path).unwrap();
        assert!(refused(folder.path(), &tiny()).to_string().contains(name));
    }
    let pinned = ModelSpec {
        weights_sha256: Some("00"),
        ..tiny()
    };
    assert!(
        refused(&golden("tiny-bge"), &pinned)
            .to_string()
            .contains("SHA-256")
    );
    let pinned = ModelSpec {
        tokenizer_sha256: Some("00"),
        ..tiny()
    };
    assert!(
        refused(&golden("tiny-bge"), &pinned)
            .to_string()
            .contains("tokenizer.json")
    );
}

#[test]
fn a_config_that_the_weights_do_not_fit_is_unavailable() {
    let config = fs::read_to_string(golden("tiny-bge/config.json")).unwrap();
    for (from, to) in [
        ("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4"),
        ("\"num_attention_heads\": 3", "\"num_attention_heads\": 5"),
        ("\"intermediate_size\": 48", "\"intermediate_size\": 47"),
        ("\"vocab_size\": 111", "\"vocab_size\": 99999999999"),
        ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\""),
        ("\"model_type\": \"bert\"", "\"model_type\": \"t5\""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for other in embed::PUBLISHED_FILES {
            fs::copy(golden("tiny-bge").join(other), folder.path().join(other)).unwrap();
        }
        assert!(config.contains(from));
        fs::write(folder.path().join("config.json"), config.replace(from, to)).unwrap();
        refused(folder.path(), &tiny());
    }
}
