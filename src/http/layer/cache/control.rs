//! What requests and responses say of caching: `Cache-Control` and its kin (RFC 9111 section 5.2, RFC 5861, RFC 9213).

use std::{borrow::Cow, time::Duration};

use http::{
    HeaderMap, HeaderName,
    header::{CACHE_CONTROL, PRAGMA},
};

/// The longest time that counts (RFC 9111 section 1.2.2): more is taken for it.
const LONGEST: u64 = 1 << 31;

/// What a response says.
#[expect(clippy::struct_excessive_bools, reason = "each is a directive, and any of them may stand beside any other")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) no_store: bool,
    pub(super) no_cache: bool,
    pub(super) private: bool,
    pub(super) public: bool,
    pub(super) must_revalidate: bool,
    pub(super) proxy_revalidate: bool,
    pub(super) must_understand: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) s_maxage: Option<Duration>,
    pub(super) stale_while_revalidate: Option<Duration>,
    pub(super) stale_if_error: Option<Duration>,
    /// Headers that `private` or `no-cache` names: those alone are not to be stored.
    pub(super) fields: Vec<HeaderName>,
    /// Whether a header meant for caches like this one said it, in place of `Cache-Control`.
    pub(super) targeted: bool,
}

/// What a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) no_cache: bool,
    pub(super) no_store: bool,
    pub(super) only_if_cached: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) min_fresh: Option<Duration>,
    pub(super) max_stale: Option<Duration>,
}

// === impl Said ===

impl Said {
    /// Reads what a response says. The first header of `targeted` that it has stands in the place of `Cache-Control`.
    pub(super) fn of(headers: &HeaderMap, targeted: &[HeaderName]) -> Self {
        let target = targeted.iter().find(|name| headers.contains_key(*name));
        let mut said = Self { targeted: target.is_some(), ..Self::default() };
        each(headers, target.unwrap_or(&CACHE_CONTROL), |name, value| said.add(name, value));
        said
    }

    fn add(&mut self, name: &str, value: Option<&str>) {
        // Of two values the first one counts, and one that is no number means that the response is stale.
        let set = |place: &mut Option<Duration>| {
            place.get_or_insert_with(|| value.and_then(seconds).unwrap_or_default());
        };
        match (name, value) {
            ("no-store", _) => self.no_store = true,
            ("no-cache", None) => self.no_cache = true,
            ("private", None) => self.private = true,
            ("no-cache" | "private", Some(fields)) => {
                let names = fields.split([',', ' ']).filter(|name| !name.is_empty());
                self.fields.extend(names.filter_map(|name| name.parse::<HeaderName>().ok()));
            }
            ("public", _) => self.public = true,
            ("must-revalidate", _) => self.must_revalidate = true,
            ("proxy-revalidate", _) => self.proxy_revalidate = true,
            ("must-understand", _) => self.must_understand = true,
            ("max-age", _) => set(&mut self.max_age),
            ("s-maxage", _) => set(&mut self.s_maxage),
            ("stale-while-revalidate", _) => set(&mut self.stale_while_revalidate),
            ("stale-if-error", _) => set(&mut self.stale_if_error),
            _ => {}
        }
    }
}

// === impl Asked ===

impl Asked {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut asked = Self::default();
        each(headers, &CACHE_CONTROL, |name, value| match name {
            "no-cache" => asked.no_cache = true,
            "no-store" => asked.no_store = true,
            "only-if-cached" => asked.only_if_cached = true,
            "max-age" => asked.max_age = Some(value.and_then(seconds).unwrap_or_default()),
            "min-fresh" => asked.min_fresh = value.and_then(seconds),
            // Without a value any age is acceptable.
            "max-stale" => asked.max_stale = value.map_or(Some(Duration::MAX), seconds),
            _ => {}
        });
        if !headers.contains_key(CACHE_CONTROL) {
            each(headers, &PRAGMA, |name, _| asked.no_cache |= name == "no-cache");
        }
        asked
    }
}

/// Whole seconds, as directives give them.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(LONGEST).min(LONGEST)))
}

/// Calls `found` with the name, in small letters, and the value of each directive.
fn each(headers: &HeaderMap, name: &HeaderName, mut found: impl FnMut(&str, Option<&str>)) {
    for value in headers.get_all(name) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for part in split(&text) {
            let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value.trim())));
            let value = value.map(unquoted);
            let name = name.trim().to_ascii_lowercase();
            if !name.is_empty() {
                found(&name, value.as_deref());
            }
        }
    }
}

/// The members of a list; a comma between quotes separates nothing.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |letter| {
        if escaped {
            escaped = false;
            return false;
        }
        match letter {
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    })
}

fn unquoted(value: &str) -> Cow<'_, str> {
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if inner.contains('\\') => inner.replace('\\', "").into(),
        Some(inner) => inner.into(),
        None => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn said(value: &'static str) -> Said {
        Said::of(&headers(&[("cache-control", value)]), &[])
    }

    fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn directives_are_read_whatever_their_form() {
        let read = said("PUBLIC , Max-Age=60, x=\"a, no-store\", s-maxage=\"7\",must-revalidate");
        assert!(read.public && read.must_revalidate && !read.no_store);
        assert_eq!((read.max_age, read.s_maxage), (secs(60), secs(7)));
        let read = said("private=\"Set-Cookie, X-User\", no-cache=x-other");
        assert!(!read.private && !read.no_cache);
        assert_eq!(read.fields, ["set-cookie", "x-user", "x-other"]);
    }

    #[test]
    fn numbers_that_are_none_mean_stale_and_the_first_one_counts() {
        for (value, age) in [
            ("max-age=5, max-age=6", secs(5)),
            ("max-age=-1", secs(0)),
            ("max-age=1.5", secs(0)),
            ("max-age", secs(0)),
            ("max-age=99999999999999999999999", secs(LONGEST)),
            ("maxage=5", None),
        ] {
            assert_eq!(said(value).max_age, age, "{value}");
        }
    }

    #[test]
    fn a_header_for_caches_like_this_one_wins() {
        let targeted = [HeaderName::from_static("surrogate-control"), HeaderName::from_static("cdn-cache-control")];
        let both = headers(&[("cache-control", "no-store"), ("cdn-cache-control", "max-age=5")]);
        let read = Said::of(&both, &targeted);
        assert!(read.targeted && !read.no_store && read.max_age == secs(5));
        assert!(Said::of(&both, &[]).no_store);
    }

    #[test]
    fn requests_ask() {
        let asked = Asked::of(&headers(&[("cache-control", "max-age=1, min-fresh=2"), ("cache-control", "max-stale")]));
        assert_eq!((asked.max_age, asked.min_fresh, asked.max_stale), (secs(1), secs(2), Some(Duration::MAX)));
        assert_eq!(Asked::of(&headers(&[("cache-control", "max-stale=3")])).max_stale, secs(3));
        assert!(Asked::of(&headers(&[("pragma", "no-cache")])).no_cache);
        assert!(!Asked::of(&headers(&[("pragma", "no-cache"), ("cache-control", "max-age=1")])).no_cache);
    }
}
