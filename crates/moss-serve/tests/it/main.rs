//! The service over loopback: what a client sees.

#![allow(clippy::unwrap_used)] // helpers are tests too

mod limits;
mod manage;
mod operation;
mod process;
mod support;
