//! Settings of the middleware (section `http.cache`).

use std::time::Duration;

use http::HeaderName;

use super::clock::Clock;
use crate::{
    config::{Problems, Section},
    http::Subnet,
};

const MEBIBYTE: usize = 1024 * 1024;

/// Settings of the middleware (section `http.cache`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http::layer) struct Config {
    /// `max_size`: bytes that all stored responses of a server may take.
    pub(super) max_size: usize,
    /// `max_object_size`: bytes of the longest body that is stored.
    pub(super) max_object_size: usize,
    /// `default_ttl`: how long a response is good that does not say so.
    pub(super) default_ttl: Duration,
    /// `stale_while_revalidate`, of responses that do not say so.
    pub(super) stale_while_revalidate: Duration,
    /// `stale_if_error`, of responses that do not say so.
    pub(super) stale_if_error: Duration,
    /// `wait`: how long a request waits for another one that asks for the same.
    pub(super) wait: Duration,
    /// `client_control`: whether the `Cache-Control` of requests counts.
    pub(super) client_control: bool,
    /// `control_headers`: those that count in place of a response's `Cache-Control`.
    pub(super) control_headers: Vec<HeaderName>,
    /// `tag_header`: where the tags of responses are.
    pub(super) tag_header: HeaderName,
    /// `keep_tags`: whether clients see it.
    pub(super) keep_tags: bool,
    /// `status`: whether clients see `Cache-Status`.
    pub(super) status: bool,
    /// `purge_from`: who may remove responses by the method `PURGE`; `None` stands for connections over a unix socket.
    pub(super) purge_from: Vec<Option<Subnet>>,
    /// What the time is told by.
    pub(in crate::http::layer) clock: Clock,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            max_size: 64 * MEBIBYTE,
            max_object_size: MEBIBYTE,
            default_ttl: Duration::ZERO,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            wait: Duration::from_secs(5),
            client_control: true,
            control_headers: ["surrogate-control", "cdn-cache-control"].map(HeaderName::from_static).to_vec(),
            tag_header: HeaderName::from_static("cache-tag"),
            keep_tags: false,
            status: true,
            purge_from: Vec::new(),
            clock: Clock::default(),
        }
    }
}

impl Config {
    pub(in crate::http::layer) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        for (key, place) in [("max_size", &mut self.max_size), ("max_object_size", &mut self.max_object_size)] {
            if let Some(mebibytes) = section.integer(key, 1..=1024 * 1024, problems) {
                *place = usize::try_from(mebibytes).unwrap_or(usize::MAX).saturating_mul(MEBIBYTE);
            }
        }
        for (key, place) in [
            ("default_ttl", &mut self.default_ttl),
            ("stale_while_revalidate", &mut self.stale_while_revalidate),
            ("stale_if_error", &mut self.stale_if_error),
            ("wait", &mut self.wait),
        ] {
            *place = section.duration(key, problems).unwrap_or(*place);
        }
        for (key, place) in [
            ("client_control", &mut self.client_control),
            ("keep_tags", &mut self.keep_tags),
            ("status", &mut self.status),
        ] {
            *place = section.boolean(key, problems).unwrap_or(*place);
        }
        let name = |text: &str| text.parse::<HeaderName>().ok();
        if let Some(names) = section.parsed("control_headers", "the name of a header", problems, name) {
            self.control_headers = names;
        }
        if let Some(name) = section.header_name("tag_header", problems) {
            self.tag_header = name;
        }
        let subnet = |text: &str| if text == "unix" { Some(None) } else { text.parse::<Subnet>().ok().map(Some) };
        if let Some(subnets) = section.parsed("purge_from", "address/bits, an address or unix", problems, subnet) {
            self.purge_from = subnets;
        }
        section.finish(problems);
    }

    /// Bytes that all stored responses of a server may take.
    pub(in crate::http::layer) fn max_size(&self) -> usize {
        self.max_size
    }
}
