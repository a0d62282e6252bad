//! Middleware `limit`: bounds how many requests are under way at a time.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{Answer, Middleware, Next, Request, holding::holding};
use crate::{
    config::{Problems, Section},
    http::{access::Body, answering::unavailable},
};

/// Settings of the middleware (section `http.limit`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// `concurrency`: requests that may be under way at a time, answers on their way included.
    concurrency: usize,
    /// `wait`: how long one more waits for its turn.
    wait: Duration,
}

/// The middleware.
#[derive(Debug)]
pub(super) struct Limit {
    places: Arc<Semaphore>,
    wait: Duration,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { concurrency: 64, wait: Duration::ZERO }
    }
}

impl Config {
    pub(super) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        if let Some(concurrency) = section.integer("concurrency", 1..=1_000_000, problems) {
            self.concurrency = usize::try_from(concurrency).unwrap_or(usize::MAX);
        }
        if let Some(wait) = section.duration("wait", problems) {
            self.wait = wait;
        }
        section.finish(problems);
    }

    pub(super) fn middleware(&self) -> Limit {
        Limit { places: Arc::new(Semaphore::new(self.concurrency)), wait: self.wait }
    }
}

// === impl Limit ===

impl Limit {
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let places = Arc::clone(&self.places);
        if self.wait.is_zero() {
            return places.try_acquire_owned().ok();
        }
        timeout(self.wait, places.acquire_owned()).await.ok()?.ok()
    }
}

impl Middleware for Limit {
    fn answer(self: Arc<Self>, request: Request, next: Next) -> Answer {
        Box::pin(async move {
            let Some(place) = self.place().await else {
                return unavailable().map(Body::into_content);
            };
            next.handle(request).await.map(|content| holding(content, place))
        })
    }
}
