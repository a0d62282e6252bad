//! What a stored response is found by: the target, and the request headers that have selected it (RFC 9111 section 4.1).

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName,
    header::{ACCEPT_ENCODING, HOST, VARY},
    request::Parts,
};

/// The schemes that a target may have.
const SCHEMES: [&str; 2] = ["http://", "https://"];

/// A target: scheme, host in small letters without the port that the scheme has anyway, path and query.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(super) struct Key(Arc<str>);

/// The request headers that a response depends on, and their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection(Vec<(HeaderName, Box<[u8]>)>);

/// The response depends on more than headers: `Vary: *`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unselectable;

// === impl Key ===

impl Key {
    /// The target of a request.
    pub(super) fn of(head: &Parts, secure: bool) -> Self {
        let host = head.uri.authority().map(http::uri::Authority::as_str);
        let host = host.or_else(|| head.headers.get(HOST).and_then(|host| host.to_str().ok()));
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        Self::new(secure, host.unwrap_or_default(), target)
    }

    fn new(secure: bool, host: &str, target: &str) -> Self {
        let scheme = SCHEMES[usize::from(secure)];
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(if secure { ":443" } else { ":80" }).unwrap_or(&host);
        let slash = if target.starts_with('/') { "" } else { "/" };
        Self([scheme, host, slash, target].concat().into())
    }

    /// The targets that an address stands for: with a scheme or without one, it is those of both, because a proxy may speak
    /// TLS for us. `None` if it has no host.
    pub(super) fn of_address(address: &str) -> Option<[Self; 2]> {
        let at = address.find("://").map_or(0, |at| at + 3);
        let rest = address[at..].split('#').next().unwrap_or_default();
        let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // As a port is left out by the scheme that it goes with, it is left out of both.
        let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
        (!host.is_empty()).then(|| [Self::new(false, host, target), Self::new(true, host, target)])
    }

    /// The same target by either scheme.
    pub(super) fn both(&self) -> [Self; 2] {
        SCHEMES.map(|scheme| Self([scheme, self.place()].concat().into()))
    }

    /// Another target that this one refers to, if it is on the same host (RFC 9111 section 4.4).
    pub(super) fn refers_to(&self, reference: &str) -> Option<Self> {
        let reference = reference.split('#').next().unwrap_or_default();
        if reference.starts_with("//") || reference.contains("://") {
            let other = Self::of_address(reference.trim_start_matches("//"))?;
            return other.into_iter().find(|other| other.host() == self.host() && other.scheme() == self.scheme());
        }
        let target = if reference.starts_with('/') {
            reference.to_owned()
        } else {
            let path = self.target().split('?').next().unwrap_or_default();
            let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
            format!("{folder}{reference}")
        };
        Some(Self([self.scheme(), self.host(), &target].concat().into()))
    }

    fn scheme(&self) -> &'static str {
        if self.0.starts_with(SCHEMES[1]) { SCHEMES[1] } else { SCHEMES[0] }
    }

    fn host(&self) -> &str {
        let place = self.place();
        &place[..place.find('/').unwrap_or(place.len())]
    }

    /// Without the scheme.
    pub(super) fn place(&self) -> &str {
        &self.0[self.scheme().len()..]
    }

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        &self.place()[self.host().len()..]
    }

    /// Bytes that it takes.
    pub(super) fn weight(&self) -> usize {
        self.0.len()
    }
}

// === impl Selection ===

impl Selection {
    /// What a response to a request with the headers `request` depends on.
    ///
    /// # Errors
    ///
    /// When it says that no other request gets the same one.
    pub(super) fn of(response: &HeaderMap, request: &HeaderMap) -> Result<Self, Unselectable> {
        let mut names: Vec<HeaderName> = Vec::new();
        for value in response.get_all(VARY) {
            for name in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                match HeaderName::from_bytes(name) {
                    _ if name.is_empty() => {}
                    Ok(name) if name != "*" => names.push(name),
                    _ => return Err(Unselectable),
                }
            }
        }
        names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        names.dedup();
        Ok(Self(names.into_iter().map(|name| (name.clone(), plain(&name, request))).collect()))
    }

    /// Whether a request with these headers would select the same response.
    pub(super) fn takes(&self, request: &HeaderMap) -> bool {
        self.0.iter().all(|(name, value)| plain(name, request) == *value)
    }

    /// What this selection would be for another request.
    pub(super) fn with(&self, request: &HeaderMap) -> Self {
        Self(self.0.iter().map(|(name, _)| (name.clone(), plain(name, request))).collect())
    }

    /// Values and names as bytes, for use as part of a key.
    pub(super) fn as_bytes(&self) -> Vec<u8> {
        let parts = self.0.iter().flat_map(|(name, value)| [name.as_str().as_bytes(), b"\n", value, b"\n"]);
        parts.collect::<Vec<_>>().concat()
    }

    /// Bytes that it takes.
    pub(super) fn weight(&self) -> usize {
        self.0.iter().map(|(name, value)| name.as_str().len() + value.len() + 48).sum()
    }
}

/// The value of a request header without what makes no difference: where it is split, and blanks. Codings that the client
/// accepts have no order, but may have weights.
fn plain(name: &HeaderName, request: &HeaderMap) -> Box<[u8]> {
    let mut values = request.get_all(name).iter();
    let Some(first) = values.next() else { return Box::default() };
    let mut whole = first.as_bytes().to_vec();
    for value in values {
        whole.push(b',');
        whole.extend_from_slice(value.as_bytes());
    }
    if *name == ACCEPT_ENCODING {
        whole.make_ascii_lowercase();
        whole.retain(|byte| !byte.is_ascii_whitespace());
    }
    let mut items: Vec<_> = whole.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
    if *name == ACCEPT_ENCODING {
        items.retain(|item| !item.is_empty());
        items.sort_unstable();
        items.dedup();
    }
    // A header that is there but empty is not the same as none.
    [b"=", &*items.join(&b',')].concat().into()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn key(host: &str, target: &str) -> Key {
        Key::new(false, host, target)
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn hosts_are_compared_without_case_and_usual_port() {
        assert_eq!(key("A.test:80", "/x"), key("a.test", "/x"));
        assert_ne!(key("a.test:8080", "/x"), key("a.test", "/x"));
        assert_ne!(key("a.test", "/X"), key("a.test", "/x"));
        assert_ne!(key("a.test", "/x"), Key::new(true, "a.test", "/x"));
        let head = http::Request::builder().uri("/a?b").header(HOST, "h:80").body(()).unwrap().into_parts().0;
        let key = Key::of(&head, false);
        assert_eq!((key.place(), key.target(), key.host()), ("h/a?b", "/a?b", "h"));
    }

    #[test]
    fn addresses_stand_for_both_schemes() {
        let wanted = Some([key("a.test", "/x?y"), Key::new(true, "a.test", "/x?y")]);
        for address in ["http://a.test/x?y", "https://A.test:443/x?y#z", "a.test/x?y"] {
            assert_eq!(Key::of_address(address), wanted, "{address}");
        }
        assert_eq!(Key::of_address("https://a.test").unwrap()[0], key("a.test", "/"));
        assert_eq!(Key::of_address("a.test?y").unwrap()[0], key("a.test", "/?y"));
        assert_eq!(Key::of_address("/x"), None);
    }

    #[test]
    fn references_stay_on_the_host() {
        let from = key("a.test", "/x/y?z");
        for (reference, target) in [
            ("/w", Some("/w")),
            ("w?v#u", Some("/x/w?v")),
            ("http://a.test/w", Some("/w")),
            ("//a.test/w", Some("/w")),
            ("http://b.test/w", None),
        ] {
            assert_eq!(from.refers_to(reference).as_ref().map(Key::target), target, "{reference}");
        }
    }

    #[test]
    fn requests_are_told_apart_by_what_the_response_varies_by() {
        let request = headers(&[("accept-encoding", "gzip, br;q=1"), ("accept-language", "de"), ("x-other", "1")]);
        let response = headers(&[("vary", "Accept-Encoding , accept-language"), ("vary", "Accept-Encoding")]);
        let selection = Selection::of(&response, &request).unwrap();
        assert!(selection.takes(&request));
        assert!(selection.takes(&headers(&[("accept-encoding", "BR; q=1,gzip"), ("accept-language", "de")])));
        assert!(!selection.takes(&headers(&[("accept-encoding", "gzip"), ("accept-language", "de")])));
        assert!(!selection.takes(&headers(&[("accept-encoding", "gzip, br;q=1"), ("accept-language", "en")])));
        assert!(!selection.takes(&headers(&[("accept-encoding", "gzip, br;q=1")])));
        assert_eq!(Selection::of(&headers(&[("vary", "accept, *")]), &request), Err(Unselectable));
        assert!(Selection::of(&HeaderMap::new(), &request).unwrap().takes(&HeaderMap::new()));
    }
}
