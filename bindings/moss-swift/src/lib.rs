//! What the Swift package of Moss calls: conversions, the map of errors, the closed-check, and nothing else.
//!
//! uniffi makes the Swift side of it (`scripts/gen` writes it to `swift/Sources/Moss/Generated`), where every type here is
//! internal; the hand-written Swift above it is what people see. So the names begin with `Native`, and what is pleasant in
//! Swift (defaults, filters as values, deinit) is not here.
//!
//! - Calls without a network are synchronous and answer on the calling thread, which in Swift is one of its executor's.
//! - Calls that wait for the cloud, a disk or a batch of embeddings are `async`; they run on the runtime of `moss` and
//!   occupy no thread of the caller meanwhile.
//! - Vectors cross as little-endian bytes: uniffi would write a list of floats one by one.

#![allow(
    clippy::needless_pass_by_value,
    reason = "what crosses the border is a copy that this side owns"
)]

mod authenticator;
mod client;
mod error;
mod handle;
mod results;
mod session;
mod values;

uniffi::setup_scaffolding!();

/// The version of the library, as `0.1.0`.
#[uniffi::export]
fn native_version() -> String {
    moss::VERSION.to_owned()
}

/// Where downloaded models are kept from now on.
#[uniffi::export]
fn native_set_model_cache_dir(path: String) {
    moss::set_model_cache_dir(path);
}
