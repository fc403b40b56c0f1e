//! Tokens from Swift.

use std::sync::Arc;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use moss::{Error, ErrorKind};
use parking_lot::Mutex;

/// Gives the token that a call of the cloud carries; implemented in Swift.
///
/// Asking returns at once and the answer comes later: what uniffi writes for an asynchronous trait does not compile in
/// Swift's language mode 6.
#[uniffi::export(with_foreign)]
pub(crate) trait NativeAuthenticator: Send + Sync {
    /// Starts to get a token for `answer`.
    fn ask(&self, answer: Arc<NativeAnswer>);
}

/// Where the answer to one question goes.
#[derive(uniffi::Object)]
pub(crate) struct NativeAnswer {
    to: Mutex<Option<oneshot::Sender<moss::Result<String>>>>,
}

#[uniffi::export]
impl NativeAnswer {
    /// The raw token.
    fn give(&self, token: String) {
        self.send(Ok(token));
    }

    /// Why there is none.
    fn refuse(&self, reason: String) {
        self.send(Err(Error::new(ErrorKind::Unauthorized, reason)));
    }
}

impl NativeAnswer {
    fn send(&self, answer: moss::Result<String>) {
        if let Some(to) = self.to.lock().take() {
            // Whoever asked may have lost patience.
            let _ = to.send(answer);
        }
    }
}

/// The Swift authenticator as Moss knows one.
pub(crate) struct FromSwift(pub(crate) Arc<dyn NativeAuthenticator>);

impl moss::Authenticator for FromSwift {
    fn token(&self) -> BoxFuture<'_, moss::Result<String>> {
        let (to, answer) = oneshot::channel();
        self.0.ask(Arc::new(NativeAnswer {
            to: Mutex::new(Some(to)),
        }));
        let answered = answer.map(|answer| {
            // Swift let go of the question.
            answer.unwrap_or_else(|_| Err(Error::new(ErrorKind::Unauthorized, "no answer")))
        });
        answered.boxed()
    }
}
