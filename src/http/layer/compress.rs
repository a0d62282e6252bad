//! Middleware `gzip`: compresses answers, as gzip, brotli or zstd.

use std::{io, sync::Arc};

use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
        ETAG,
    },
};
use hyper::body::Body as _;
use tracing::error;

use super::{
    Answer, Middleware, Next, Request, Response, compress_accept,
    compress_body::{Compressed, PIECE},
    compress_codec::{Coding, Level},
    vary,
};
use crate::{
    config::{Problems, Section},
    http::body::Content,
};

/// Types of contents that are made of text, or as good as that.
const TYPES: &[&str] = &[
    "text/*",
    "*+json",
    "*+xml",
    "*+text",
    "application/json",
    "application/javascript",
    "application/xml",
    "application/x-ndjson",
    "application/graphql",
    "application/rtf",
    "application/wasm",
    "application/vnd.ms-fontobject",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/x-icon",
];
/// Events are small, and must not wait for each other.
const EVENTS: &str = "text/event-stream";
/// Digests of contents as they were.
const DIGESTS: [&str; 4] = ["content-digest", "repr-digest", "digest", "content-md5"];

/// Settings of the middleware (section `http.gzip`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// `encodings`: what may be used; of several that a client likes as much, the first.
    encodings: Vec<Coding>,
    /// `level`.
    level: Level,
    /// `min_size`: bytes of the smallest contents that are compressed, if their length is known.
    min_size: u64,
    /// `types`: types of contents that are compressed, in small letters; `*` stands for any text.
    types: Vec<String>,
}

/// The middleware.
#[derive(Debug)]
pub(super) struct Compress(Config);

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            encodings: vec![Coding::Brotli, Coding::Zstd, Coding::Gzip],
            level: Level::Default,
            min_size: 1024,
            types: TYPES.iter().map(|&pattern| pattern.to_owned()).collect(),
        }
    }
}

impl Config {
    pub(super) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        let coding = |text: &str| {
            Coding::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, coding)| *coding)
        };
        if let Some(encodings) = section.parsed("encodings", "one of br, zstd, gzip", problems, coding) {
            if encodings.is_empty() {
                section.report(
                    "encodings",
                    "must name one or more; leave the middleware out to compress nothing",
                    problems,
                );
            }
            self.encodings = encodings;
        }
        if let Some(level) = section.choice("level", Level::WORDS, problems) {
            self.level = level;
        }
        if let Some(bytes) = section.integer("min_size", 0..=1_000_000_000, problems) {
            self.min_size = bytes;
        }
        let pattern = |text: &str| {
            let parts = text.split('*').count();
            (parts <= 2 && text.is_ascii() && !text.contains([';', ' '])).then(|| text.to_ascii_lowercase())
        };
        if let Some(types) = section.parsed("types", "a type of contents with one `*` at most", problems, pattern) {
            self.types = types;
        }
        section.finish(problems);
    }

    pub(super) fn middleware(&self) -> Compress {
        Compress(self.clone())
    }

    fn has_type(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
        let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind != EVENTS && self.types.iter().any(|pattern| takes(pattern, &kind))
    }
}

fn takes(pattern: &str, kind: &str) -> bool {
    match pattern.split_once('*') {
        Some((begin, end)) => kind.strip_prefix(begin).is_some_and(|rest| rest.ends_with(end)),
        None => pattern == kind,
    }
}

/// Whether intermediaries, which this is one of for the application, must leave the contents as they are.
fn must_not_change(headers: &HeaderMap) -> bool {
    headers.get_all(CACHE_CONTROL).iter().any(|value| {
        let mut directives = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        directives.any(|directive| directive.eq_ignore_ascii_case(b"no-transform"))
    })
}

// === impl Compress ===

impl Compress {
    fn compress(&self, mut response: Response, accepted: Option<Coding>, head_only: bool) -> Response {
        let (status, headers) = (response.status(), response.headers_mut());
        if status == StatusCode::NOT_MODIFIED {
            // Its type is not known, but the answer that it confirms may have been compressed.
            vary::add(headers, &ACCEPT_ENCODING);
            return response;
        }
        let whole = status != StatusCode::NO_CONTENT && status != StatusCode::PARTIAL_CONTENT;
        if !whole
            || headers.contains_key(CONTENT_RANGE)
            || headers.contains_key(CONTENT_ENCODING)
            || !self.0.has_type(headers)
        {
            return response;
        }
        vary::add(headers, &ACCEPT_ENCODING);
        let Some(coding) = accepted.filter(|_| !must_not_change(headers)) else { return response };
        let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let length: Option<u64> = said.or_else(|| response.body().size_hint().exact());
        // Nobody knows how long the contents are that are left out of the answer to HEAD and not announced.
        let length = length.filter(|length| !head_only || *length > 0);
        if length.is_some_and(|length| length < self.0.min_size.max(1)) {
            return response;
        }
        if head_only {
            describe(response.headers_mut(), coding);
            *response.body_mut() = bytes::Bytes::new().into();
            return response;
        }
        let (mut head, content) = response.into_parts();
        match self.encode(content, coding) {
            Ok(content) => {
                describe(&mut head.headers, coding);
                Response::from_parts(head, content)
            }
            Err(error) => {
                error!(%error, coding = coding.as_str(), "Answer cannot be compressed");
                super::refused(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n")
            }
        }
    }

    /// Small contents at once, so that their length is known; others on their way.
    fn encode(&self, content: Content, coding: Coding) -> io::Result<Content> {
        let mut encoder = coding.encoder(self.0.level)?;
        match content {
            Content::Whole(whole) if whole.len() <= PIECE => {
                encoder.write(&whole)?;
                Ok(Content::Whole(encoder.finish()?))
            }
            content => Ok(Content::layered(Compressed::new(content, encoder))),
        }
    }
}

/// Says in the headers that the contents are compressed.
fn describe(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(CONTENT_ENCODING, coding.value());
    headers.remove(CONTENT_LENGTH);
    headers.remove(ACCEPT_RANGES);
    for digest in DIGESTS {
        headers.remove(digest);
    }
    // A strong tag stands for the very bytes.
    let weak = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")).and_then(|tag| {
        let weak = [b"W/", tag.as_bytes()].concat();
        HeaderValue::from_bytes(&weak).ok()
    });
    if let Some(weak) = weak {
        headers.insert(ETAG, weak);
    }
}

impl Middleware for Compress {
    fn answer(self: Arc<Self>, request: Request, next: Next) -> Answer {
        let accepted = compress_accept::choose(request.headers(), &self.0.encodings);
        let head_only = request.method() == Method::HEAD;
        Box::pin(async move {
            let response = next.handle(request).await;
            self.compress(response, accepted, head_only)
        })
    }
}
