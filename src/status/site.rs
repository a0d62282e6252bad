//! Health checks over HTTP, in RoadRunner's shapes.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::{Checks, Config, Fault, Stage};
use crate::web::{self, Body, Promise, Request};

/// What there is.
const PATHS: &str = "/health, /ready and /jobs";
/// Most pools that one request may name.
const NAMED: usize = 64;

/// Answers at the addresses of this section.
pub struct Site {
    checks: Arc<Checks>,
    unavailable: StatusCode,
}

/// How one pool is. What RoadRunner calls a plugin is a pool here.
#[derive(Debug, Serialize)]
struct Report {
    plugin_name: String,
    error_message: String,
    status_code: u16,
}

// === impl Site ===

impl Site {
    /// Answers by these checks.
    pub fn new(checks: Arc<Checks>, config: &Config) -> Self {
        Self { checks, unavailable: config.unavailable }
    }

    async fn respond(&self, request: Request) -> Response<Body> {
        let path = request.head.uri.path();
        if !matches!(path, "/health" | "/ready" | "/jobs") {
            return web::not_found(PATHS);
        }
        if !matches!(request.head.method, Method::GET | Method::HEAD) {
            return web::not_allowed("GET, HEAD");
        }
        let stage = self.checks.view().stage();
        let mut response = match (path, stage) {
            // The process that ends is not to be killed for it.
            ("/health", Stage::Ending) => web::text(StatusCode::OK, Fault::Ending.to_string()),
            (_, Stage::Ending) => web::text(self.unavailable, Fault::Ending.to_string()),
            ("/jobs", _) => web::text(self.unavailable, "jobs plugin not found"),
            _ => self.report(path, request.head.uri.query().unwrap_or_default()).await,
        };
        if matches!(stage, Stage::Ending | Stage::Succeeded) {
            // The next one may come to another process.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Tells of the pools that the query names, or of all. A name that is none is passed over, as RoadRunner does.
    async fn report(&self, path: &str, query: &str) -> Response<Body> {
        let named: Vec<_> = plugins(query).take(NAMED).collect();
        let mut reports = Vec::new();
        for pool in self.checks.pools(&named) {
            let verdict = if path == "/health" { self.checks.health(&pool).await } else { self.checks.ready(&pool) };
            let status = if verdict.is_ok() { StatusCode::OK } else { self.unavailable };
            let error_message = verdict.err().map(|fault| fault.to_string()).unwrap_or_default();
            reports.push(Report { plugin_name: pool, error_message, status_code: status.as_u16() });
        }
        let well = reports.iter().all(|report| report.error_message.is_empty());
        let status = if well { StatusCode::OK } else { self.unavailable };
        let text = serde_json::to_vec(&reports).unwrap_or_default();
        web::whole(status, HeaderValue::from_static("application/json"), Bytes::from(text))
    }
}

/// The values of `plugin` in a query.
fn plugins(query: &str) -> impl Iterator<Item = String> {
    let pairs = query.split('&').filter_map(|pair| pair.strip_prefix("plugin="));
    pairs.map(|name| percent_decode_str(&name.replace('+', " ")).decode_utf8_lossy().into_owned())
}

impl web::Site for Site {
    fn answer(&self, request: Request) -> Promise<'_> {
        Box::pin(self.respond(request))
    }
}
