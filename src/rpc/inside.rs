//! Calls that workers of this process make, without a socket.

use std::{
    fmt,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use bytes::Bytes;
use tokio::{runtime::Handle, sync::oneshot};

use super::{Asked, Call, Codec, Fault, Offers, Value, body, methods::From, offers, running::Begun, server::Room};
use crate::{
    handoff::{Missing, errand},
    net::Address,
    pool::Worker,
};

/// How workers of this process call methods and offer some.
pub struct Inside {
    /// What workers have registered.
    offers: Arc<Offers>,
    /// The server's methods, once it serves; they end with it.
    server: OnceLock<(Weak<Room>, Handle)>,
    /// The configuration, as JSON without secrets.
    config: String,
    /// Where this server answers calls from outside.
    address: OnceLock<Option<Address>>,
}

/// Why a worker's call has no result.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoResult {
    /// The method says so, or there is none.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// It did not come in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The worker is to do something else now.
    #[error("the wait for the answer was interrupted")]
    Interrupted,
}

/// The answer to a call, and what ends the call if nobody waits for it any more.
struct Answering(Asked, Option<oneshot::Sender<()>>);

// === impl Inside ===

impl Inside {
    /// Makes one that knows no server yet. `config`: the configuration, as JSON without secrets.
    pub fn new(config: String) -> Arc<Self> {
        let offers = Offers::new(offers::WAITING);
        Arc::new(Self { offers, server: OnceLock::new(), config, address: OnceLock::new() })
    }

    /// What workers have registered.
    pub fn offers(&self) -> &Arc<Offers> {
        &self.offers
    }

    /// The configuration, as JSON without secrets.
    pub(super) fn config(&self) -> &str {
        &self.config
    }

    /// Says where the server answers calls from outside; nowhere, if it does not.
    pub fn set_address(&self, address: Option<Address>) {
        let _ = self.address.set(address);
    }

    /// Where the server answers calls from outside.
    pub fn address(&self) -> Option<&Address> {
        self.address.get()?.as_ref()
    }

    /// The server's methods can be called from now on.
    pub(super) fn open(&self, room: &Arc<Room>, runtime: &Handle) {
        let _ = self.server.set((Arc::downgrade(room), runtime.clone()));
    }

    /// Whether the server itself has a method of this name. Before it serves nobody knows.
    pub fn is_own(&self, method: &str) -> bool {
        let room = self.server.get().and_then(|(room, _)| room.upgrade());
        room.is_some_and(|room| room.methods.has(method))
    }

    /// Calls a method for `worker`, and waits for its result, but not longer than `patience`. For the worker's thread.
    ///
    /// # Errors
    ///
    /// When there is no result.
    pub fn call<Q, A>(
        &self,
        worker: &Worker<Q, A>,
        method: &str,
        argument: Value,
        patience: Duration,
    ) -> Result<Value, NoResult> {
        let Answering(asked, _running) = match self.begin(method, argument)? {
            Ok(answering) => answering,
            Err(value) => return Ok(value),
        };
        match worker.await_answer(asked, patience) {
            Ok(answer) => Ok(answer?),
            Err(Missing::Unanswered(reason)) => Err(offers::missing(reason).into()),
            Err(Missing::TimedOut) => Err(NoResult::TimedOut(patience)),
            Err(Missing::Interrupted) => Err(NoResult::Interrupted),
        }
    }

    /// Begins a call; the inner `Err` is a result that is there at once.
    fn begin(&self, method: &str, argument: Value) -> Result<Result<Answering, Value>, Fault> {
        if !self.is_own(method) && self.offers.offers(method) {
            let asked = offers::ask(&self.offers, method, argument);
            let unknown = || Fault::new(format!("rpc: can't find method {method}"));
            return Ok(Ok(Answering(asked.map_err(|fault| fault.unwrap_or_else(unknown))?, None)));
        }
        let Some((room, runtime)) = self.server.get() else {
            let reason = "the server does not serve yet: its own methods can be called once its workers have booted";
            return Err(Fault::new(reason));
        };
        let room = room.upgrade().ok_or_else(|| Fault::new("the server is ending"))?;
        // The codec that says everything that values can be.
        let body = Bytes::from(body::encode(Codec::MessagePack, &argument)?);
        let call = Call { method: method.to_owned(), codec: Codec::MessagePack, body };
        let running = match room.begin(call, From::Inside, runtime, ()) {
            Begun::Done(reply) => return Ok(Err(read(&reply?)?)),
            Begun::Running(running) => running,
        };
        let (duty, asked) = errand();
        let (alive, gone) = oneshot::channel::<()>();
        runtime.spawn(async move {
            tokio::select! {
                reply = running.reply() => {
                    duty.answer(reply.and_then(|reply| read(&reply)));
                }
                _ = gone => {}
            }
        });
        Ok(Ok(Answering(asked, Some(alive))))
    }
}

/// Reads a result of one of the server's methods.
fn read(reply: &[u8]) -> Result<Value, Fault> {
    rmp_serde::from_slice(reply).map_err(|error| Fault::new(format!("the result cannot be read: {error}")))
}

impl fmt::Debug for Inside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Inside").field("address", &self.address).finish_non_exhaustive()
    }
}
