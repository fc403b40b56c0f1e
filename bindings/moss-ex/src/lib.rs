//! The native module of the Elixir package: `MossCore.Nif`, over the crate `moss`.
//!
//! Lives here: terms into Rust values and back, handles that are freed with their owner, and which scheduler a call
//! runs on. Decides nothing about search. The functions are those of the published `MossCore.Nif`, by name and arity,
//! and a few more that the Elixir layer needs; `elixir/lib/moss_core/nif.ex` documents each.
//!
//! | Scheduler | Calls |
//! | --- | --- |
//! | dirty CPU | what embeds, searches or copies documents |
//! | dirty I/O | what reaches disk or network, what may wait for a writer's lock, and batches that take seconds |
//! | normal | what reads a field |

// The runtime passes handles and terms by value.
#![allow(clippy::needless_pass_by_value)]

mod convert;
mod documents;
mod filter;
mod handle;
mod manage;
mod manager;
mod options;
mod results;
mod session;

use rustler::{Env, Term};

fn load(env: Env<'_>, _info: Term<'_>) -> bool {
    env.register::<handle::Session>().is_ok() && env.register::<handle::Client>().is_ok()
}

rustler::init!("Elixir.MossCore.Nif", load = load);
