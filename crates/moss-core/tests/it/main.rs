//! Tests of moss-core through its public surface, one module per subject.
#![allow(clippy::unwrap_used)] // helpers here stand outside of test functions

mod embed;
