//! Refuses heads that the parser takes, but this server must not.
//!
//! What is checked here decides which resource is meant and where the body ends: two servers in a row that read it
//! differently can be played off against each other. Headers that applications would take for others are dropped.

use std::{cell::RefCell, net::Ipv6Addr};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version,
    header::{COOKIE, Entry, HOST, TRANSFER_ENCODING},
    request::Parts,
    uri::{Authority, Scheme},
};
use tracing::debug;

use super::Limits;

/// Why a head is refused: the status and a sentence for people.
pub(super) type Refusal = (StatusCode, &'static str);

/// Said where a host is none.
const NO_HOST: &str = "The Host header names no host\n";

thread_local! {
    /// The host that a request over HTTP/2 named last on this thread: the next one names the same, as a rule.
    static NAMED: RefCell<HeaderValue> = const { RefCell::new(HeaderValue::from_static("")) };
}

/// Drops headers that could be taken for something else.
///
/// `Proxy`: as a variable of CGI it is `HTTP_PROXY`, which HTTP clients obey (httpoxy). Names with underscores, unless
/// `underscores`: as variables of CGI they cannot be told from those with hyphens, so that a client could write what a
/// proxy in front removes or sets.
pub(super) fn drop_headers(headers: &mut HeaderMap, underscores: bool) {
    if headers.keys().any(|name| is_dropped(name, underscores)) {
        drop_now(headers, underscores);
    }
}

fn is_dropped(name: &HeaderName, underscores: bool) -> bool {
    let name = name.as_str().as_bytes();
    name == b"proxy" || (!underscores && has_underscore(name))
}

/// Looks at eight bytes at a time: every name of every request comes here.
fn has_underscore(name: &[u8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = name.as_chunks::<8>();
    words.iter().any(|word| {
        // A byte that is zero borrows from its highest bit.
        let differs = u64::from_ne_bytes(*word) ^ (EACH * u64::from(b'_'));
        differs.wrapping_sub(EACH) & !differs & (EACH << 7) != 0
    }) || rest.contains(&b'_')
}

#[cold]
fn drop_now(headers: &mut HeaderMap, underscores: bool) {
    let names: Vec<_> = headers.keys().filter(|name| is_dropped(name, underscores)).cloned().collect();
    for name in names {
        debug!(header = name.as_str(), "Header dropped: its name could be taken for another");
        headers.remove(name);
    }
}

/// Checks `head`, and settles which host is meant. Without a body there is no transfer coding: hyper takes a request with
/// any for one with a body, or refuses it.
pub(super) fn check(head: &mut Parts, has_body: bool, limits: &Limits) -> Result<(), Refusal> {
    if head.version != Version::HTTP_2 || !check_http2(head, limits)? {
        check_host(head)?;
    }
    if has_body {
        check_coding(head)?;
    }
    if head.method == Method::CONNECT {
        return Err((StatusCode::NOT_IMPLEMENTED, "CONNECT is not supported\n"));
    }
    check_target(&head.method, &head.uri, limits.max_uri_length)?;
    if let Some(host) = head.uri.authority().map(Authority::as_str).map(HeaderValue::from_str) {
        // RFC 9112 section 3.2.2: an absolute target counts, `Host` does not.
        let host = host.map_err(|_| (StatusCode::BAD_REQUEST, "The request target names no host\n"))?;
        head.headers.insert(HOST, host);
    }
    Ok(())
}

/// Makes of an HTTP/2 request what it would be in HTTP/1: `Host`, and a target without it. Returns whether the host is checked.
fn check_http2(head: &mut Parts, limits: &Limits) -> Result<bool, Refusal> {
    join_cookies(&mut head.headers);
    // In HTTP/1 hyper counts them.
    if head.headers.len() > limits.max_headers {
        return Err((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Too many headers\n"));
    }
    if head.uri.scheme().is_some_and(|scheme| *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS) {
        return Err((StatusCode::BAD_REQUEST, "The request names no scheme of ours\n"));
    }
    let named = head.uri.authority().map(|authority| name_host(&mut head.headers, authority.as_str())).transpose()?;
    // CONNECT has none.
    head.uri = head.uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
    Ok(named.is_some())
}

/// RFC 9113 section 8.2.3: a client may send each cookie by itself, an application gets them in one line.
fn join_cookies(headers: &mut HeaderMap) {
    let lines = headers.get_all(COOKIE);
    if lines.iter().nth(1).is_none() {
        return;
    }
    let lines: Vec<_> = lines.iter().map(HeaderValue::as_bytes).collect();
    // Each of them is a valid value, and so is what is between them.
    if let Ok(line) = HeaderValue::from_bytes(&lines.join(&b"; "[..])) {
        headers.insert(COOKIE, line);
    }
}

/// RFC 9113 section 8.3.1: `:authority` counts, and `Host` may not say otherwise.
fn name_host(headers: &mut HeaderMap, authority: &str) -> Result<(), Refusal> {
    let host = NAMED.with_borrow_mut(|before| host_value(authority, before));
    match headers.entry(HOST) {
        Entry::Occupied(mut given) => {
            if given.iter().any(|host| !host.as_bytes().eq_ignore_ascii_case(authority.as_bytes())) {
                return Err((StatusCode::BAD_REQUEST, "The Host header is not the authority\n"));
            }
            given.insert(host?);
        }
        Entry::Vacant(place) => {
            place.insert(host?);
        }
    }
    Ok(())
}

/// `authority` as the value of a header, if it is a host; that of the request `before`, if it named the same.
fn host_value(authority: &str, before: &mut HeaderValue) -> Result<HeaderValue, Refusal> {
    if before.as_bytes() != authority.as_bytes() {
        if !may_be_host(authority.as_bytes()) {
            return Err((StatusCode::BAD_REQUEST, NO_HOST));
        }
        *before = HeaderValue::from_str(authority)
            .map_err(|_| (StatusCode::BAD_REQUEST, "The request target names no host\n"))?;
    }
    Ok(before.clone())
}

/// RFC 9112 section 3.2: one valid `Host`; in HTTP/1.0 it may be missing.
fn check_host(head: &Parts) -> Result<(), Refusal> {
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version < Version::HTTP_11 => Ok(()),
        (Some(host), None) if may_be_host(host.as_bytes()) => Ok(()),
        (Some(_), None) => Err((StatusCode::BAD_REQUEST, NO_HOST)),
        _ => Err((StatusCode::BAD_REQUEST, "A request needs one Host header\n")),
    }
}

/// RFC 9112 section 6.1: other codings are answered with 501.
///
/// hyper looks at the last coding alone, and takes anything before it for understood.
fn check_coding(head: &Parts) -> Result<(), Refusal> {
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        Ok(())
    } else {
        Err((StatusCode::NOT_IMPLEMENTED, "The only transfer coding is chunked\n"))
    }
}

/// RFC 9112 section 3.2: a path, a URI of ours, or the asterisk of OPTIONS.
fn check_target(method: &Method, target: &Uri, longest: usize) -> Result<(), Refusal> {
    let authority = target.authority().map_or("", Authority::as_str);
    if authority.len() + target.path().len() + target.query().map_or(0, str::len) > longest {
        return Err((StatusCode::URI_TOO_LONG, "The request target is too long\n"));
    }
    let valid = match target.scheme_str() {
        // A proxy in front may speak TLS for us.
        Some("http" | "https") => is_host(authority.as_bytes()),
        Some(_) => false,
        None if !authority.is_empty() => false,
        None if target.path() == "*" => method == Method::OPTIONS,
        None => target.path().starts_with('/'),
    };
    if valid { Ok(()) } else { Err((StatusCode::BAD_REQUEST, "The request target names no resource of a server\n")) }
}

/// Whether `text` may stand in `Host`: a client sends it empty if its URI has no authority.
fn may_be_host(text: &[u8]) -> bool {
    text.is_empty() || is_host(text)
}

/// Whether `text` is a host and perhaps a port (RFC 3986 section 3.2). Credentials are none.
fn is_host(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|byte| *byte == b':') {
        // Colons within the brackets of an IPv6 address.
        Some(colon) if !text.ends_with(b"]") => (&text[..colon], &text[colon + 1..]),
        _ => (text, &b""[..]),
    };
    let valid = match host.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
        Some(address) => str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => is_name(host),
    };
    valid && port.iter().all(u8::is_ascii_digit)
}

/// The bytes that stand for themselves in a registered name.
const IN_NAMES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"-._~!$&'()*+,;=";
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
};

/// Whether `text` is a registered name or an IPv4 address (RFC 3986 section 3.2.2), and not empty.
fn is_name(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = match byte {
            b'%' => match behind {
                [one, two, behind @ ..] if one.is_ascii_hexdigit() && two.is_ascii_hexdigit() => behind,
                _ => return false,
            },
            byte if IN_NAMES[usize::from(*byte)] => behind,
            _ => return false,
        };
    }
    !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Parts, StatusCode> {
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut head = request.body(()).unwrap().into_parts().0;
        check(&mut head, true, &Limits::default()).map(|()| head).map_err(|(status, _)| status)
    }

    #[track_caller]
    fn host(host: &str) -> bool {
        let checked = checked("GET", "/", &[("host", host)]);
        assert!(!matches!(checked, Err(status) if status != StatusCode::BAD_REQUEST));
        checked.is_ok()
    }

    #[track_caller]
    fn target(method: &str, target: &str) -> Option<StatusCode> {
        checked(method, target, &[("host", "a")]).err()
    }

    #[test]
    fn hosts_are_names_or_addresses_with_or_without_a_port() {
        for valid in
            ["", "a", "a.b-c_d.", "a:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:80", "[::ffff:1.2.3.4]", "%41"]
        {
            assert!(host(valid), "{valid}");
        }
        for wrong in [
            ":", ":80", "a b", "a/b", "a?b", "a#b", "u@a", "http://a", "a:b", "a:80:80", "a, b", "[a]", "[::1", "::1",
            "[]", "[::1]a", "[::1]:a", "a[::1]", "%4", "%zz", "a\\b", "\"a\"", "<a>",
        ] {
            assert!(!host(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_request_has_one_host_but_for_http_1_0() {
        assert_eq!(checked("GET", "/", &[]).err(), Some(StatusCode::BAD_REQUEST));
        assert_eq!(checked("GET", "/", &[("host", "a"), ("host", "a")]).err(), Some(StatusCode::BAD_REQUEST));
        let mut head = http::Request::builder().version(Version::HTTP_10).body(()).unwrap().into_parts().0;
        assert!(check(&mut head, true, &Limits::default()).is_ok());
    }

    #[test]
    fn each_request_has_the_host_that_it_names_whatever_came_before() {
        let named = |authority: &str| {
            let target = format!("http://{authority}/");
            let mut head =
                http::Request::builder().version(Version::HTTP_2).uri(target).body(()).unwrap().into_parts().0;
            check(&mut head, false, &Limits::default()).map(|()| head.headers[HOST].clone())
        };
        for host in ["a", "a", "b:80", "a", "u@a", "A", "b:x", "b:80"] {
            match named(host) {
                Ok(value) => assert_eq!(value, host),
                Err((status, _)) => assert!(["u@a", "b:x"].contains(&host) && status == StatusCode::BAD_REQUEST),
            }
        }
    }

    #[test]
    fn targets_name_a_resource_of_ours() {
        for valid in ["/", "/a?b", "//a/b", "/*", "http://a", "https://a:1/b?c", "HTTP://a/"] {
            assert_eq!(target("GET", valid), None, "{valid}");
        }
        assert_eq!(target("OPTIONS", "*"), None);
        for wrong in ["*", "a", "a:80", "ftp://a/", "http://u@a/", "http://:80/", "http://a:b/"] {
            assert_eq!(target("GET", wrong), Some(StatusCode::BAD_REQUEST), "{wrong}");
        }
        assert_eq!(target("CONNECT", "a:80"), Some(StatusCode::NOT_IMPLEMENTED));
    }

    #[test]
    fn cookies_that_come_one_by_one_are_joined() {
        let mut headers = HeaderMap::new();
        for cookie in ["a=1", "b=2; c=3", "d=4"] {
            headers.append(COOKIE, HeaderValue::from_static(cookie));
        }
        join_cookies(&mut headers);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3; d=4"]);
    }

    #[test]
    fn headers_that_could_be_taken_for_others_are_dropped() {
        let kept = |underscores| {
            let mut headers = HeaderMap::new();
            for name in ["host", "proxy", "x_forwarded_for", "_", "x-forwarded-for", "proxy-authorization", "proxy"] {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static("a"));
            }
            drop_headers(&mut headers, underscores);
            let mut names: Vec<_> = headers.keys().map(|name| name.as_str().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(kept(false), ["host", "proxy-authorization", "x-forwarded-for"]);
        assert_eq!(kept(true), ["_", "host", "proxy-authorization", "x-forwarded-for", "x_forwarded_for"]);
    }

    #[test]
    fn an_underscore_is_found_wherever_it_stands() {
        for length in 1..=24 {
            for at in 0..length {
                let mut name = vec![b'a'; length];
                assert!(!has_underscore(&name));
                name[at] = b'^';
                assert!(!has_underscore(&name));
                name[at] = b'_';
                assert!(has_underscore(&name), "{at} of {length}");
            }
        }
    }

    #[test]
    fn a_target_has_a_bound() {
        const TARGET: usize = 32 * 1024;
        assert_eq!(target("GET", &format!("/{}", "a".repeat(TARGET - 1))), None);
        assert_eq!(target("GET", &format!("/{}", "a".repeat(TARGET))), Some(StatusCode::URI_TOO_LONG));
        assert_eq!(target("GET", &format!("/?{}", "a".repeat(TARGET))), Some(StatusCode::URI_TOO_LONG));
    }

    #[test]
    fn an_absolute_target_overrides_the_host_header() {
        let head = checked("GET", "http://a:81/b", &[("host", "evil")]).unwrap();
        assert_eq!(head.headers.get_all(HOST).iter().collect::<Vec<_>>(), ["a:81"]);
    }

    #[test]
    fn codings_other_than_chunked_are_not_implemented() {
        let coded = |coding| checked("POST", "/", &[("host", "a"), ("transfer-encoding", coding)]).err();
        assert_eq!(coded("chunked"), None);
        assert_eq!(coded("Chunked"), None);
        for wrong in ["gzip, chunked", "chunked, chunked", ", chunked", "chunked,", "x chunked", "identity", ""] {
            assert_eq!(coded(wrong), Some(StatusCode::NOT_IMPLEMENTED), "{wrong}");
        }
    }
}
