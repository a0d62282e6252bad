//! Middleware `rate_limit`: bounds how many requests a client may make in a time.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};
use http::{HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{Answer, Around, Middleware, Next, Request, refused};
use crate::{
    config::{Problems, Section},
    net::network,
};

/// Requests between two times that clients are forgotten which have not come for long.
const SWEEP: u32 = 4096;

/// Settings of the middleware (section `http.rate_limit`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// `requests`: requests that each may make in `per`, on the average.
    requests: NonZeroU32,
    /// `per`.
    per: Duration,
    /// `burst`: requests that may come at once; `requests` if absent.
    burst: Option<NonZeroU32>,
    /// `key`: whose requests are counted together.
    key: By,
    /// `header`: the one whose values count, if `key` says so.
    header: HeaderName,
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// `ip`: those from one address; IPv6 by networks of 64 bits.
    Address,
    /// `header`: those with the same value of a header, those without it by address.
    Header,
    /// `route`: all.
    Route,
}

/// Words of `key`.
const KEYS: &[(&str, By)] = &[("ip", By::Address), ("header", By::Header), ("route", By::Route)];

/// Whose requests these are.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
enum Key {
    Address(IpAddr),
    Value(Box<[u8]>),
    All,
}

/// The middleware.
#[derive(Debug)]
pub(super) struct RateLimit {
    limiter: DefaultKeyedRateLimiter<Key>,
    key: By,
    header: HeaderName,
    limit: HeaderValue,
    requests: AtomicU32,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        const DEFAULT: NonZeroU32 = NonZeroU32::new(100).unwrap();
        Self {
            requests: DEFAULT,
            per: Duration::from_secs(1),
            burst: None,
            key: By::Address,
            header: HeaderName::from_static("x-api-key"),
        }
    }
}

impl Config {
    pub(super) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        let mut number = |key, problems: &mut Problems| {
            let number = section.integer(key, 1..=1_000_000_000, problems)?;
            NonZeroU32::new(u32::try_from(number).ok()?)
        };
        self.requests = number("requests", problems).unwrap_or(self.requests);
        self.burst = number("burst", problems).or(self.burst);
        if let Some(per) = section.duration("per", problems) {
            if per < Duration::from_millis(1) {
                section.report("per", "must be 1ms or longer", problems);
            } else {
                self.per = per;
            }
        }
        self.key = section.choice("key", KEYS, problems).unwrap_or(self.key);
        if let Some(header) = section.header_name("header", problems) {
            self.header = header;
        }
        section.finish(problems);
    }

    pub(super) fn middleware(&self) -> RateLimit {
        let each = (self.per / self.requests.get()).max(Duration::from_nanos(1));
        let burst = self.burst.unwrap_or(self.requests);
        // Only for a period of 0.
        let quota = Quota::with_period(each).unwrap_or_else(|| Quota::per_second(self.requests)).allow_burst(burst);
        RateLimit {
            limiter: DefaultKeyedRateLimiter::keyed(quota),
            key: self.key,
            header: self.header.clone(),
            limit: HeaderValue::from(burst.get()),
            requests: AtomicU32::new(0),
        }
    }
}

// === impl RateLimit ===

impl RateLimit {
    fn key(&self, request: &Request) -> Key {
        let value = match self.key {
            By::Route => return Key::All,
            By::Header => request.headers().get(&self.header),
            By::Address => None,
        };
        if let Some(value) = value {
            return Key::Value(value.as_bytes().into());
        }
        let remote = request.extensions().get::<Around>().and_then(|around| around.peer.remote);
        // Clients of a unix socket have no address; they are one.
        remote.map_or(Key::All, |remote| Key::Address(network(remote.ip())))
    }
}

impl Middleware for RateLimit {
    fn answer(self: Arc<Self>, request: Request, next: Next) -> Answer {
        if self.requests.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let Err(until) = self.limiter.check_key(&self.key(&request)) else { return next.handle(request) };
        let wait = until.wait_time_from(self.limiter.clock().now());
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let mut response = refused(StatusCode::TOO_MANY_REQUESTS, "Too many requests\n");
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, seconds.into());
        headers.insert(HeaderName::from_static("ratelimit-limit"), self.limit.clone());
        headers.insert(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from_static("0"));
        headers.insert(HeaderName::from_static("ratelimit-reset"), seconds.into());
        Box::pin(async move { response })
    }
}
