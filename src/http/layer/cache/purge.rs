//! Removing stored responses on purpose: by the application, and by requests with the method `PURGE`.

use std::sync::{Arc, Weak};

use http::{HeaderMap, StatusCode, Uri};
use parking_lot::Mutex;
use thiserror::Error;

use super::{
    Config,
    key::Key,
    store::Store,
    storing::{is_between_tags, tags},
};
use crate::{
    http::layer::{Response, refused},
    net::Peer,
};

/// The stores of all servers of this process; outside of tests that is one.
static STORES: Mutex<Vec<Weak<Store>>> = Mutex::new(Vec::new());

/// The caches of this process, for those who change what they hold.
#[derive(Clone, Copy, Debug)]
pub struct Caches;

/// What no stored response can have.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Unpurgeable {
    /// A tag that a header could not hold as one.
    #[error(
        "{0:?} is no tag of the cache: it must have one character or more, and no commas and white space, which stand between tags"
    )]
    Tag(String),
    /// Neither an address nor a path.
    #[error("{0:?} is no address in the cache: it must begin with http:// and a host, https:// and a host, or a slash")]
    Address(String),
}

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
    ///
    /// # Errors
    ///
    /// When one of them is none; then nothing is removed.
    pub fn purge<T: AsRef<str>>(tags: &[T]) -> Result<usize, Unpurgeable> {
        let is_none = |tag: &&str| tag.is_empty() || tag.contains(|c: char| is_between_tags(c) || c.is_ascii_control());
        if let Some(tag) = tags.iter().map(AsRef::as_ref).find(is_none) {
            return Err(Unpurgeable::Tag(tag.to_owned()));
        }
        Ok(Self::each(|store| tags.iter().map(|tag| store.remove_tag(tag.as_ref())).sum()))
    }

    /// Removes the responses to an address: with a host, by either scheme, or a path and query on all hosts. Returns how many
    /// there were.
    ///
    /// # Errors
    ///
    /// When it is neither.
    pub fn purge_url(url: &str) -> Result<usize, Unpurgeable> {
        let plain = url.split('#').next().unwrap_or_default();
        if !is_address(plain) {
            return Err(Unpurgeable::Address(url.to_owned()));
        }
        Ok(Self::each(|store| match Key::of_address(plain) {
            // Both schemes are removed by either.
            Some([key, _]) if !plain.starts_with('/') => store.remove_key(&key),
            _ => store.remove_path(plain),
        }))
    }

    /// Removes everything. Returns how many responses there were.
    pub fn clear() -> usize {
        Self::each(Store::clear)
    }
}

/// Whether a request could be for it.
fn is_address(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    match (uri.scheme_str(), uri.authority()) {
        (None, None) => url.starts_with('/'),
        (Some("http" | "https"), Some(authority)) => !authority.host().is_empty() && !authority.as_str().contains('@'),
        _ => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_response_has_is_an_error() {
        assert_eq!(Caches::purge::<&str>(&[]), Ok(0));
        assert_eq!(Caches::purge(&["purge-a", "purge:b", "é"]), Ok(0));
        for tag in ["", "a b", "a,b", "a\t", "a\n", "\0"] {
            assert_eq!(Caches::purge(&["purge-a", tag]), Err(Unpurgeable::Tag(tag.to_owned())), "{tag:?}");
        }
        for url in [
            "/purge",
            "/purge?b=http://c",
            "//purge",
            "http://purge.test",
            "HTTPS://Purge.test:443/a?b#c",
            "http://[::1]:80/",
        ] {
            assert_eq!(Caches::purge_url(url), Ok(0), "{url}");
        }
        for url in [
            "",
            "#a",
            "a",
            "a.test/b",
            "a.test:80",
            "?a",
            "*",
            "http://",
            "http:///a",
            "http:a",
            "ftp://a.test/",
            "/a b",
            "/a\n",
            "http://u@a.test/",
        ] {
            assert_eq!(Caches::purge_url(url), Err(Unpurgeable::Address(url.to_owned())), "{url:?}");
        }
    }
}
