//! Language-neutral scenarios of the Moss surface: the files in `scenarios/` and `vectors/`, explained in `README.md`.
//!
//! Nothing but data is shared between the languages. The Rust runner is this crate's test; the other runners are in the
//! packages of their languages.
