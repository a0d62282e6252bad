//! Middleware `timeout`: answers for a worker that takes too long.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use super::{Answer, Middleware, Next, Request, refused};
use crate::config::{Problems, Section};

/// Settings of the middleware (section `http.timeout`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// `after`: time from the request's arrival, its body included, to the head of its answer.
    after: Duration,
}

/// The middleware.
#[derive(Debug)]
pub(super) struct Timeout(Config);

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { after: Duration::from_secs(30) }
    }
}

impl Config {
    pub(super) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        if let Some(after) = section.duration("after", problems) {
            if after.is_zero() {
                section.report("after", "must be longer than 0; leave the middleware out to have no limit", problems);
            }
            self.after = after;
        }
        section.finish(problems);
    }

    pub(super) fn middleware(&self) -> Timeout {
        Timeout(*self)
    }
}

// === impl Timeout ===

impl Middleware for Timeout {
    fn answer(self: Arc<Self>, request: Request, next: Next) -> Answer {
        Box::pin(async move {
            // To drop the answering tells the worker that the client has gone.
            let answering = tokio::time::timeout(self.0.after, next.handle(request));
            answering
                .await
                .unwrap_or_else(|_| refused(StatusCode::GATEWAY_TIMEOUT, "The answer did not come in time\n"))
        })
    }
}
