//! The cloud as a whole, over stores of its own.
#![allow(clippy::unwrap_used)] // helpers here stand outside of test functions

mod cache;
mod identity;
mod jobs;
mod kills;
mod push;
mod support;
mod takeover;
mod upload;
