//! What a client of a service promises, against services by script.

mod events;
mod requests;
mod store;
mod stub;
mod tokens;

use stub::{Reply, Request};

const TOKENS: &str = "/identity/auth/token";
const MANAGE: &str = "/v1/manage";

/// A script that does these one after the other, and the last of them ever after.
fn in_turn(replies: Vec<fn() -> Reply>) -> impl FnMut(&Request) -> Reply + Send {
    let mut next = 0;
    move |_| {
        let reply = replies[next.min(replies.len() - 1)]();
        next += 1;
        reply
    }
}
