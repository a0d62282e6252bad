//! Middleware `headers`: sets headers of requests and responses.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Answer, Middleware, Next, Request};
use crate::config::{Problems, Section};

/// Settings of the middleware (section `http.headers`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// `request`: headers that the application sees, whatever the client has sent under their names.
    request: HeaderMap,
    /// `response`: headers of each response, whatever the application has set. An empty value takes the header away.
    response: HeaderMap,
}

/// The middleware.
#[derive(Debug)]
pub(super) struct Headers(Config);

// === impl Config ===

impl Config {
    pub(super) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        for (key, map) in [("request", &mut self.request), ("response", &mut self.response)] {
            read(&mut section, key, map, problems);
        }
        section.finish(problems);
    }

    /// The middleware that does as is set here.
    pub(super) fn middleware(&self) -> Headers {
        Headers(self.clone())
    }
}

/// Reads names and values of headers, in the place of those that were set before.
pub(super) fn read(section: &mut Section<'_>, key: &'static str, map: &mut HeaderMap, problems: &mut Problems) {
    let Some(pairs) = section.pairs(key, problems) else { return };
    *map = HeaderMap::new();
    for (name, value) in pairs {
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
            (Ok(name), Ok(value)) => drop(map.append(name, value)),
            (Err(_), _) => {
                section.report(key, &format!("has {name:?}, which is not a header name"), problems);
            }
            (_, Err(_)) => {
                section.report(key, &format!("has a value for {name} with a control character"), problems);
            }
        }
    }
}

// === impl Headers ===

impl Middleware for Headers {
    fn answer(self: Arc<Self>, mut request: Request, next: Next) -> Answer {
        set(request.headers_mut(), &self.0.request);
        let answering = next.handle(request);
        if self.0.response.is_empty() {
            return answering;
        }
        Box::pin(async move {
            let mut response = answering.await;
            set(response.headers_mut(), &self.0.response);
            response
        })
    }
}

/// Puts headers in the place of those that have their names; empty ones take them away.
pub(super) fn set(headers: &mut HeaderMap, wanted: &HeaderMap) {
    for name in wanted.keys() {
        headers.remove(name);
    }
    for (name, value) in wanted.iter().filter(|(_, value)| !value.is_empty()) {
        headers.append(name, value.clone());
    }
}
