//! A request on its way to a worker.
//!
//! An envelope is answered exactly once. Where it is dropped instead, on any path, the drop answers.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::oneshot;

/// A request together with the place where its answer is awaited.
#[must_use = "dropping an envelope answers it with `Unanswered::WorkerLost`"]
#[derive(Debug)]
pub struct Envelope<Q, A> {
    /// What the worker is to work on.
    pub request: Q,
    /// Where the answer goes.
    pub replier: Replier<A>,
}

/// The right, and the duty, to answer one request.
#[must_use = "dropping a replier answers with `Unanswered::WorkerLost`"]
#[derive(Debug)]
pub struct Replier<A> {
    /// `None` once the answer was given; the other half is the [`Pending`] of the same request.
    sender: Option<oneshot::Sender<Result<A, Unanswered>>>,
}

/// The answer that a server waits for. Dropping it tells the worker that the client has gone.
#[derive(Debug)]
pub struct Pending<A> {
    /// The other half is the [`Replier`] of the same request.
    receiver: oneshot::Receiver<Result<A, Unanswered>>,
}

/// Why a request got no answer from a worker.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unanswered {
    /// The worker ended, or went on to its next wait, without answering.
    #[error("the worker did not answer")]
    WorkerLost,
    /// The pool was stopped before a worker took the request.
    #[error("the pool is stopping")]
    Stopping,
}

/// Puts `request` into an envelope and returns it with the place where its answer will appear.
pub fn envelope<Q, A>(request: Q) -> (Envelope<Q, A>, Pending<A>) {
    let (sender, receiver) = oneshot::channel();
    (Envelope { request, replier: Replier { sender: Some(sender) } }, Pending { receiver })
}

// === impl Replier ===

impl<A> Replier<A> {
    /// Returns whether nobody waits for the answer any more: the client has gone.
    pub fn is_abandoned(&self) -> bool {
        self.sender.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Hands the answer over. Returns false when the client has gone.
    pub fn answer(mut self, answer: A) -> bool {
        self.finish(Ok(answer))
    }

    /// Tells the waiting side why there is no answer.
    pub fn refuse(mut self, reason: Unanswered) {
        self.finish(Err(reason));
    }

    fn finish(&mut self, result: Result<A, Unanswered>) -> bool {
        self.sender.take().is_some_and(|sender| sender.send(result).is_ok())
    }
}

impl<A> Drop for Replier<A> {
    fn drop(&mut self) {
        self.finish(Err(Unanswered::WorkerLost));
    }
}

// === impl Pending ===

impl<A> Future for Pending<A> {
    type Output = Result<A, Unanswered>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver).poll(context).map(|result| result.unwrap_or(Err(Unanswered::WorkerLost)))
    }
}
