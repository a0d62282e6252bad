//! The answer that a connection waits for, and word of it for the trace of its request.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::{Answer, Pending, trace::Recorded};
use crate::handoff::Unanswered;

/// The answer of a worker, which the trace of the request hears of.
#[derive(Debug)]
pub(super) struct Awaited {
    pending: Pending,
    /// `None`: the request is not recorded, or its answer has come.
    trace: Option<Arc<Recorded>>,
}

// === impl Awaited ===

impl Awaited {
    /// The answer to a request in the inbox of pool number `pool`.
    pub(super) fn new(pending: Pending, trace: Option<Arc<Recorded>>, pool: usize) -> Self {
        if let Some(trace) = &trace {
            trace.dispatched(pool);
        }
        Self { pending, trace }
    }
}

impl Future for Awaited {
    type Output = Result<Answer, Unanswered>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.pending).poll(context));
        if let Some(trace) = self.trace.take() {
            trace.returned(self.pending.taken(), &answer);
        }
        Poll::Ready(answer)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(trace) = self.trace.take() {
            trace.given_up(self.pending.taken());
        }
    }
}
