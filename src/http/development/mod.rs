//! Pages that reload themselves while somebody works on the application (key `watch.page`).
//!
//! Pages get a script that listens to an internal path for the version of the application. It is answered here, never by a
//! worker: with the version that is, and each that comes to be.

mod events;
mod html;
mod page;
mod tail;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response,
    header::{CACHE_CONTROL, CONTENT_TYPE},
    request::Parts,
};
use tokio::sync::watch;

use self::events::Events;
pub(super) use self::page::Page;
use super::{RequestId, access::Body, answering::unavailable, body::Content, service::Connection};

/// Where the script is.
const SCRIPT: &str = "/.roadrunner/reload.js";
/// Where it listens.
const EVENTS: &str = "/.roadrunner/reload";
/// Bytes of the longest text of an error that pages show.
const LONGEST: usize = 64 * 1024;

/// What open pages are told. Clones are the same.
#[derive(Clone)]
pub struct Development(Arc<Inner>);

struct Inner {
    /// Differs from that of every other process.
    process: RequestId,
    state: watch::Sender<State>,
}

/// What is the case with the application.
#[derive(Clone, Debug, Default)]
struct State {
    /// Times that its code was replaced.
    reloads: u64,
    /// Why the code that is there now cannot be used.
    failure: Option<Arc<str>>,
    ended: bool,
}

// === impl Development ===

impl Development {
    /// Creates what pages of this process listen to.
    pub fn new() -> Self {
        Self(Arc::new(Inner { process: RequestId::next(), state: watch::Sender::default() }))
    }

    /// The code of all workers has been replaced: open pages reload.
    pub fn reloaded(&self) {
        self.0.state.send_modify(|state| {
            state.reloads += 1;
            state.failure = None;
        });
    }

    /// The code that is there now cannot be used, and workers go on with what they had: open pages show why, until
    /// [`Development::reloaded`].
    pub fn failed(&self, text: &str) {
        let text = &text[..text.floor_char_boundary(LONGEST)];
        self.0.state.send_modify(|state| state.failure = Some(text.into()));
    }

    /// Ends what pages listen to, now and later: the server ends. They come again until another one is there, and then reload.
    pub fn end(&self) {
        self.0.state.send_modify(|state| state.ended = true);
    }

    /// Returns how many pages listen.
    pub fn listeners(&self) -> usize {
        self.0.state.receiver_count()
    }

    /// What tells this code from that before and behind it.
    fn version(&self) -> String {
        self.version_of(&self.0.state.borrow())
    }

    fn version_of(&self, state: &State) -> String {
        format!("{}-{}", self.0.process, state.reloads)
    }

    /// Answers what the script asks for; `None`: this is not for us.
    pub(super) fn answer(&self, head: &Parts, connection: &Connection) -> Option<Response<Body>> {
        let head_only = head.method == Method::HEAD;
        if !head_only && head.method != Method::GET {
            return None;
        }
        let (kind, content) = match head.uri.path() {
            SCRIPT => ("text/javascript; charset=utf-8", Bytes::from_static(include_bytes!("reload.js")).into()),
            EVENTS if self.0.state.borrow().ended => return Some(unavailable()),
            EVENTS if head_only => ("text/event-stream", Bytes::new().into()),
            EVENTS => ("text/event-stream", Content::layered(Events::new(self, connection.clone()))),
            _ => return None,
        };
        let mut response = Response::new(Body::new(content));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // For nginx, which else collects what it passes on.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        Some(response)
    }
}

impl Default for Development {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Development {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Development").field(&*self.0.state.borrow()).finish()
    }
}
