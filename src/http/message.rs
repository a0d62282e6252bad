//! What passes between the HTTP server and a worker.

use std::{
    cell::OnceCell,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, MaxSizeReached, TRANSFER_ENCODING},
    request::Parts,
};

use super::{Beyond, Form, Hints, Received, Source, Transfer};
use crate::{net::Peer, tls};

/// A request: its head, and its body or where that is.
#[derive(Debug)]
pub struct Request {
    /// Method, target, version and headers.
    pub head: Parts,
    /// The whole body; empty if it was taken apart, see `form`, or is not in memory, see `beyond`.
    pub body: Bytes,
    /// Where the body is, if it is not in memory.
    pub beyond: Option<Box<Beyond>>,
    /// Fields that came behind the body, once it has arrived.
    pub trailers: Option<Box<HeaderMap>>,
    /// What a body with files (`multipart/form-data`) was taken apart into.
    pub form: Option<Box<Form>>,
    /// Who sent it, and to which of our addresses.
    pub peer: Peer,
    /// Number of this request, unique in this process and, with great likelihood, everywhere.
    pub id: RequestId,
    /// Whether the connection is encrypted, as far as is known.
    pub secure: bool,
    /// What TLS was agreed upon with this server, if it was with this one.
    pub tls: Option<Arc<tls::Session>>,
    /// Where hints for the client are left, if it can be sent any.
    pub hints: Option<Hints>,
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
    pub(super) status: StatusCode,
    /// Without those that frame the body.
    pub(super) headers: HeaderMap,
    /// The body, or what it comes from.
    pub(super) body: Payload,
    /// The length that was given as a header.
    pub(super) length: Length,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Payload {
    /// All of it.
    Whole(Bytes),
    /// What the worker will write.
    Stream(Source),
    /// A file, or parts of one.
    File(Box<Transfer>),
}

/// What a worker said of the length of its body. It counts where the length cannot be seen: in the answer to a HEAD
/// request, which may announce the length that a GET would have, and in one that is streamed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Length {
    Unsaid,
    Known(u64),
    /// No number, or several.
    Wrong,
}

// === impl Request ===

impl Request {
    /// Creates a request that has just arrived, in plain text.
    pub fn new(head: Parts, body: Bytes, peer: Peer, arrived: Instant) -> Self {
        Self {
            head,
            body,
            beyond: None,
            trailers: None,
            form: None,
            peer,
            id: RequestId::next(),
            secure: false,
            tls: None,
            hints: None,
            given_back: false,
            arrived,
            arrived_at: OnceCell::new(),
        }
    }

    /// Takes a body that has arrived, or will.
    pub fn take(&mut self, body: Received) {
        let Received { bytes, beyond, form, trailers } = body;
        (self.body, self.beyond, self.form, self.trailers) = (bytes, beyond, form, trailers);
    }

    /// Returns whether another worker would find its body as this one has.
    pub fn is_untouched(&self) -> bool {
        match self.beyond.as_deref() {
            None | Some(Beyond::Disk(_)) => true,
            Some(Beyond::Arriving(arrival)) => !arrival.has_begun(),
            Some(Beyond::Spent | Beyond::Failed(_)) => false,
        }
    }

    /// Returns when the head had arrived, by the clock on the wall.
    pub fn arrived_at(&self) -> SystemTime {
        *self.arrived_at.get_or_init(|| SystemTime::now() - self.arrived.elapsed())
    }
}

// === impl Answer ===

impl Answer {
    /// Creates an answer without headers.
    pub fn new(status: StatusCode, body: impl Into<Payload>) -> Self {
        Self::recycling(HeaderMap::new(), status, body)
    }

    /// Creates an answer without headers that takes over the memory of a map that nobody needs any more.
    pub fn recycling(mut headers: HeaderMap, status: StatusCode, body: impl Into<Payload>) -> Self {
        headers.clear();
        Self { status, headers, body: body.into(), length: Length::Unsaid }
    }

    /// Adds a header. Those that frame the body on the wire are the server's business, and are left out.
    ///
    /// # Errors
    ///
    /// When there are too many.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), MaxSizeReached> {
        if name == CONTENT_LENGTH {
            let number = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            self.length = match (self.length, number.and_then(|number| number.parse().ok())) {
                (Length::Unsaid, Some(length)) => Length::Known(length),
                _ => Length::Wrong,
            };
        } else if name != TRANSFER_ENCODING {
            self.headers.try_append(name, value)?;
        }
        Ok(())
    }

    /// The same with another body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Payload>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Returns its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns whether it has a header of that name.
    pub fn has(&self, name: &HeaderName) -> bool {
        self.headers.contains_key(name)
    }
}

// === impl Payload ===

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

impl From<Source> for Payload {
    fn from(source: Source) -> Self {
        Self::Stream(source)
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
