//! What passes between the HTTP server and a worker.

use std::{
    cell::OnceCell,
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, request::Parts};

use crate::net::Peer;

/// A complete request: head and buffered body.
#[derive(Debug)]
pub struct Request {
    /// Method, target, version and headers.
    pub head: Parts,
    /// The whole body.
    pub body: Bytes,
    /// Who sent it, and to which of our addresses.
    pub peer: Peer,
    /// Number of this request, unique in this process and, with great likelihood, everywhere.
    pub id: RequestId,
    /// A worker stopped without answering it, and left it to another one.
    pub given_back: bool,
    /// When the head had arrived.
    pub arrived: Instant,
    /// The same by the clock on the wall, once somebody has asked for it.
    arrived_at: OnceCell<SystemTime>,
}

/// Identifies a request in logs and answers: 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestId {
    process: u64,
    number: u64,
}

/// A worker's complete answer.
#[derive(Debug)]
pub struct Answer {
    /// 200 to 599.
    pub status: StatusCode,
    /// As given by the worker, without the framing headers, which are the server's business.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

// === impl Request ===

impl Request {
    /// Creates a request that has just arrived.
    pub fn new(head: Parts, body: Bytes, peer: Peer, arrived: Instant) -> Self {
        Self { head, body, peer, id: RequestId::next(), given_back: false, arrived, arrived_at: OnceCell::new() }
    }

    /// Returns when the head had arrived, by the clock on the wall.
    pub fn arrived_at(&self) -> SystemTime {
        *self.arrived_at.get_or_init(|| SystemTime::now() - self.arrived.elapsed())
    }
}

// === impl RequestId ===

impl RequestId {
    /// Returns the next number.
    pub fn next() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let process = *PROCESS.get_or_init(|| {
            use std::hash::{BuildHasher, Hasher, RandomState};
            // The keys of a `RandomState` come from the operating system's random numbers.
            RandomState::new().build_hasher().finish()
        });
        Self { process, number: NUMBER.fetch_add(1, Ordering::Relaxed) }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}{:016x}", self.process, self.number)
    }
}
