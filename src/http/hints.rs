//! Interim answers that hint at what the answer will need (103 Early Hints, RFC 8297).
//!
//! hyper has none for servers. So they pass it by: a worker leaves the bytes of one at its connection, whose task puts
//! them out where hyper has written a whole message and nothing of the next one, see `Checked`. Until they are out, the
//! answer is held back. HTTP/2 has no such place: a block of headers is part of the compression of all others.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use http::{
    HeaderMap,
    header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE},
};
use parking_lot::Mutex;

/// Most bytes that may wait for a client which takes nothing.
const MOST: usize = 64 * 1024;

/// Where the worker that has a request leaves hints for its client.
#[derive(Clone, Default)]
pub struct Hints(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Whether some wait. Set and taken back under the lock.
    waiting: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// The task of the connection; `None` before it runs, and once it has ended.
    connection: Option<Waker>,
}

// === impl Hints ===

impl Hints {
    /// Sends headers as an interim answer, without those that are about the connection or a body. For the worker of a
    /// request, before it answers. Returns false if they will not reach the client: it has gone, or takes nothing.
    pub fn send(&self, headers: &HeaderMap) -> bool {
        let bytes = format(headers);
        let mut state = self.0.state.lock();
        let Some(connection) = state.connection.clone() else { return false };
        if state.bytes.len() + bytes.len() > MOST {
            return false;
        }
        state.bytes.extend_from_slice(&bytes);
        self.0.waiting.store(true, Ordering::Release);
        drop(state);
        connection.wake();
        true
    }

    /// Takes hints from now on, which `connection` is woken for.
    pub(super) fn open(&self, connection: &Waker) {
        match &mut self.0.state.lock().connection {
            Some(waker) => waker.clone_from(connection),
            place => *place = Some(connection.clone()),
        }
    }

    /// Takes no more.
    pub(super) fn close(&self) {
        self.0.state.lock().connection = None;
    }

    /// Returns whether some wait.
    pub(super) fn are_waiting(&self) -> bool {
        self.0.waiting.load(Ordering::Acquire)
    }

    /// Takes those that wait, as they are sent.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut state = self.0.state.lock();
        self.0.waiting.store(false, Ordering::Release);
        std::mem::take(&mut state.bytes)
    }
}

impl fmt::Debug for Hints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Hints").field("waiting", &self.are_waiting()).finish_non_exhaustive()
    }
}

fn format(headers: &HeaderMap) -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 103 Early Hints\r\n".to_vec();
    for (name, value) in headers {
        if [CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(name) {
            continue;
        }
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}
