//! From a stored response to one for a client: whole, a part of it, or the word that the client's own is good still
//! (RFC 9111 section 4.3.2, RFC 9110 sections 13 and 14).

use std::time::SystemTime;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response as Answer, StatusCode,
    header::{
        AGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, IF_MATCH,
        IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
    },
};

use super::{Config, clock::Moment, object::Object, storing::date};
use crate::http::layer::Response;

/// Headers that describe a body, and that a response without one does not have.
const OF_BODIES: [HeaderName; 5] = [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE];

/// The part of a body that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// From the first to before the second.
    Of(usize, usize),
    /// There is nothing there.
    Beyond,
}

/// Whether a worker is to answer, because a stored response does not do for what is asked here: conditions that are meant
/// for changes, and several parts at once.
pub(super) fn is_special(request: &HeaderMap) -> bool {
    let several = |value: &HeaderValue| value.as_bytes().contains(&b',');
    request.contains_key(IF_MATCH)
        || request.contains_key(IF_UNMODIFIED_SINCE)
        || request.get_all(RANGE).iter().count() > 1
        || request.get(RANGE).is_some_and(several)
}

/// Whether a request has conditions under which it needs no body.
pub(super) fn is_conditional(request: &HeaderMap) -> bool {
    request.contains_key(IF_NONE_MATCH) || request.contains_key(IF_MODIFIED_SINCE)
}

/// Takes away what would make a worker's answer less than whole.
pub(super) fn ask_for_all(request: &mut HeaderMap) {
    remove_all(request, &[IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_RANGE, RANGE]);
}

/// Asks a worker whether a stored response is good still. Returns false, and asks nothing, if it cannot be asked that.
pub(super) fn ask_about(object: &Object, request: &mut HeaderMap) -> bool {
    let stored = &object.facts.headers;
    let conditions = [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)];
    if !conditions.iter().any(|(validator, _)| stored.contains_key(validator)) {
        return false;
    }
    ask_for_all(request);
    for (validator, condition) in conditions {
        if let Some(value) = stored.get(validator) {
            request.insert(condition, value.clone());
        }
    }
    true
}

/// The answer to a request with the headers `request`, for HEAD if `head_only`.
pub(super) fn answer(object: &Object, request: &HeaderMap, head_only: bool, now: Moment, config: &Config) -> Response {
    let facts = &object.facts;
    let mut headers = facts.headers.clone();
    headers.insert(AGE, object.age(now).as_secs().into());
    if !config.keep_tags {
        headers.remove(&config.tag_header);
    }
    let found = facts.status == StatusCode::OK;
    if found && is_unchanged(&facts.headers, request, object.since.wall) {
        return finish(StatusCode::NOT_MODIFIED, headers, Bytes::new(), false);
    }
    let part = if found && !head_only { part(request, &facts.headers, object.body.len()) } else { Part::Whole };
    match part {
        Part::Whole if head_only => {
            headers.insert(CONTENT_LENGTH, object.body.len().into());
            finish(facts.status, headers, Bytes::new(), true)
        }
        Part::Whole => finish(facts.status, headers, object.body.clone(), true),
        Part::Of(from, to) => {
            content_range(&mut headers, &format!("bytes {from}-{}/{}", to - 1, object.body.len()));
            finish(StatusCode::PARTIAL_CONTENT, headers, object.body.slice(from..to), true)
        }
        Part::Beyond => {
            remove_all(&mut headers, &OF_BODIES);
            content_range(&mut headers, &format!("bytes */{}", object.body.len()));
            finish(StatusCode::RANGE_NOT_SATISFIABLE, headers, Bytes::new(), true)
        }
    }
}

fn remove_all(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

fn content_range(headers: &mut HeaderMap, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(CONTENT_RANGE, value);
    }
}

fn finish(status: StatusCode, mut headers: HeaderMap, body: Bytes, describes: bool) -> Response {
    if !describes {
        remove_all(&mut headers, &OF_BODIES);
    }
    let mut answer = Answer::new(body.into());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

/// The word that the client's own response is good still, if it is, in place of one with these headers.
pub(super) fn unchanged(headers: &HeaderMap, request: &HeaderMap, now: SystemTime) -> Option<Response> {
    is_unchanged(headers, request, now).then(|| finish(StatusCode::NOT_MODIFIED, headers.clone(), Bytes::new(), false))
}

/// Whether the client has what is stored already; `since` stands for a date that the response does not have.
fn is_unchanged(stored: &HeaderMap, request: &HeaderMap, since: SystemTime) -> bool {
    if request.contains_key(IF_NONE_MATCH) {
        let etag = stored.get(ETAG).map(|etag| opaque(etag.as_bytes()));
        let values = request.get_all(IF_NONE_MATCH).iter();
        return values.flat_map(|value| tags(value.as_bytes())).any(|tag| tag == b"*" || Some(opaque(tag)) == etag);
    }
    let Some(asked) = date(request.get(IF_MODIFIED_SINCE)) else { return false };
    let modified = date(stored.get(LAST_MODIFIED)).or_else(|| date(stored.get(DATE))).unwrap_or(since);
    modified <= asked
}

/// What is compared of an entity tag where weak ones will do.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// The entity tags of a list. Their commas are between quotes.
fn tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let parts = list.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    parts.map(<[u8]>::trim_ascii)
}

/// The part of a body of `length` bytes that is asked for.
fn part(request: &HeaderMap, stored: &HeaderMap, length: usize) -> Part {
    let Some(range) = request.get(RANGE).and_then(|range| range.to_str().ok()) else { return Part::Whole };
    if let Some(condition) = request.get(IF_RANGE) {
        let strong = |value: &&HeaderValue| !value.as_bytes().starts_with(b"W/");
        let same = stored.get(ETAG).filter(strong) == Some(condition) || stored.get(LAST_MODIFIED) == Some(condition);
        if !same {
            return Part::Whole;
        }
    }
    let unit = range.split_once('=').filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"));
    let Some((first, last)) = unit.and_then(|(_, rest)| rest.trim().split_once('-')) else { return Part::Whole };
    let number = |text: &str| -> Option<usize> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(usize::MAX))
    };
    match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            None => Part::Whole,
            Some(0) => Part::Beyond,
            Some(_) if length == 0 => Part::Beyond,
            Some(count) => Part::Of(length.saturating_sub(count), length),
        },
        (first, last) => match (number(first), number(last)) {
            (None, _) => Part::Whole,
            (Some(_), None) if !last.is_empty() => Part::Whole,
            (Some(first), Some(last)) if last < first => Part::Whole,
            (Some(first), _) if first >= length => Part::Beyond,
            (Some(first), last) => Part::Of(first, last.map_or(length, |last| last.saturating_add(1).min(length))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn parts_are_found() {
        for (range, wanted) in [
            ("bytes=0-3", Part::Of(0, 4)),
            ("bytes=4-", Part::Of(4, 10)),
            ("bytes=-3", Part::Of(7, 10)),
            ("bytes=-30", Part::Of(0, 10)),
            ("bytes=9-99", Part::Of(9, 10)),
            ("Bytes = 1 - 2", Part::Of(1, 3)),
            ("bytes=10-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=0-18446744073709551615", Part::Of(0, 10)),
            ("bytes=99999999999999999999-", Part::Beyond),
            ("bytes=5-4", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=1-b", Part::Whole),
            ("bytes=-", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(part(&headers(&[("range", range)]), &HeaderMap::new(), 10), wanted, "{range}");
        }
        assert_eq!(part(&headers(&[("range", "bytes=-1")]), &HeaderMap::new(), 0), Part::Beyond);
    }

    #[test]
    fn parts_are_of_what_the_client_has() {
        let stored = headers(&[("etag", "\"a\""), ("last-modified", "Sun, 09 Sep 2001 01:46:40 GMT")]);
        let weak = headers(&[("etag", "W/\"a\"")]);
        for (stored, condition, wanted) in [
            (&stored, "\"a\"", Part::Of(0, 1)),
            (&stored, "\"b\"", Part::Whole),
            (&stored, "Sun, 09 Sep 2001 01:46:40 GMT", Part::Of(0, 1)),
            (&stored, "Sun, 09 Sep 2001 01:46:41 GMT", Part::Whole),
            (&weak, "W/\"a\"", Part::Whole),
        ] {
            let request = headers(&[("range", "bytes=0-0"), ("if-range", condition)]);
            assert_eq!(part(&request, stored, 10), wanted, "{condition}");
        }
    }

    #[test]
    fn conditions_are_compared() {
        let stored = headers(&[("etag", "\"a,b\""), ("last-modified", "Sun, 09 Sep 2001 01:46:40 GMT")]);
        for (name, value, unchanged) in [
            ("if-none-match", "\"a,b\"", true),
            ("if-none-match", "W/\"a,b\"", true),
            ("if-none-match", "\"x\", \"a,b\"", true),
            ("if-none-match", "*", true),
            ("if-none-match", "\"a\"", false),
            ("if-modified-since", "Sun, 09 Sep 2001 01:46:40 GMT", true),
            ("if-modified-since", "Sun, 09 Sep 2001 01:46:39 GMT", false),
            ("if-modified-since", "yesterday", false),
        ] {
            let request = headers(&[(name, value)]);
            assert_eq!(is_unchanged(&stored, &request, SystemTime::UNIX_EPOCH), unchanged, "{name}: {value}");
        }
        let both = headers(&[("if-none-match", "\"x\""), ("if-modified-since", "Sun, 09 Sep 2001 01:46:40 GMT")]);
        assert!(!is_unchanged(&stored, &both, SystemTime::UNIX_EPOCH), "the tag decides");
    }
}
