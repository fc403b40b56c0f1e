//! Prints the SHA-256 of every stored vector of the chain's session, and checks that each is the vector of its text.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a part of scripts/test-chain: it prints, and a fault ends it

use moss::{Client, SessionOptions, block_on};
use moss_cloud::Cloud;
use moss_core::snapshot::live_rows;
use sha2::{Digest, Sha256};

fn main() {
    let store = std::env::var("MOSS_STORE").unwrap();
    let client = Client::with_base_url("chain", "chain", &store).unwrap();
    let session = block_on(client.session("chain", &SessionOptions::new())).unwrap();
    let loaded = block_on(async {
        let project = Cloud::open(&store)
            .unwrap()
            .project("chain", "chain")
            .await
            .unwrap();
        project.load("chain", None, None).await.unwrap().unwrap()
    });
    loaded
        .with_layers(|layers| {
            for live in live_rows(layers) {
                let row = layers[live.layer].segment.row(live.row);
                let stored = bytes(row.vector);
                assert_eq!(
                    stored,
                    bytes(&session.embed_query(row.text)?),
                    "vector of {:?}",
                    row.id
                );
                println!("{} {}", row.id, hex::encode(Sha256::digest(stored)));
            }
            Ok(())
        })
        .unwrap();
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}
