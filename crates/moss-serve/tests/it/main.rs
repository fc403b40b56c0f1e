//! The service over loopback: what a client sees. Every answer is checked against the OpenAPI document.

#![allow(clippy::unwrap_used)] // helpers are tests too

mod admin;
mod auth;
mod bad_input;
mod limits;
mod manage;
mod operation;
mod process;
mod query;
mod sessions;
mod support;
mod transfer;
