//! Removing stored responses on purpose: by the application, and by requests with the method `PURGE`.

use std::sync::{Arc, Weak};

use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;

use super::{Config, key::Key, store::Store, storing::tags};
use crate::{
    http::layer::{Response, refused},
    net::Peer,
};

/// The stores of all servers of this process; outside of tests that is one.
static STORES: Mutex<Vec<Weak<Store>>> = Mutex::new(Vec::new());

/// The caches of this process, for those who change what they hold.
#[derive(Clone, Copy, Debug)]
pub struct Caches;

/// Makes a store known to [`Caches`].
pub(super) fn register(store: &Arc<Store>) {
    let mut stores = STORES.lock();
    stores.retain(|store| store.strong_count() > 0);
    stores.push(Arc::downgrade(store));
}

// === impl Caches ===

impl Caches {
    fn each(remove: impl Fn(&Store) -> usize) -> usize {
        let stores: Vec<_> = STORES.lock().iter().filter_map(Weak::upgrade).collect();
        stores.iter().map(|store| remove(store)).sum()
    }

    /// Removes the responses that have one of these tags. Returns how many there were.
    pub fn purge<T: AsRef<str>>(tags: &[T]) -> usize {
        Self::each(|store| tags.iter().map(|tag| store.remove_tag(tag.as_ref())).sum())
    }

    /// Removes the responses to an address: with a host, by either scheme, or a path and query on all hosts. Returns how many
    /// there were.
    pub fn purge_url(url: &str) -> usize {
        let url = url.split('#').next().unwrap_or_default();
        Self::each(|store| match Key::of_address(url) {
            // Both schemes are removed by either.
            Some([key, _]) => store.remove_key(&key),
            None => store.remove_path(url),
        })
    }

    /// Removes everything. Returns how many responses there were.
    pub fn clear() -> usize {
        Self::each(Store::clear)
    }
}

/// Answers a request with the method `PURGE` from `peer`: it removes what has the tags that it names, or else its target.
pub(super) fn purge(config: &Config, store: &Store, key: &Key, headers: &HeaderMap, peer: Peer) -> Response {
    let from = peer.remote.map(|remote| remote.ip().to_canonical());
    let allowed = config.purge_from.iter().any(|allowed| match (allowed, from) {
        (Some(subnet), Some(from)) => subnet.contains(from),
        (None, None) => true,
        _ => false,
    });
    if !allowed {
        return refused(StatusCode::FORBIDDEN, "Forbidden\n");
    }
    let tags = tags(headers, &config.tag_header);
    let removed =
        if tags.is_empty() { store.remove_key(key) } else { tags.iter().map(|tag| store.remove_tag(tag)).sum() };
    let mut response = http::Response::new(bytes::Bytes::from(format!("{removed}\n")).into());
    let text = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, text);
    response
}
