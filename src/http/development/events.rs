//! What a page listens to.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use serde_json::json;
use tokio::{sync::watch::Receiver, time::timeout};

use super::{Development, State};
use crate::{
    channel::{Event, comment},
    http::service::Connection,
};

/// How often something is sent though there is nothing to say, so that proxies keep the connection open and a lost page is
/// noticed.
const PING: Duration = Duration::from_secs(15);
/// Milliseconds after which a page that has lost its connection comes again.
const RETRY: u64 = 500;

type Next = Pin<Box<dyn Future<Output = Option<(Bytes, Listener)>> + Send>>;

/// A stream of events: the state that is, and those that come.
pub(super) struct Events {
    /// `None` once it has ended.
    next: Option<Next>,
    connection: Connection,
}

struct Listener {
    development: Development,
    state: Receiver<State>,
}

// === impl Events ===

impl Events {
    pub(super) fn new(development: &Development, connection: Connection) -> Self {
        // As while a worker writes: whether the page has gone is looked at.
        connection.set_waiting(true);
        let listener = Listener { development: development.clone(), state: development.0.state.subscribe() };
        Self { next: Some(Box::pin(async { listener.tell(Some(RETRY)) })), connection }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.connection.set_waiting(false);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Events")
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let told = ready!(next.as_mut().poll(context));
        let (bytes, listener) = told.map_or((None, None), |(bytes, listener)| (Some(bytes), Some(listener)));
        self.next = listener.map(|listener| Box::pin(listener.listen()) as Next);
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

// === impl Listener ===

impl Listener {
    /// Waits for something to say. `None`: it is the end.
    async fn listen(mut self) -> Option<(Bytes, Self)> {
        match timeout(PING, self.state.changed()).await {
            Ok(Ok(())) => self.tell(None),
            // It is held by `development`.
            Ok(Err(_)) => None,
            Err(_) => Some((comment(b"").into(), self)),
        }
    }

    fn tell(mut self, retry: Option<u64>) -> Option<(Bytes, Self)> {
        let state = self.state.borrow_and_update().clone();
        let data = json!({"version": self.development.version_of(&state), "failure": state.failure.as_deref()});
        let event = Event { data: data.to_string().as_bytes(), retry, ..Event::default() }.format().ok()?;
        (!state.ended).then(|| (event.into(), self))
    }
}
