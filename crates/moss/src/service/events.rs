//! Hearing of new versions from the service, by server-sent events.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use eventsource_stream::{Event, Eventsource};
use futures::{Stream, StreamExt};
use moss_core::{ErrorKind, Result};
use moss_proto::indexes::{self, VERSION_EVENT, VersionEvent};

use super::http::Http;

/// A stream on which nothing comes for so long, not even the comments that keep it open, is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// Waits before a lost stream is opened again: the first, doubled up to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

type Incoming = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// The news of one index. Opens its stream when first asked.
pub(crate) struct Events {
    http: Arc<Http>,
    name: String,
    stream: Option<Incoming>,
    /// The version heard of last.
    heard: Option<u64>,
    backoff: Duration,
}

impl Events {
    pub(super) fn new(http: Arc<Http>, name: &str) -> Events {
        Events {
            http,
            name: name.to_owned(),
            stream: None,
            heard: None,
            backoff: BACKOFF.0,
        }
    }

    /// Returns when there may be a newer version than was heard of. With a service that has no events it never does: whoever
    /// waits has to look by itself now and then.
    pub(crate) async fn changed(&mut self) {
        loop {
            let Some(stream) = &mut self.stream else {
                match open(self.http.clone(), self.name.clone()).await {
                    Ok(stream) => self.stream = Some(stream),
                    Err(error) if matches!(error.kind(), ErrorKind::Cloud | ErrorKind::InvalidArgument) => {
                        tracing::debug!(index = self.name, %error, "no events, polling only");
                        return std::future::pending().await;
                    }
                    Err(error) => {
                        tracing::debug!(index = self.name, %error, "no events for now");
                        self.wait().await;
                    }
                }
                continue;
            };
            match tokio::time::timeout(SILENCE, stream.next()).await {
                Ok(Some(event)) => {
                    self.backoff = BACKOFF.0;
                    if self.is_news(&event) {
                        return;
                    }
                }
                Ok(None) | Err(_) => {
                    self.stream = None;
                    // The look after what was heard last may have failed with the stream.
                    self.heard = None;
                    self.wait().await;
                }
            }
        }
    }

    fn is_news(&mut self, event: &Event) -> bool {
        if event.event != VERSION_EVENT {
            return false;
        }
        let Ok(told) = serde_json::from_str::<VersionEvent>(&event.data) else {
            return false;
        };
        self.heard.replace(told.version) != Some(told.version)
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.backoff).await;
        self.backoff = (self.backoff * 2).min(BACKOFF.1);
    }
}

async fn open(http: Arc<Http>, name: String) -> Result<Incoming> {
    let path = indexes::path(&name, "events");
    let events = http.stream(&path).await?.bytes_stream().eventsource();
    // Ends at the first fault; the stream is opened anew then.
    let whole = events.take_while(|event| ready(event.is_ok()));
    Ok(Box::pin(whole.filter_map(|event| ready(event.ok()))))
}
