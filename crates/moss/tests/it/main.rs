//! The public surface over real stores, with vectors given by the tests; the model's own tests are in `model`.

#![allow(clippy::unwrap_used)] // helpers are tests too

mod credentials;
mod follow;
mod kept;
mod loaded;
mod merge;
mod precision;
mod support;
mod surface;
