//! Conditions of a request for a file (RFC 9110 section 13), decided from headers alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE},
};

/// What tells one state of a file from another.
#[derive(Clone, Debug, Default)]
pub(super) struct Validators {
    /// Its entity tag, as it is sent.
    pub(super) etag: Option<HeaderValue>,
    /// When it was last changed, in whole seconds since 1970, as it is sent.
    pub(super) modified: Option<SystemTime>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is answered as if there were no conditions.
    Send,
    /// The client has it already (304).
    NotModified,
    /// The file is not as the client wants it to be (412).
    Failed,
}

/// How entity tags are compared (RFC 9110 section 8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// Byte for byte the same file.
    Strong,
    /// As good as the same.
    Weak,
}

// === impl Validators ===

impl Validators {
    /// The conditions of a GET or HEAD request, in the order of RFC 9110 section 13.2.2.
    pub(super) fn judge(&self, headers: &HeaderMap) -> Verdict {
        if headers.contains_key(IF_MATCH) {
            if !self.is_named(headers, &IF_MATCH, Comparison::Strong) {
                return Verdict::Failed;
            }
        } else if let (Some(date), Some(modified)) = (date(headers, &IF_UNMODIFIED_SINCE), self.modified)
            && modified > date
        {
            return Verdict::Failed;
        }
        let known = if headers.contains_key(IF_NONE_MATCH) {
            self.is_named(headers, &IF_NONE_MATCH, Comparison::Weak)
        } else {
            let since = date(headers, &IF_MODIFIED_SINCE);
            since.zip(self.modified).is_some_and(|(since, modified)| modified <= since)
        };
        if known { Verdict::NotModified } else { Verdict::Send }
    }

    /// Whether `If-Range` lets parts be sent: it is absent, or names the file as it is.
    pub(super) fn lets_parts(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(IF_RANGE) else { return true };
        if value.as_bytes().ends_with(b"\"") {
            return self.is_named(headers, &IF_RANGE, Comparison::Strong);
        }
        let since = date(headers, &IF_RANGE);
        since.is_some() && since == self.modified
    }

    /// Whether the list of entity tags in a header names the file, or is `*`, which every file is.
    fn is_named(&self, headers: &HeaderMap, name: &HeaderName, comparison: Comparison) -> bool {
        let own = self.etag.as_ref().and_then(|etag| tag(etag.as_bytes())).map(|(own, _)| own);
        headers.get_all(name).iter().any(|value| {
            let mut rest = value.as_bytes().trim_ascii();
            if rest == b"*" {
                return true;
            }
            while let Some((theirs, behind)) = tag(rest) {
                if own.is_some_and(|own| own.equals(theirs, comparison)) {
                    return true;
                }
                let next = behind.iter().position(|byte| !matches!(byte, b',' | b' ' | b'\t'));
                rest = next.map_or(&[], |next| &behind[next..]);
            }
            false
        })
    }
}

/// An entity tag.
#[derive(Clone, Copy)]
struct Tag<'a> {
    weak: bool,
    opaque: &'a [u8],
}

// === impl Tag ===

impl Tag<'_> {
    fn equals(self, other: Tag<'_>, comparison: Comparison) -> bool {
        self.opaque == other.opaque && (comparison == Comparison::Weak || !self.weak && !other.weak)
    }
}

/// The entity tag at the beginning of a text, and what is behind it.
fn tag(text: &[u8]) -> Option<(Tag<'_>, &[u8])> {
    let (weak, quoted) = text.strip_prefix(b"W/").map_or((false, text), |rest| (true, rest));
    let opaque = quoted.strip_prefix(b"\"")?;
    let end = opaque.iter().position(|byte| *byte == b'"')?;
    Some((Tag { weak, opaque: &opaque[..end] }, &opaque[end + 1..]))
}

/// A date in a header; one that cannot be read is none.
pub(super) fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    headers.get(name)?.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok())
}

/// A time without its part of a second; `None` if it is before 1970 or after `now`, which no header may say.
pub(super) fn whole_seconds(time: SystemTime, now: SystemTime) -> Option<SystemTime> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    (time <= now).then(|| UNIX_EPOCH + Duration::from_secs(since.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn validators() -> Validators {
        Validators { etag: Some(HeaderValue::from_static("\"a\"")), modified: httpdate::parse_http_date(CHANGED).ok() }
    }

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn conditions_are_decided_in_the_order_of_the_rfc() {
        use Verdict::{Failed, NotModified, Send};
        for (given, expected) in [
            (&[][..], Send),
            (&[("if-match", "\"a\"")], Send),
            (&[("if-match", "*")], Send),
            (&[("if-match", "\"b\" , \"a\"")], Send),
            (&[("if-match", "\"b\",, \"a\"")], Send),
            (&[("if-match", "\"b\""), ("if-match", "\"a\"")], Send),
            (&[("if-match", "W/\"a\"")], Failed),
            (&[("if-match", "\"b\"")], Failed),
            (&[("if-match", "a")], Failed),
            (&[("if-match", "\"a")], Failed),
            (&[("if-match", "")], Failed),
            (&[("if-unmodified-since", CHANGED)], Send),
            (&[("if-unmodified-since", LATER)], Send),
            (&[("if-unmodified-since", BEFORE)], Failed),
            (&[("if-unmodified-since", "yesterday")], Send),
            (&[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)], Send),
            (&[("if-none-match", "\"a\"")], NotModified),
            (&[("if-none-match", "W/\"a\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"b\", W/\"a\"")], NotModified),
            (&[("if-none-match", "\"b\"")], Send),
            (&[("if-none-match", "\"b, \"a\"")], Send),
            (&[("if-modified-since", CHANGED)], NotModified),
            (&[("if-modified-since", LATER)], NotModified),
            (&[("if-modified-since", BEFORE)], Send),
            (&[("if-modified-since", "yesterday")], Send),
            (&[("if-none-match", "\"b\""), ("if-modified-since", LATER)], Send),
            (&[("if-match", "\"a\""), ("if-none-match", "\"a\"")], NotModified),
            (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], Failed),
        ] {
            assert_eq!(validators().judge(&headers(given)), expected, "{given:?}");
        }
    }

    #[test]
    fn what_has_no_validator_is_known_by_nobody() {
        let none = Validators::default();
        for (given, expected) in [
            (&[("if-match", "\"a\"")][..], Verdict::Failed),
            (&[("if-match", "*")], Verdict::Send),
            (&[("if-none-match", "\"a\"")], Verdict::Send),
            (&[("if-modified-since", LATER)], Verdict::Send),
            (&[("if-unmodified-since", BEFORE)], Verdict::Send),
        ] {
            assert_eq!(none.judge(&headers(given)), expected, "{given:?}");
        }
    }

    #[test]
    fn parts_are_those_of_the_file_that_the_client_knows() {
        for (value, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", false),
            ("\"b\"", false),
            (CHANGED, true),
            (BEFORE, false),
            (LATER, false),
            ("yesterday", false),
            ("", false),
        ] {
            assert_eq!(validators().lets_parts(&headers(&[("if-range", value)])), expected, "{value}");
        }
        assert!(validators().lets_parts(&HeaderMap::new()));
        assert!(!Validators::default().lets_parts(&headers(&[("if-range", "yesterday")])));
    }

    #[test]
    fn times_are_whole_seconds_that_have_been() {
        let at = |milliseconds| UNIX_EPOCH + Duration::from_millis(milliseconds);
        assert_eq!(whole_seconds(at(1999), at(2000)), Some(at(1000)));
        assert_eq!(whole_seconds(at(2001), at(2000)), None);
        assert_eq!(whole_seconds(UNIX_EPOCH - Duration::from_secs(1), at(2000)), None);
    }
}
