//! The token that a key is exchanged for: held while it lives, one exchange for all who wait for it.

use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use moss_core::Result;
use parking_lot::Mutex;

/// A token is renewed this long before it ends.
const RENEW_BEFORE: Duration = Duration::from_secs(60);
/// No token is believed to live longer: a day.
const MAX_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A token and when to renew it, by this process's own clock: that of the service may be an hour off.
#[derive(Clone)]
pub(super) struct Token {
    secret: String,
    renew_at: Instant,
}

impl Token {
    /// A token that lives so long since it was asked for.
    pub(super) fn new(secret: String, asked: Instant, expires_in_secs: u64) -> Token {
        let life = Duration::from_secs(expires_in_secs).min(MAX_LIFE);
        Token {
            secret,
            renew_at: asked + life.saturating_sub(RENEW_BEFORE),
        }
    }
}

/// A key on its way to become a token.
pub(super) type Exchange = BoxFuture<'static, Result<Token>>;

/// The newest token.
#[derive(Default)]
pub(super) struct Tokens {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Token>,
    exchange: Option<Shared<Exchange>>,
}

impl Tokens {
    /// A token that lives on for a while.
    pub(super) async fn get(&self, exchange: impl FnOnce() -> Exchange) -> Result<String> {
        if let Some(held) = &self.state.lock().held
            && Instant::now() < held.renew_at
        {
            return Ok(held.secret.clone());
        }
        self.renew(exchange).await
    }

    /// A new token, by the exchange that is under way or by this one. Who asks meanwhile gets the same, a failure too.
    pub(super) async fn renew(&self, exchange: impl FnOnce() -> Exchange) -> Result<String> {
        let shared = {
            let mut state = self.state.lock();
            let shared = state.exchange.take().unwrap_or_else(|| exchange().shared());
            state.exchange.insert(shared).clone()
        };
        let exchanged = shared.clone().await;
        let mut state = self.state.lock();
        // The first to hear of it settles it.
        if state
            .exchange
            .as_ref()
            .is_some_and(|current| current.ptr_eq(&shared))
        {
            state.exchange = None;
            state.held = exchanged.as_ref().ok().cloned();
        }
        exchanged.map(|token| token.secret)
    }

    /// Forgets a token that was refused, unless another took its place meanwhile.
    pub(super) fn refused(&self, secret: &str) {
        self.state.lock().held.take_if(|held| held.secret == secret);
    }
}
