//! How layers are put around each other.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tower_layer::Layer;
use tower_service::Service;

use super::{Request, Response};
use crate::http::body::Content;

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

/// The same for layers of other crates.
pub(in crate::http) struct Fallible(Answer);

/// A layer of another crate, with everything that is within.
struct Foreign<S>(S);

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

/// Puts a layer of another crate around what is within.
#[expect(dead_code, reason = "for layers of other crates, which come next")]
pub(in crate::http) fn tower<L, S, B>(layer: &L, next: Next) -> Next
where
    L: Layer<Next, Service = S>,
    S: Service<Request, Response = http::Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: Into<Content>,
{
    Next::new(Foreign(layer.layer(next)))
}

impl Service<Request> for Next {
    type Response = Response;
    type Error = Infallible;
    type Future = Fallible;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Fallible {
        Fallible(self.handle(request))
    }
}

// === impl Fallible ===

impl Future for Fallible {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(ready!(self.0.as_mut().poll(context))))
    }
}

// === impl Foreign ===

impl<S, B> Handle for Foreign<S>
where
    S: Service<Request, Response = http::Response<B>, Error = Infallible> + Clone + Send + Sync,
    S::Future: Send + 'static,
    B: Into<Content>,
{
    fn handle(&self, request: Request) -> Answer {
        // What is within is always ready.
        let answering = self.0.clone().call(request);
        Box::pin(async move { answering.await.unwrap_or_else(|never| match never {}).map(Into::into) })
    }
}

impl<S> fmt::Debug for Foreign<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(std::any::type_name::<S>())
    }
}

// === impl Wrapped ===

impl<M: Middleware> Handle for Wrapped<M> {
    fn handle(&self, request: Request) -> Answer {
        Arc::clone(&self.middleware).answer(request, self.next.clone())
    }
}
