//! Requests that are sent to the TLS listener (`http.ssl.redirect`).

use std::net::SocketAddr;

use http::{
    HeaderValue, Response, StatusCode,
    header::{HOST, LOCATION, STRICT_TRANSPORT_SECURITY},
    request::Parts,
    uri::PathAndQuery,
};

use super::{access::Body, answering::plain, config::HTTPS};

/// What RoadRunner says; clients heed it only where they meet it over TLS (RFC 6797 section 8.1).
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains; preload");

/// The answer to a request, whose head was checked: its target at TLS port `port` of the host that it names, or else of
/// the address that it has reached.
pub(super) fn redirect(head: &Parts, local: Option<SocketAddr>, port: u16) -> Response<Body> {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).map(without_port).unwrap_or_default();
    let host = match (host, local) {
        ("", Some(SocketAddr::V4(address))) => address.ip().to_string(),
        ("", Some(SocketAddr::V6(address))) => format!("[{}]", address.ip()),
        ("", None) => "localhost".to_owned(),
        (host, _) => host.to_owned(),
    };
    let target = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let target = if target.starts_with('/') { target } else { "/" };
    let port = if port == HTTPS { String::new() } else { format!(":{port}") };
    let mut response = plain(StatusCode::PERMANENT_REDIRECT, "This host speaks HTTPS\n");
    // A host and a target that were checked hold nothing that a header may not.
    if let Ok(location) = HeaderValue::from_str(&format!("https://{host}{port}{target}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, STRICT);
    response
}

/// The host without its port; an IPv6 address keeps its brackets.
fn without_port(host: &str) -> &str {
    let behind_address = host.rfind(']').map_or(0, |end| end + 1);
    host[behind_address..].find(':').map_or(host, |colon| &host[..behind_address + colon])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn location(host: Option<&str>, target: &str, port: u16) -> String {
        let mut request = http::Request::builder().uri(target);
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        let head = request.body(()).unwrap().into_parts().0;
        let response = redirect(&head, Some("[::1]:80".parse().unwrap()), port);
        assert_eq!(response.status(), 308);
        assert_eq!(response.headers()[STRICT_TRANSPORT_SECURITY], "max-age=31536000; includeSubDomains; preload");
        response.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn the_target_is_the_same_at_the_port_for_tls() {
        assert_eq!(location(Some("a.test"), "/b?c=%20", 443), "https://a.test/b?c=%20");
        assert_eq!(location(Some("a.test:8080"), "/", 8443), "https://a.test:8443/");
        assert_eq!(location(Some("[::1]:80"), "//b", 443), "https://[::1]//b");
        assert_eq!(location(Some("[::1]"), "/", 8443), "https://[::1]:8443/");
        assert_eq!(location(Some("a.test"), "http://a.test/b", 443), "https://a.test/b");
        assert_eq!(location(Some("a.test"), "*", 443), "https://a.test/");
        for no_host in [None, Some("")] {
            assert_eq!(location(no_host, "/", 443), "https://[::1]/");
        }
    }
}
