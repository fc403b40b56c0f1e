//! What is stored outlives what can happen to a process and to a disk: kills at any instant, writers beside writers,
//! disks that are full or read-only, files that are damaged or gone. Over directories, through the public surface.
//!
//! How a store keeps its promises is tested in `moss-store`; here nothing is known of it but its files' names.

#![allow(clippy::unwrap_used)] // helpers are tests too

mod damage;
#[cfg(unix)]
mod disk;
mod kills;
mod support;
mod writer;
