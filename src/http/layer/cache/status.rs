//! Header `Cache-Status`: what the cache did with a request (RFC 9211).

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// The header.
pub(super) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// What was done with a request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Status {
    /// Why a worker was asked; `None`: it was not.
    pub(super) forwarded: Option<&'static str>,
    /// The worker's status, if the client got another one.
    pub(super) worker: Option<StatusCode>,
    /// Whether the answer was stored.
    pub(super) stored: bool,
    /// Whether another request asked the worker.
    pub(super) collapsed: bool,
    /// Seconds until the stored answer is stale.
    pub(super) time_to_live: Option<i64>,
    pub(super) detail: Option<&'static str>,
}

// === impl Status ===

impl Status {
    /// A worker is asked, for this reason.
    pub(super) fn forwarded(why: &'static str) -> Self {
        Self { forwarded: Some(why), ..Self::default() }
    }

    /// Adds the header: behind those of caches that are nearer to the origin.
    pub(super) fn add(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.text()) {
            headers.append(CACHE_STATUS, value);
        }
    }

    fn text(&self) -> String {
        let mut text = String::from("RoadRunner");
        match self.forwarded {
            Some(why) => text.extend(["; fwd=", why]),
            None => text.push_str("; hit"),
        }
        if let Some(status) = self.worker {
            text.extend(["; fwd-status=", status.as_str()]);
        }
        if let Some(seconds) = self.time_to_live {
            text.extend(["; ttl=", &seconds.to_string()]);
        }
        if self.stored {
            text.push_str("; stored");
        }
        if self.collapsed {
            text.push_str("; collapsed");
        }
        if let Some(detail) = self.detail {
            text.extend(["; detail=", detail]);
        }
        text
    }
}
