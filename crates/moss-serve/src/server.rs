//! The process: opens the store, listens, answers until it is told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures::future::{Either, join, select};
use hyper_util::rt::TokioTimer;
use moss_core::{Error, ErrorKind, Result};
use tokio::net::TcpListener;

use crate::stall::StallAcceptor;
use crate::{Options, Service, drain, router, telemetry, tls};

/// How often is looked whether the last jobs have ended.
const JOBS_LOOK: Duration = Duration::from_millis(50);
/// How often counters are tidied up.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// Between two rounds of housekeeping. Each replica does them: a round that finds nothing is cheap.
const HOUSEKEEPING: Duration = Duration::from_secs(3600);

/// A service that listens and answers nobody yet.
pub struct Server {
    service: Arc<Service>,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
}

impl Server {
    /// Opens the store, reads the certificate and takes the address.
    ///
    /// # Errors
    /// Those of [`Service::open`]; `Io` for an address that cannot be listened on, and for a certificate or key that cannot
    /// be read; `InvalidArgument` for a certificate and key that are none or do not belong together.
    pub async fn start(options: Options) -> Result<Server> {
        let tls = tls::config(&options).await?;
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
            tls,
        })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its base URL is on this machine.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Answers until `stop` is ready, then takes no more connections and finishes what is under way, for as long as the
    /// options allow.
    ///
    /// # Errors
    /// `Io`.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let router = router(self.service.clone()).into_make_service();
        let plain = axum_server::Server::<SocketAddr>::from_listener(self.listener)
            .acceptor(StallAcceptor::new(
                NoDelayAcceptor::new(),
                self.service.options.body_timeout,
            ))
            .handle(self.service.connections.clone());
        let header_timeout = self.service.options.header_timeout;
        let serving = async {
            match self.tls {
                None => http1(plain, header_timeout).serve(router).await,
                Some(tls) => {
                    let encrypted = plain.map(|tcp| RustlsAcceptor::new(tls).acceptor(tcp));
                    http1(encrypted, header_timeout).serve(router).await
                }
            }
        };
        let upkeep = join(tidy(&self.service), keep_house(&self.service));
        let beside = join(end(&self.service, stop), upkeep);
        let served = match select(pin!(serving), pin!(beside)).await {
            Either::Left((served, _)) => served,
            Either::Right(((_, (never, _)), _)) => match never {},
        };
        served.map_err(|error| Error::new(ErrorKind::Io, format!("the service ended: {error}")))?;
        jobs_end(&self.service).await;
        Ok(())
    }
}

/// Speaks HTTP/1.1 alone: it bounds what a connection may cost by a few timeouts, and a proxy in front can speak the rest.
fn http1<A>(
    server: axum_server::Server<SocketAddr, A>,
    header_timeout: Duration,
) -> axum_server::Server<SocketAddr, A> {
    let mut server = server.http1_only();
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout);
    server
}

/// Ends the serving once `stop` is ready.
async fn end(service: &Service, stop: impl Future<Output = ()>) {
    stop.await;
    tracing::info!("told to stop");
    service.drain.begin();
    service.connections.graceful_shutdown(Some(service.options.drain));
}

/// Waits for the jobs of this process in what is left of the time that the options allow. Another replica, or this one when
/// it runs again, goes on with those that do not end.
async fn jobs_end(service: &Service) {
    let is_in_time = || {
        service
            .drain
            .since()
            .is_some_and(|since| since.elapsed() < service.options.drain)
    };
    while service.cloud.job_stats().running > 0 && is_in_time() {
        tokio::time::sleep(JOBS_LOOK).await;
    }
}

/// Keeps what is counted small, for as long as the service runs.
async fn tidy(service: &Service) -> Infallible {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        service.tidy();
    }
}

/// Takes on jobs that were left behind, at the start too, and collects garbage. What fails is logged and tried again in the next
/// round.
async fn keep_house(service: &Service) -> Infallible {
    loop {
        service.cloud.resume_jobs().await;
        tokio::time::sleep(HOUSEKEEPING).await;
        let done = service.cloud.keep_house().await;
        tracing::info!(?done, "housekeeping");
    }
}

/// Runs a service until the process is told to stop, by SIGTERM or Ctrl-C, and prints one line with the URL it listens on.
/// A second signal ends the process at once, with status 1. Logs to stderr.
///
/// # Errors
/// Those of [`Server::start`] and [`Server::run`]; `InvalidArgument` for an OTLP endpoint that is none.
pub async fn serve(options: Options) -> Result<()> {
    let telemetry = telemetry::start(&options)?;
    // A connection is a file. With the few that systems allow at first it serves all the same.
    _ = rlimit::increase_nofile_limit(u64::MAX);
    let server = Server::start(options).await?;
    // Whoever started it may not listen; it serves all the same.
    _ = writeln!(std::io::stdout(), "moss serves at {}", server.url());
    let served = server.run(drain::told_to_stop()).await;
    telemetry.end().await;
    served
}
