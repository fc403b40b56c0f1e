//! Connections whose client stops reading: they are closed, so that what waits to be sent to them is freed.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use axum_server::accept::Accept;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutStream;

/// Accepts what `inner` does, and ends a connection that takes nothing of what is written to it for `timeout`.
#[derive(Debug, Clone)]
pub(crate) struct StallAcceptor<A> {
    inner: A,
    timeout: Duration,
}

impl<A> StallAcceptor<A> {
    pub(crate) fn new(inner: A, timeout: Duration) -> StallAcceptor<A> {
        StallAcceptor { inner, timeout }
    }
}

impl<A, I, S> Accept<I, S> for StallAcceptor<A>
where
    A: Accept<I, S>,
    A::Stream: AsyncRead + AsyncWrite,
    A::Future: Send + 'static,
{
    type Stream = Pin<Box<TimeoutStream<A::Stream>>>;
    type Service = A::Service;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepted, timeout) = (self.inner.accept(stream, service), self.timeout);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(timeout));
            Ok((Box::pin(stream), service))
        })
    }
}
