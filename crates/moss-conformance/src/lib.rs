//! What every way into Moss must do alike: the scenarios of its surface in `scenarios/` and `vectors/`, explained in
//! `README.md`, and the [`contract`] of the HTTP door.
//!
//! Nothing but data is shared between the languages. The Rust runner is this crate's test; the other runners are in the
//! packages of their languages.

pub mod contract;
