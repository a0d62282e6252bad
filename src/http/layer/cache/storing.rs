//! Which responses are stored, and for how long they are good (RFC 9111 sections 3 and 4.2).

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        AGE, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, COOKIE, DATE,
        ETAG, EXPIRES, LAST_MODIFIED, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};

use super::{
    Config,
    clock::Moment,
    control::{Said, seconds},
    key::Selection,
    object::{Facts, Object, Rules},
};

/// Statuses that are good for a while even if nothing says so (RFC 9110 section 15.1), if `default_ttl` says for how long.
const USUAL: [u16; 11] = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];
/// Statuses that are only stored if their meaning is known, and whose meaning is.
const KNOWN: [u16; 6] = [302, 303, 307, 400, 403, 451];

/// Headers that belong to a connection, or to how a body is sent on it (RFC 9111 section 3.1).
const OF_CONNECTIONS: [HeaderName; 9] = [
    CONNECTION,
    CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// A request, as far as it decides what is stored.
pub(super) struct Asking<'a> {
    /// Its headers, as the client has sent them.
    pub(super) headers: &'a HeaderMap,
    /// When it was passed on.
    pub(super) at: Moment,
}

/// Returns what is to be stored of a response without its body, or `None`.
pub(super) fn facts(
    config: &Config,
    asking: &Asking<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    now: Moment,
) -> Option<Facts> {
    let said = Said::of(headers, &config.control_headers);
    let known = USUAL.contains(&status.as_u16()) || KNOWN.contains(&status.as_u16());
    if matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED)
        || status.is_informational()
        || (said.must_understand && !known)
        || (said.no_store && !said.must_understand)
        || said.private
    {
        return None;
    }
    let allows = said.public || said.s_maxage.is_some();
    if asking.headers.contains_key(AUTHORIZATION) && !allows && !said.must_revalidate {
        return None;
    }
    if headers.contains_key(SET_COOKIE) && !said.public && !said.fields.contains(&SET_COOKIE) {
        return None;
    }
    let selection = Selection::of(headers, asking.headers).ok()?;
    let stated = stated(&said, headers, now);
    let personal = asking.headers.contains_key(COOKIE) || asking.headers.contains_key(AUTHORIZATION);
    let supposed = || (USUAL.contains(&status.as_u16()) && !personal).then_some(config.default_ttl);
    let lifetime = stated.or_else(|| if said.no_cache { None } else { supposed() }).unwrap_or_default();
    let rules = Rules {
        no_cache: said.no_cache,
        revalidate: said.must_revalidate || said.proxy_revalidate,
        shared: said.s_maxage.is_some(),
        while_revalidating: said.stale_while_revalidate.unwrap_or(config.stale_while_revalidate),
        if_error: said.stale_if_error.unwrap_or(config.stale_if_error),
    };
    // What must be checked before its first use is only worth a place if it can be checked, and was meant to be.
    let can_be_checked = headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED);
    let is_of_use = !lifetime.is_zero() && !said.no_cache;
    let meant = stated.is_some() || said.no_cache || said.public;
    let stale_use = stated.is_some() && !(rules.while_revalidating + rules.if_error).is_zero();
    if !(is_of_use || stale_use || (can_be_checked && meant)) {
        return None;
    }
    Some(Facts {
        selection,
        status,
        tags: tags(headers, &config.tag_header),
        initial_age: initial_age(headers, asking.at, now),
        lifetime,
        rules,
        headers: stored_headers(headers, &said, now, &config.tag_header),
    })
}

/// The facts of a stored response, once the worker has said that it is good still (RFC 9111 section 3.2): with the headers
/// that came with that. `None`: they forbid to store it, or it is about another response.
pub(super) fn refreshed(
    config: &Config,
    asking: &Asking<'_>,
    object: &Object,
    update: &HeaderMap,
    now: Moment,
) -> Option<Facts> {
    let mut headers = object.facts.headers.clone();
    headers.remove(DATE);
    headers.remove(AGE);
    let ours = |name: &HeaderName| {
        OF_CONNECTIONS.contains(name) || [CONTENT_ENCODING, CONTENT_RANGE].contains(name) || *name == SET_COOKIE
    };
    for name in update.keys().filter(|name| !ours(name)) {
        headers.remove(name);
        for value in update.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    // A 304 that says nothing of tags changes none.
    let tags = if update.contains_key(&config.tag_header) { None } else { Some(object.facts.tags.clone()) };
    let facts = facts(config, asking, object.facts.status, &headers, now)?;
    Some(Facts { tags: tags.unwrap_or_else(|| facts.tags.clone()), ..facts })
}

/// Whether a 304 is about the response that was asked about.
pub(super) fn is_about(object: &Object, update: &HeaderMap) -> bool {
    let opaque = |value: &HeaderValue| value.as_bytes().strip_prefix(b"W/").unwrap_or(value.as_bytes()).to_vec();
    match (object.facts.headers.get(ETAG), update.get(ETAG)) {
        (Some(ours), Some(theirs)) => opaque(ours) == opaque(theirs),
        _ => true,
    }
}

/// How long a response is good by its own words (RFC 9111 section 4.2.1).
fn stated(said: &Said, headers: &HeaderMap, now: Moment) -> Option<Duration> {
    if let Some(age) = said.s_maxage.or(said.max_age) {
        return Some(age);
    }
    if said.targeted {
        return None;
    }
    let expires = headers.get(EXPIRES)?;
    let made = date(headers.get(DATE)).unwrap_or(now.wall);
    // What is no date is in the past.
    Some(date(Some(expires)).and_then(|expires| expires.duration_since(made).ok()).unwrap_or_default())
}

/// How old a response was when it came.
fn initial_age(headers: &HeaderMap, asked: Moment, now: Moment) -> Duration {
    let apparent = date(headers.get(DATE)).and_then(|made| now.wall.duration_since(made).ok()).unwrap_or_default();
    // A date has no fractions of a second.
    let apparent = Duration::from_secs(apparent.as_secs());
    let said = headers.get(AGE).and_then(|age| age.to_str().ok()).and_then(|age| seconds(age.trim()));
    let delay = now.steady.saturating_sub(asked.steady);
    apparent.max(said.unwrap_or_default().saturating_add(delay))
}

pub(super) fn date(value: Option<&HeaderValue>) -> Option<SystemTime> {
    httpdate::parse_http_date(value?.to_str().ok()?.trim()).ok()
}

/// What stands between tags in a header.
pub(super) fn is_between_tags(c: char) -> bool {
    matches!(c, ',' | ' ' | '\t')
}

/// The tags of a response: words with commas or blanks between them.
pub(super) fn tags(headers: &HeaderMap, name: &HeaderName) -> std::sync::Arc<[Box<str>]> {
    let mut tags: Vec<Box<str>> = Vec::new();
    for value in headers.get_all(name) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for tag in text.split(is_between_tags).filter(|tag| !tag.is_empty()) {
            if !tags.iter().any(|other| **other == *tag) {
                tags.push(tag.into());
            }
        }
    }
    tags.into()
}

/// The headers that every client may see, with the date that later ones need.
fn stored_headers(headers: &HeaderMap, said: &Said, now: Moment, tag_header: &HeaderName) -> HeaderMap {
    let mut stored = headers.clone();
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named = named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse::<HeaderName>().ok());
    for name in named.chain(OF_CONNECTIONS).chain([AGE, SET_COOKIE, super::status::CACHE_STATUS]) {
        stored.remove(name);
    }
    for name in said.fields.iter().filter(|name| **name != CACHE_CONTROL && **name != *tag_header) {
        stored.remove(name);
    }
    if date(stored.get(DATE)).is_none()
        && let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(now.wall))
    {
        stored.insert(DATE, date);
    }
    stored
}
