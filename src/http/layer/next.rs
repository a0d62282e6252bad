//! How layers are put around each other.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use super::{Request, Response};

/// A response that is still to come.
pub(in crate::http) type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Answers requests: a layer with everything that is within.
pub(in crate::http) trait Handle: fmt::Debug + Send + Sync {
    /// Begins to answer.
    fn handle(&self, request: Request) -> Answer;
}

/// What is within a layer.
#[derive(Clone, Debug)]
pub(in crate::http) struct Next(Arc<dyn Handle>);

/// One layer of ours.
pub(in crate::http) trait Middleware: fmt::Debug + Send + Sync + 'static {
    /// Answers a request, by itself or by what is within.
    fn answer(self: Arc<Self>, request: Request, next: Next) -> Answer;
}

/// A layer, and what it is put around.
#[derive(Debug)]
struct Wrapped<M> {
    middleware: Arc<M>,
    next: Next,
}

// === impl Next ===

impl Next {
    pub(super) fn new(handle: impl Handle + 'static) -> Self {
        Self(Arc::new(handle))
    }

    /// Passes a request on.
    pub(in crate::http) fn handle(&self, request: Request) -> Answer {
        self.0.handle(request)
    }
}

/// Puts a layer around what is within.
pub(in crate::http) fn around(middleware: impl Middleware, next: Next) -> Next {
    Next::new(Wrapped { middleware: Arc::new(middleware), next })
}

// === impl Wrapped ===

impl<M: Middleware> Handle for Wrapped<M> {
    fn handle(&self, request: Request) -> Answer {
        Arc::clone(&self.middleware).answer(request, self.next.clone())
    }
}
