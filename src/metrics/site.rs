//! The page that is scraped.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use tokio::task::yield_now;

use super::{Registry, accept::wanted};
use crate::web::{self, Body, Promise, Request};

/// Where the metrics are.
const PATH: &str = "/metrics";

/// Answers at the addresses of this section.
#[derive(Debug)]
pub struct Site(Arc<Registry>);

// === impl Site ===

impl Site {
    /// Shows the metrics of `registry`.
    pub fn new(registry: &Arc<Registry>) -> Self {
        Self(Arc::clone(registry))
    }

    async fn page(&self, headers: &HeaderMap) -> Response<Body> {
        let (format, mut text) = (wanted(headers), String::with_capacity(64 * 1024));
        for family in self.0.own() {
            format.write(&family, &mut text);
        }
        // Each may have thousands of series, and others wait for this thread.
        for collector in self.0.collectors() {
            yield_now().await;
            format.write(&collector.family(), &mut text);
        }
        format.finish(&mut text);
        web::whole(StatusCode::OK, HeaderValue::from_static(format.content_type()), Bytes::from(text))
    }
}

impl web::Site for Site {
    fn answer(&self, request: Request) -> Promise<'_> {
        Box::pin(async move {
            match request.head.uri.path() {
                PATH if matches!(request.head.method, Method::GET | Method::HEAD) => {
                    self.page(&request.head.headers).await
                }
                PATH => web::not_allowed("GET, HEAD"),
                _ => web::not_found(PATH),
            }
        })
    }
}
