//! Hearing of new versions from the service, by server-sent events.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eventsource_stream::{Event, Eventsource};
use futures::{FutureExt, Stream, StreamExt, stream};
use moss_core::Result;
use moss_proto::indexes::{self, VERSION_EVENT, VersionEvent};

use super::http::Http;

type Incoming = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// The news of one index. Opens its stream when first asked.
pub(crate) struct Events {
    http: Arc<Http>,
    name: String,
    /// What comes, and since when it does.
    stream: Option<(Incoming, Instant)>,
    /// The version heard of last.
    heard: Option<u64>,
    backoff: Duration,
}

impl Events {
    pub(super) fn new(http: Arc<Http>, name: &str) -> Events {
        Events {
            backoff: http.waits().reopen.0,
            http,
            name: name.to_owned(),
            stream: None,
            heard: None,
        }
    }

    /// Returns when there may be a newer version than was heard of. With a service that has no events it never does: whoever
    /// waits has to look by itself now and then.
    pub(crate) async fn changed(&mut self) {
        loop {
            let Some((stream, since)) = &mut self.stream else {
                match open(self.http.clone(), self.name.clone()).await {
                    Ok(stream) => self.stream = Some((stream, Instant::now())),
                    Err(error) => {
                        tracing::debug!(index = self.name, %error, "no events for now");
                        self.wait().await;
                    }
                }
                continue;
            };
            let Some(event) = stream.next().await else {
                let (first, last) = self.http.waits().reopen;
                // One that ends as soon as it is opened is not opened again and again.
                if since.elapsed() >= last {
                    self.backoff = first;
                }
                self.stream = None;
                // The look after what was heard last may have failed with the stream.
                self.heard = None;
                self.wait().await;
                continue;
            };
            // One look is for all that came by now.
            let mut told = version(&event);
            while let Some(Some(event)) = stream.next().now_or_never() {
                told = version(&event).or(told);
            }
            if told.is_some_and(|told| self.heard.replace(told) != Some(told)) {
                return;
            }
        }
    }

    /// With jitter, since all followers of a service lose their streams at once when it is started again.
    async fn wait(&mut self) {
        tokio::time::sleep(self.backoff.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        self.backoff = (self.backoff * 2).min(self.http.waits().reopen.1);
    }
}

/// The version that an event tells of.
fn version(event: &Event) -> Option<u64> {
    let is_version = event.event == VERSION_EVENT;
    let told = is_version.then(|| serde_json::from_str::<VersionEvent>(&event.data))?;
    told.ok().map(|told| told.version)
}

async fn open(http: Arc<Http>, name: String) -> Result<Incoming> {
    let path = indexes::path(&name, "events");
    let silence = http.waits().stall;
    let bytes = Box::pin(http.stream(&path).await?.bytes_stream());
    // Bytes are timed and not events: the comments that keep a quiet stream open are none.
    let alive = stream::unfold(bytes, move |mut bytes| async move {
        let more = tokio::time::timeout(silence, bytes.next()).await;
        more.ok().flatten().map(|chunk| (chunk, bytes))
    });
    // Ends at the first fault; the stream is opened anew then.
    let whole = alive.eventsource().take_while(|event| ready(event.is_ok()));
    Ok(Box::pin(whole.filter_map(|event| ready(event.ok())).fuse()))
}
