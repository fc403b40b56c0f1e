//! The end of a service: when it is told to stop, and what waits for that.

use std::future::pending;
use std::time::Instant;

use tokio::sync::watch;

/// Whether, and when, the service was told to stop.
pub(crate) struct Drain {
    begun: watch::Sender<Option<Instant>>,
}

impl Drain {
    pub(crate) fn new() -> Drain {
        Drain {
            begun: watch::Sender::new(None),
        }
    }

    pub(crate) fn begin(&self) {
        self.begun.send_replace(Some(Instant::now()));
    }

    /// Ready once the service was told to stop.
    pub(crate) fn begun(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut begun = self.begun.subscribe();
        // The service that it belongs to is gone, else.
        async move { _ = begun.wait_for(Option::is_some).await }
    }

    /// When it was told to stop.
    pub(crate) fn since(&self) -> Option<Instant> {
        *self.begun.borrow()
    }
}

/// Ready on the first SIGTERM or Ctrl-C. The next one ends the process at once.
pub(crate) async fn told_to_stop() {
    signal().await;
    tokio::spawn(async {
        signal().await;
        // Whoever asks twice does not wait for what the first time waits for.
        std::process::exit(1);
    });
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let of = async |kind| match signal(kind) {
        Ok(mut signals) => _ = signals.recv().await,
        // The system gives no signals: it ends the process by itself.
        Err(_) => pending().await,
    };
    tokio::select! {
        () = of(SignalKind::terminate()) => {}
        () = of(SignalKind::interrupt()) => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        pending().await
    }
}
