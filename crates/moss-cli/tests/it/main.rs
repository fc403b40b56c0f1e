//! The command as people and scripts run it: the real program on a store in a folder, with the real model where texts are
//! embedded.

#![allow(clippy::unwrap_used)] // helpers are tests too

mod answers;
mod credentials;
mod files;
mod jobs;
mod page;
mod project;
mod query;
mod serve;
mod session;
mod shells;
mod support;
mod sync;
mod tools;
