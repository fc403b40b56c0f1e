//! The Moss service: the HTTP door of the cloud library.
//!
//! [`serve`] runs it; [`router`] is the routes alone, over a [`Service`] that holds what they share. What an action does is
//! `moss-cloud`'s, what travels is `moss-proto`'s; here it is routed, checked and worded as HTTP. State lives in the store,
//! so that any number of replicas answer for one store.

mod admin;
mod auth;
mod body;
mod drain;
mod error;
mod etag;
mod extract;
mod health;
mod identity;
mod indexes;
mod limits;
mod links;
mod manage;
mod metrics;
mod observe;
mod openapi;
mod options;
mod query;
mod rate;
mod ready;
mod router;
mod server;
mod service;
mod stall;
mod telemetry;
mod tls;
mod transfer;

pub use options::{LogFormat, Options};
pub use router::router;
pub use server::{Server, serve};
pub use service::Service;
