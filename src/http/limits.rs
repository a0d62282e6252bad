//! Bounds in time and size (section `http.limits`).

use std::{num::NonZeroU32, time::Duration};

use crate::config::{Problems, Section};

/// Bytes in the unit of `http.limits.max_header_size` and `http.limits.max_uri_length`.
const KIBIBYTE: u64 = 1024;
/// Headers that hyper takes of an HTTP/1 request by itself.
pub(super) const HEADERS: usize = 100;

/// Bounds in time and size (section `http.limits`).
///
/// Those in time are looked at from time to time, so what they end may last up to a quarter longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `http.limits.header_timeout`: how long a client may take for the head of a request: for the first one from its
    /// connection on, a TLS handshake included, for others from their first byte on.
    ///
    /// Default: `30s`. RoadRunner: 5m.
    pub header_timeout: Duration,

    /// `http.limits.body_timeout`: how long a client may send nothing of a body that it has announced.
    ///
    /// Default: `60s`.
    pub body_timeout: Duration,

    /// `http.limits.request_timeout`: how long a body may take to arrive, from the end of the head on. `None`: as long as
    /// each `body_timeout` brings some of it.
    ///
    /// Default: `5m`, as RoadRunner; 0 is `None`.
    pub request_timeout: Option<Duration>,

    /// `http.limits.write_timeout`: how long a client may take nothing of an answer.
    ///
    /// Default: `60s`. RoadRunner: 5m for the whole answer.
    pub write_timeout: Duration,

    /// `http.limits.keep_alive_timeout`: how long a connection may stay without a request.
    ///
    /// Default: `60s`. RoadRunner: 1h.
    pub keep_alive_timeout: Duration,

    /// `http.limits.queue_timeout`: how long a request may wait for a worker; it is refused with 503 then. `None`: as long
    /// as its client does.
    ///
    /// Default: `allocate_timeout` of the pool, else `60s`; 0 is `None`.
    pub queue_timeout: Option<Duration>,

    /// `http.limits.max_requests_per_connection`: requests after which a connection ends. `None`: no limit.
    ///
    /// Default: 0, which is `None`.
    pub max_requests_per_connection: Option<NonZeroU32>,

    /// `http.limits.max_header_size`: longest head of a request in bytes, in the file in KiB.
    ///
    /// Default: 64 KiB.
    pub max_header_size: usize,

    /// `http.limits.max_headers`: most headers of a request.
    ///
    /// Default: 100.
    pub max_headers: usize,

    /// `http.limits.max_uri_length`: longest target of a request in bytes, in the file in KiB.
    ///
    /// Default: 32 KiB.
    pub max_uri_length: usize,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_mins(1),
            request_timeout: Some(Duration::from_mins(5)),
            write_timeout: Duration::from_mins(1),
            keep_alive_timeout: Duration::from_mins(1),
            queue_timeout: Some(Duration::from_mins(1)),
            max_requests_per_connection: None,
            max_header_size: bytes(64),
            max_headers: HEADERS,
            max_uri_length: bytes(32),
        }
    }
}

impl Limits {
    /// Reads the section over what is set; what is wrong is added to `problems` and left as it is.
    #[must_use]
    pub fn read(self, mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut limits = self;
        for (key, place) in [
            ("header_timeout", &mut limits.header_timeout),
            ("body_timeout", &mut limits.body_timeout),
            ("write_timeout", &mut limits.write_timeout),
            ("keep_alive_timeout", &mut limits.keep_alive_timeout),
        ] {
            if let Some(timeout) = section.timeout(key, problems) {
                *place = timeout;
            }
        }
        for (key, place) in
            [("request_timeout", &mut limits.request_timeout), ("queue_timeout", &mut limits.queue_timeout)]
        {
            if let Some(timeout) = section.duration(key, problems) {
                *place = Some(timeout).filter(|timeout| !timeout.is_zero());
            }
        }
        if let Some(requests) = section.integer("max_requests_per_connection", 0..=u64::from(u32::MAX), problems) {
            limits.max_requests_per_connection = u32::try_from(requests).ok().and_then(NonZeroU32::new);
        }
        if let Some(size) = section.integer("max_header_size", 8..=1024, problems) {
            limits.max_header_size = bytes(size);
        }
        if let Some(headers) = section.integer("max_headers", 1..=10_000, problems) {
            limits.max_headers = usize::try_from(headers).unwrap_or(HEADERS);
        }
        if let Some(length) = section.integer("max_uri_length", 1..=63, problems) {
            limits.max_uri_length = bytes(length);
        }
        section.finish(problems);
        limits
    }
}

fn bytes(kibibytes: u64) -> usize {
    usize::try_from(kibibytes * KIBIBYTE).unwrap_or(usize::MAX)
}
