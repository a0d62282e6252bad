//! Something that one side is to do for another, beside the requests of a pool, and its answer on the way back.
//!
//! The one who asks is a worker at its [`Seat`], or a task. The one who answers has a [`Duty`], which is answered exactly
//! once: where it is dropped instead, the drop answers.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{
    bell::Bell,
    flow::Breaks,
    line::Unanswered,
    seat::{Blocked, Seat},
    sync::Mutex,
};

/// The place that both sides share.
#[derive(Debug)]
pub(super) struct Errand<Q, A>(Mutex<Contents<Q, A>>);

#[derive(Debug)]
struct Contents<Q, A> {
    /// Put in by the one who asks, taken out by the one who answers.
    request: Option<Q>,
    stage: Stage<A>,
    /// Who waits for the answer.
    asker: Asker,
}

#[derive(Debug)]
enum Stage<A> {
    /// Nobody has taken it yet.
    Waits,
    Taken,
    Answered(Result<A, Unanswered>),
    /// The answer was fetched, or nobody wants it.
    Over,
}

#[derive(Debug)]
enum Asker {
    /// Nobody waits yet.
    Nobody,
    /// A worker at its seat.
    Worker(Arc<Bell>),
    Task(Waker),
}

/// The answer that somebody waits for. Dropping it tells the other side that nobody does any more.
#[must_use = "dropping it says that nobody waits for the answer"]
#[derive(Debug)]
pub struct Promise<Q, A>(pub(super) Arc<Errand<Q, A>>);

/// The right, and the duty, to answer one errand.
#[must_use = "dropping a duty answers with `Unanswered::WorkerLost`"]
#[derive(Debug)]
pub struct Duty<Q, A>(Option<Arc<Errand<Q, A>>>);

/// Why a worker that waited at its seat has no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Missing {
    /// There will be none.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    /// It did not come in time.
    #[error("the answer did not come in time")]
    TimedOut,
    /// The worker is to do something else now.
    #[error("the wait was interrupted")]
    Interrupted,
}

/// Makes an errand that is already with the one who is to answer.
pub fn errand<Q, A>() -> (Duty<Q, A>, Promise<Q, A>) {
    let errand = Errand::new(None);
    (Duty(Some(Arc::clone(&errand))), Promise(errand))
}

// === impl Errand ===

impl<Q, A> Errand<Q, A> {
    pub(super) fn new(request: Option<Q>) -> Arc<Self> {
        let stage = if request.is_some() { Stage::Waits } else { Stage::Taken };
        Arc::new(Self(Mutex::new(Contents { request, stage, asker: Asker::Nobody })))
    }

    /// Whether it still waits for somebody to take it.
    pub(super) fn waits(&self) -> bool {
        matches!(self.0.lock().stage, Stage::Waits)
    }

    /// Takes the request; `None`: nobody wants the answer any more.
    pub(super) fn take(self: Arc<Self>) -> Option<(Q, Duty<Q, A>)> {
        let mut contents = self.0.lock();
        if !matches!(contents.stage, Stage::Waits) {
            return None;
        }
        contents.stage = Stage::Taken;
        let request = contents.request.take()?;
        drop(contents);
        Some((request, Duty(Some(self))))
    }

    /// Answers, unless that was done, and wakes who waits. Returns false when nobody does.
    pub(super) fn finish(&self, answer: Result<A, Unanswered>) -> bool {
        let mut contents = self.0.lock();
        if !matches!(contents.stage, Stage::Waits | Stage::Taken) {
            return false;
        }
        contents.stage = Stage::Answered(answer);
        let request = contents.request.take();
        let asker = std::mem::replace(&mut contents.asker, Asker::Nobody);
        drop(contents);
        drop(request);
        match asker {
            Asker::Nobody => {}
            Asker::Worker(bell) => bell.ring(),
            Asker::Task(waker) => waker.wake(),
        }
        true
    }
}

impl<Q: Send, A: Send> Breaks for Errand<Q, A> {
    /// Its worker took too long, and is not waited for.
    fn break_off(&self) {
        self.finish(Err(Unanswered::TimedOut));
    }
}

// === impl Contents ===

impl<Q, A> Contents<Q, A> {
    /// The answer, if it is there.
    fn fetch(&mut self) -> Option<Result<A, Unanswered>> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Answered(answer) => Some(answer),
            stage => {
                self.stage = stage;
                None
            }
        }
    }
}

// === impl Promise ===

impl<Q, A> Promise<Q, A> {
    /// Waits for the answer at `seat`, but not longer than `patience`. For the seat's thread.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub fn wait<R, S>(self, seat: &Seat<R, S>, patience: Duration) -> Result<A, Missing> {
        let mut answer = None;
        let blocked = seat.block(patience, || {
            let mut contents = self.0.0.lock();
            answer = contents.fetch();
            if answer.is_none() {
                contents.asker = Asker::Worker(seat.bell());
            }
            answer.is_some()
        });
        match (blocked, answer) {
            (_, Some(answer)) => Ok(answer?),
            (Blocked::Interrupted, None) => Err(Missing::Interrupted),
            (Blocked::Ready | Blocked::TimedOut, None) => Err(Missing::TimedOut),
        }
    }

    /// Whether nobody has taken it yet.
    pub fn is_waiting(&self) -> bool {
        self.0.waits()
    }
}

impl<Q, A> Future for Promise<Q, A> {
    type Output = Result<A, Unanswered>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut contents = self.0.0.lock();
        if let Some(answer) = contents.fetch() {
            return Poll::Ready(answer);
        }
        contents.asker = Asker::Task(context.waker().clone());
        Poll::Pending
    }
}

impl<Q, A> Drop for Promise<Q, A> {
    fn drop(&mut self) {
        let mut contents = self.0.0.lock();
        let stage = std::mem::replace(&mut contents.stage, Stage::Over);
        let request = contents.request.take();
        drop(contents);
        drop((stage, request));
    }
}

// === impl Duty ===

impl<Q, A> Duty<Q, A> {
    /// Hands the answer over. Returns false when nobody waits for it any more.
    pub fn answer(mut self, answer: A) -> bool {
        self.0.take().is_some_and(|errand| errand.finish(Ok(answer)))
    }

    /// Gives it back for somebody else to take; `None`: nobody waits for the answer any more.
    pub(super) fn give_back(mut self, request: Q) -> Option<Arc<Errand<Q, A>>> {
        let errand = self.0.take()?;
        let mut contents = errand.0.lock();
        if !matches!(contents.stage, Stage::Taken) {
            return None;
        }
        contents.stage = Stage::Waits;
        contents.request = Some(request);
        drop(contents);
        Some(errand)
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_abandoned(&self) -> bool {
        self.0.as_ref().is_none_or(|errand| matches!(errand.0.lock().stage, Stage::Over))
    }
}

impl<Q: Send + 'static, A: Send + 'static> Duty<Q, A> {
    /// What ends it from outside.
    pub(super) fn breaks(&self) -> Option<Arc<dyn Breaks>> {
        self.0.as_ref().map(|errand| Arc::clone(errand) as Arc<dyn Breaks>)
    }
}

impl<Q, A> Drop for Duty<Q, A> {
    fn drop(&mut self) {
        if let Some(errand) = self.0.take() {
            errand.finish(Err(Unanswered::WorkerLost));
        }
    }
}
