//! Tests of moss-models through its public surface: the places, and the download from a real server on loopback.
#![allow(clippy::unwrap_used)] // helpers here stand outside of test functions

mod download;
mod hub;
mod places;

use std::path::{Path, PathBuf};

use moss_core::embed::{self, ModelSpec, Pooling};
use moss_core::vector::Precision;
use moss_models::Places;

/// The small checkpoint committed with moss-core: published files of a real encoder.
fn published() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../moss-core/tests/golden/tiny-bge")
}

fn tiny() -> ModelSpec {
    ModelSpec {
        id: "moss-tiny",
        weights: "tiny-bge",
        repository: "test/tiny-bge",
        pooling: Pooling::Cls,
        query_prefix: "",
        max_tokens: 512,
        dim: 24,
        weights_sha256: Some(TINY_SHA256),
        tokenizer_sha256: None,
    }
}

const TINY_SHA256: &str = "6abdd9dbf5b1c9b0b46824f734640318103a1e199c481f871e936798dd057ca8";

fn pack_tiny(out: &Path) {
    std::fs::write(out, embed::pack(&published(), &tiny(), Precision::Int8).unwrap()).unwrap();
}

/// No place at all, and offline.
fn nowhere() -> Places {
    Places {
        model_dir: None,
        bundled: None,
        cache: None,
        hub: None,
    }
}
