//! Passes a body on to its worker while it arrives.

use std::{future::poll_fn, time::Instant};

use bytes::Bytes;
use http::HeaderValue;

use super::{Arriving, BodyError, Received};
use crate::{
    handoff::{Inlet, Wanted},
    http::service::Connection,
};

/// A body on its way to a worker. On a task of its own, beside the one that waits for the answer.
pub(super) struct Pump {
    pub(super) body: Arriving,
    pub(super) inlet: Inlet<Result<Received, BodyError>>,
    /// The type of a form with files.
    pub(super) form: Option<HeaderValue>,
    pub(super) connection: Connection,
}

/// What is done next.
enum Next {
    /// The client is waited for.
    Wait,
    Push(Bytes),
    End(Result<Received, BodyError>),
}

// === impl Pump ===

impl Pump {
    /// Passes pieces on until the body ends or its request does, or collects it.
    pub(super) async fn run(mut self) {
        loop {
            // The end is kept back until the worker has said what it wants: what came before may still be to be collected.
            let eager = !self.body.expects() && !self.body.has_ended();
            let since = Instant::now();
            let wanted = poll_fn(|context| self.inlet.poll_wanted(context, eager)).await;
            self.body.forgive(since);
            let next = match wanted {
                Wanted::Nothing => return self.body.drain().await,
                Wanted::All => self.collect().await,
                Wanted::Piece => self.piece(eager).await,
            };
            match next {
                Next::Wait => {}
                Next::Push(piece) => self.inlet.push(piece),
                Next::End(end) => {
                    self.inlet.end(end);
                    return self.body.drain().await;
                }
            }
        }
    }

    /// The next piece, unless pieces are not wanted any more. `eager`: the worker need not have asked for it.
    async fn piece(&mut self, eager: bool) -> Next {
        tokio::select! {
            biased;
            () = poll_fn(|context| self.inlet.poll_turned(context)) => Next::Wait,
            piece = self.body.next() => match piece {
                Ok(Some(piece)) => Next::Push(piece),
                Ok(None) if eager => Next::Wait,
                Ok(None) => Next::End(Ok(Received { trailers: self.body.take_trailers(), ..Received::default() })),
                Err(error) => Next::End(Err(error)),
            },
        }
    }

    /// All of the body, as workers get it that do not read it while it arrives.
    async fn collect(&mut self) -> Next {
        let early = self.inlet.take_back();
        tokio::select! {
            biased;
            () = poll_fn(|context| self.inlet.poll_left(context)) => Next::Wait,
            end = self.connection.bodies().collect(&mut self.body, early, self.form.as_ref()) => Next::End(end),
        }
    }
}
