//! Middleware `headers`: sets headers of requests and responses, CORS among them.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header::ORIGIN};

use super::{
    Answer, Around, Middleware, Next, Request, Response,
    cors::{self, Cors, Verdict},
    security::Security,
    vary,
};
use crate::config::{Problems, Section};

/// Settings of the middleware (section `http.headers`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// `request`: headers that the application sees, whatever the client has sent under their names.
    request: HeaderMap,
    /// `response`: headers of each response, whatever the application has set. An empty value takes the header away.
    response: HeaderMap,
    /// `security`: what is added for browsers. What `response` says of the same headers wins.
    security: Security,
    /// `cors`: which pages of other origins may read answers.
    cors: Option<Cors>,
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
        if let Some(security) = section.choice("security", Security::WORDS, problems) {
            self.security = security;
        }
        if let Some(inner) = section.section("cors", problems) {
            self.cors.get_or_insert_default().read(inner, problems);
        }
        section.finish(problems);
    }

    /// The middleware that does as is set here.
    pub(super) fn middleware(&self) -> Headers {
        if let Some(cors) = &self.cors {
            cors.warn();
        }
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

impl Headers {
    fn finish(&self, response: &mut Response, encrypted: bool) {
        let headers = response.headers_mut();
        self.0.security.add(headers, encrypted);
        set(headers, &self.0.response);
    }

    fn leaves_answers(&self) -> bool {
        self.0.response.is_empty() && self.0.security == Security::Off && self.0.cors.is_none()
    }
}

impl Middleware for Headers {
    fn answer(self: Arc<Self>, mut request: Request, next: Next) -> Answer {
        set(request.headers_mut(), &self.0.request);
        if self.leaves_answers() {
            return next.handle(request);
        }
        let around = request.extensions().get::<Around>();
        let encrypted = around.is_some_and(|around| around.connection.is_encrypted());
        let said = match self.0.cors.as_ref().map(|cors| cors.decide(&request)) {
            Some(Verdict::Preflight(status, said)) => {
                let mut response = Response::new(bytes::Bytes::new().into());
                *response.status_mut() = status;
                self.finish(&mut response, encrypted);
                cors::add(response.headers_mut(), said);
                return Box::pin(async move { response });
            }
            Some(Verdict::Actual(said)) => Some(said),
            None => None,
        };
        let answering = next.handle(request);
        Box::pin(async move {
            let mut response = answering.await;
            self.finish(&mut response, encrypted);
            if let Some(said) = said {
                cors::add(response.headers_mut(), said);
                vary::add(response.headers_mut(), &ORIGIN);
            }
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
