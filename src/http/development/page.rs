//! Puts the script into pages: a layer around what answers.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE,
        IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE,
    },
};

use super::{
    Development,
    html::{element, insert, page_of},
    tail::Tail,
};
use crate::http::{
    body::Content,
    layer::{Answer, Middleware, Next, Request, Response},
};

/// By these requests a browser would get a page compressed, or in parts, or not at all because it has it.
const WITHOUT: [HeaderName; 4] = [ACCEPT_ENCODING, RANGE, IF_NONE_MATCH, IF_MODIFIED_SINCE];
/// What is true of a page as it was, and not of one with the script.
const OUTDATED: [&str; 9] = [
    "content-length",
    "etag",
    "last-modified",
    "expires",
    "accept-ranges",
    "content-digest",
    "repr-digest",
    "digest",
    "content-md5",
];
/// What scripts of pages send along when they fetch something.
const FETCHED: [&str; 3] = ["x-requested-with", "hx-request", "turbo-frame"];

/// The layer.
#[derive(Debug)]
pub(in crate::http) struct Page(pub(in crate::http) Development);

// === impl Page ===

impl Middleware for Page {
    fn answer(self: Arc<Self>, mut request: Request, next: Next) -> Answer {
        if !asks_for_page(request.method(), request.headers()) {
            return next.handle(request);
        }
        for name in WITHOUT {
            request.headers_mut().remove(name);
        }
        // Of the time before it is answered: if the code is replaced meanwhile, the page is reloaded.
        let version = self.0.version();
        let answering = next.handle(request);
        Box::pin(async move { extend(answering.await, &version) })
    }
}

/// Whether a browser is to show the answer as a page or in a frame.
fn asks_for_page(method: &Method, headers: &HeaderMap) -> bool {
    let has = |name: &str| headers.contains_key(name);
    let word = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if *method != Method::GET || FETCHED.into_iter().any(has) {
        return false;
    }
    match word("sec-fetch-dest") {
        Some(place) => matches!(place, "document" | "iframe" | "frame"),
        // Browsers do not say it where there is no TLS, but for this machine.
        None => word(ACCEPT.as_str()).is_some_and(|accepted| accepted.to_ascii_lowercase().contains("text/html")),
    }
}

/// Puts the script into an answer, if that is a page.
fn extend(response: Response, version: &str) -> Response {
    let (mut head, content) = response.into_parts();
    let headers = &head.headers;
    let kind = kind(headers);
    // A page alone comes again by itself.
    let refused = head.status.is_server_error() && kind.starts_with("text/plain");
    if !(is_html(&kind) || refused) || !may_change(head.status, headers) {
        return Response::from_parts(head, content);
    }
    let element = element(version, headers);
    let content = match content {
        Content::Whole(text) if refused => page_of(&text, &element).into(),
        content if refused => return Response::from_parts(head, content),
        Content::Whole(page) => insert(&page, &element).into(),
        content => Content::layered(Tail::new(content, Bytes::from(element))),
    };
    for name in OUTDATED {
        head.headers.remove(name);
    }
    if refused {
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    }
    // Another look at the page is one at its version.
    head.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Response::from_parts(head, content)
}

/// The type of an answer, in small letters.
fn kind(headers: &HeaderMap) -> String {
    headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

/// Whether it is a page in which the letters of ASCII are a byte each.
fn is_html(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    parts.next() == Some("text/html")
        && !parts.any(|part| part.starts_with("charset=utf-16") || part.starts_with("charset=utf-32"))
}

fn may_change(status: StatusCode, headers: &HeaderMap) -> bool {
    let says = |name: HeaderName, word: &str| {
        let values = headers.get_all(name);
        values.iter().any(|value| value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains(word)))
    };
    let bare = status.is_redirection() || matches!(status, StatusCode::NO_CONTENT | StatusCode::PARTIAL_CONTENT);
    !bare
        && !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(CONTENT_RANGE)
        && !says(CONTENT_DISPOSITION, "attachment")
        && !says(CACHE_CONTROL, "no-transform")
}
