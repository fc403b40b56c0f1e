//! The process: opens the store, listens, answers until it is told to stop.

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use moss_core::{Error, ErrorKind, Result};
use tokio::net::TcpListener;

use crate::{Options, Service, router};

/// A service that listens and answers nobody yet.
pub struct Server {
    service: Arc<Service>,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Opens the store and takes the address.
    ///
    /// # Errors
    /// Those of [`Service::open`]; `Io` for an address that cannot be listened on.
    pub async fn start(options: Options) -> Result<Server> {
        let service = Service::open(options).await?;
        let listen = &service.options.listen;
        let failed =
            |error: std::io::Error| Error::new(ErrorKind::Io, format!("listen on {listen}: {error}"));
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Server {
            service,
            listener,
            address,
        })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its base URL is on this machine.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers until `stop` is ready, then finishes what is under way.
    ///
    /// # Errors
    /// `Io`.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        axum::serve(self.listener, router(self.service))
            .with_graceful_shutdown(stop)
            .await
            .map_err(|error| Error::new(ErrorKind::Io, format!("the service ended: {error}")))
    }
}

/// Runs a service until the process is told to stop, and prints one line with the URL it listens on.
///
/// # Errors
/// Those of [`Server::start`] and [`Server::run`].
pub async fn serve(options: Options) -> Result<()> {
    let server = Server::start(options).await?;
    // Whoever started it may not listen; it serves all the same.
    _ = writeln!(std::io::stdout(), "moss serves at {}", server.url());
    server.run(told_to_stop()).await
}

/// Ready on SIGTERM and on Ctrl-C.
async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => _ = interrupt.await,
        }
    }
    #[cfg(not(unix))]
    {
        _ = interrupt.await;
    }
}
