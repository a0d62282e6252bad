//! Which fields may stand behind a body.

use http::{
    HeaderMap, HeaderName,
    header::{
        AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
        COOKIE, EXPECT, FORWARDED, HOST, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
        MAX_FORWARDS, PRAGMA, PROXY_AUTHORIZATION, RANGE, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};

use crate::http::head::drop_headers;

/// Fields that frame, route or condition a request, say who sends it, or how its body is read: behind the body they would
/// come too late, or past whoever has looked at the head (RFC 9110 section 6.5.1).
const FORBIDDEN: [HeaderName; 24] = [
    AUTHORIZATION,
    CACHE_CONTROL,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    COOKIE,
    EXPECT,
    FORWARDED,
    HOST,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    MAX_FORWARDS,
    PRAGMA,
    PROXY_AUTHORIZATION,
    RANGE,
    SET_COOKIE,
    TE,
    TRAILER,
    UPGRADE,
];

/// Fields of proxies, which say who sends a request.
const OF_PROXIES: [&str; 2] = ["x-forwarded-", "x-real-ip"];

/// The fields that may stand behind a body. `underscores`: names may have them, as in a head.
pub(super) fn permitted(mut fields: HeaderMap, underscores: bool) -> HeaderMap {
    for name in FORBIDDEN.iter().chain(&[TRANSFER_ENCODING]) {
        fields.remove(name);
    }
    let of_proxies = |name: &&HeaderName| OF_PROXIES.iter().any(|start| name.as_str().starts_with(start));
    let names: Vec<_> = fields.keys().filter(of_proxies).cloned().collect();
    for name in names {
        fields.remove(name);
    }
    drop_headers(&mut fields, underscores);
    fields
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_belongs_into_a_head_is_dropped() {
        let mut fields = HeaderMap::new();
        let names =
            ["x-sum", "host", "content-length", "transfer-encoding", "x-forwarded-for", "a_b", "proxy", "digest"];
        for name in names {
            fields.append(name, HeaderValue::from_static("1"));
        }
        fields.append("x-sum", HeaderValue::from_static("2"));
        let permitted = permitted(fields, false);
        let names: Vec<_> = permitted.keys().map(HeaderName::as_str).collect();
        assert_eq!((names, permitted.len()), (vec!["x-sum", "digest"], 3));
    }
}
