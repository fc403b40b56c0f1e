//! The C ABI of Moss: `libmoss` and, made from this crate by cbindgen, `include/libmoss.h`.
//!
//! Lives here: conversions, the checks of pointers and texts, the map of errors to numbers, handles. Every function has one
//! shape: enter by [`boundary::call`], blank the places of results, check and copy the arguments, make one call of the
//! crate `moss`, give. Decides nothing about search.
//!
//! What callers promise of the pointers they pass, and what they get, is said once for all functions in the head of the
//! header (`cbindgen.toml`); the `SAFETY` comments call it the function's contract.

// A C ABI is made of raw pointers. They are read in `input.rs`, written in `output.rs` and released in `free.rs`.
#![allow(unsafe_code)]
// The contract is in the head of the header, once.
#![allow(clippy::missing_safety_doc)]

mod handle;
mod input;
mod output;

// In the order of the header; the blank lines keep it.

pub mod global;

pub mod result;

pub mod boundary;

pub mod client;

pub mod session;

pub mod loaded;

pub mod cloud;

pub mod json;

pub mod authenticator;

pub mod options;

pub mod types;

pub mod free;
