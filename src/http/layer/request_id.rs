//! Middleware `request_id`: a name for each request, for logs on both sides.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use super::{Answer, Attributes, Middleware, Next, Request};
use crate::{
    config::{Problems, Section},
    http::RequestId,
};

/// Longest identifier that is taken from a client.
const LONGEST: usize = 128;

/// Settings of the middleware (section `http.request_id`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// `header`: carries the identifier to PHP and to the client.
    header: HeaderName,
    /// `trust`: whether an identifier that the client sends is kept.
    trust: bool,
}

/// The middleware.
#[derive(Debug)]
pub(super) struct Identified(Config);

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { header: HeaderName::from_static("x-request-id"), trust: false }
    }
}

impl Config {
    pub(super) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        if let Some(header) = section.header_name("header", problems) {
            self.header = header;
        }
        if let Some(trust) = section.boolean("trust", problems) {
            self.trust = trust;
        }
        section.finish(problems);
    }

    pub(super) fn middleware(&self) -> Identified {
        Identified(self.clone())
    }
}

// === impl Identified ===

impl Identified {
    /// The client's identifier, if it may be kept.
    fn known(&self, request: &Request) -> Option<HeaderValue> {
        let known = request.headers().get(&self.0.header).filter(|_| self.0.trust)?;
        let fits = (1..=LONGEST).contains(&known.len()) && known.as_bytes().iter().all(u8::is_ascii_graphic);
        fits.then(|| known.clone())
    }
}

impl Middleware for Identified {
    fn answer(self: Arc<Self>, mut request: Request, next: Next) -> Answer {
        let id = self.known(&request).or_else(|| {
            let id = RequestId::next();
            // What `Request::$id` is to say.
            request.extensions_mut().insert(id);
            HeaderValue::from_str(&id.to_string()).ok()
        });
        let Some(id) = id else { return next.handle(request) };
        Attributes::set(&mut request, "requestId", id.as_bytes());
        request.headers_mut().insert(self.0.header.clone(), id.clone());
        Box::pin(async move {
            let mut response = next.handle(request).await;
            response.headers_mut().insert(self.0.header.clone(), id);
            response
        })
    }
}
