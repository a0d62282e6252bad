//! Middleware `http_metrics`: counts requests.

use std::{sync::Arc, time::Instant};

use http::StatusCode;

use super::{Answer, Middleware, Next, Request, holding::holding};
use crate::http::{Traffic, body::Content};

/// The middleware.
#[derive(Debug)]
pub(super) struct Measured(Arc<Traffic>);

/// A request under way. It is over when this is dropped.
#[derive(Debug)]
struct UnderWay {
    traffic: Arc<Traffic>,
    since: Instant,
    /// `None` until it is answered.
    status: Option<StatusCode>,
}

// === impl Measured ===

impl Measured {
    pub(super) fn new(traffic: &Arc<Traffic>) -> Self {
        Self(Arc::clone(traffic))
    }
}

impl Middleware for Measured {
    fn answer(self: Arc<Self>, request: Request, next: Next) -> Answer {
        self.0.begin();
        let mut under_way = UnderWay { traffic: Arc::clone(&self.0), since: Instant::now(), status: None };
        Box::pin(async move {
            let response = next.handle(request).await;
            under_way.status = Some(response.status());
            // One that is streamed is under way to its end.
            response.map(|content: Content| holding(content, under_way))
        })
    }
}

// === impl UnderWay ===

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.traffic.end(self.status, self.since.elapsed());
    }
}
