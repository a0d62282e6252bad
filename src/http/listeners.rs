//! Settings of what listens and of how many may come (`http.listeners`, and what `http.limits` says of connections).

use std::num::NonZeroUsize;

use super::Listener;
use crate::{
    config::{Problems, Section},
    net::{Access, Address, Descriptors, Limits},
};

/// Most connections that can be set; as many as the system gives a process descriptors, by default.
const MOST: u64 = 1 << 20;
/// What a client is told for which there is no room.
pub(super) const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 20\r\nRetry-After: 1\r\nConnection: close\r\n\r\nService Unavailable\n";

/// How many connections there may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// `http.limits.max_connections`: most connections at a time.
    ///
    /// Default (absent or 0): as many as there are descriptors, less 4096 or half of them, whichever is less.
    pub most: Option<NonZeroUsize>,

    /// `http.limits.max_connections_per_ip`: most of them from one IP address; an IPv6 network of 64 bits counts as one.
    ///
    /// Default: 0, any number.
    pub per_address: usize,
}

// === impl Connections ===

impl Connections {
    /// Reads its keys of section `http.limits`; what is wrong is added to `problems` and read as the default.
    pub(super) fn read(section: &mut Section<'_>, problems: &mut Problems) -> Self {
        let mut number = |key| {
            let number = section.integer(key, 0..=MOST, problems).unwrap_or_default();
            usize::try_from(number).unwrap_or(usize::MAX)
        };
        Self { most: NonZeroUsize::new(number("max_connections")), per_address: number("max_connections_per_ip") }
    }

    /// What limits the connections of a process that has so many descriptors.
    pub fn limits(&self, descriptors: Descriptors) -> Limits {
        let connections = self.most.map_or_else(|| descriptors.connections(), NonZeroUsize::get);
        Limits { connections, per_address: self.per_address }
    }
}

/// Reads `http.listeners`; what is wrong is added to `problems`.
pub(super) fn read(section: &mut Section<'_>, problems: &mut Problems) -> Vec<Listener> {
    section.items("listeners", problems).into_iter().flat_map(|item| one(item, problems)).collect()
}

/// Reads one listener; a name may stand for several addresses.
fn one(mut section: Section<'_>, problems: &mut Problems) -> Vec<Listener> {
    let addresses = section.address("address", problems).unwrap_or_else(|| {
        section.missing("address", problems);
        Vec::new()
    });
    let (mode, user) = (section.mode("mode", problems), section.text("user", problems));
    let group = section.text("group", problems);
    if addresses.iter().any(|address| matches!(address, Address::Tcp(_))) {
        for (key, given) in [("mode", mode.is_some()), ("user", user.is_some()), ("group", group.is_some())] {
            if given {
                section.report(key, "is for unix sockets alone", problems);
            }
        }
    }
    let access = Access {
        mode: mode.unwrap_or(Access::default().mode),
        user: user.map(|(user, _)| user),
        group: group.map(|(group, _)| group),
    };
    let proxy_protocol = section.boolean("proxy_protocol", problems).unwrap_or_default();
    let tls = section.boolean("tls", problems).unwrap_or_default();
    section.finish(problems);
    let listener = |address| {
        let mut listener = if tls { Listener::encrypted(address) } else { Listener::from(address) };
        listener.endpoint.access = access.clone();
        listener.endpoint.terms.proxy_protocol = proxy_protocol;
        listener
    };
    addresses.into_iter().map(listener).collect()
}
