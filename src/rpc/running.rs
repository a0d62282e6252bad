//! Calls under way, whoever has made them: a connection, or a worker of this process.

use std::sync::Arc;

use tokio::{runtime::Handle, task::JoinHandle};

use super::{
    Call, Fault, Reply,
    methods::{self, Found, From, Handler},
    server::Room,
};

/// A call that was begun.
pub(super) enum Begun {
    /// It is answered already.
    Done(Reply),
    Running(Running),
}

/// A call that takes its time. A task ends with this value.
pub(super) struct Running {
    method: String,
    work: JoinHandle<Reply>,
    attended: bool,
}

// === impl Room ===

impl Room {
    /// Begins a call on `runtime`, which holds `memory` until it is over.
    pub(super) fn begin(&self, call: Call, from: From, runtime: &Handle, memory: impl Send + 'static) -> Begun {
        let found = match self.methods.find(&call.method, from) {
            Ok(found) => found,
            Err(fault) => return Begun::Done(Err(fault)),
        };
        let method = call.method.clone();
        let attended = matches!(found, Found::Own(Handler::Attended(_)));
        let work = match found {
            Found::Own(Handler::Quick(quick)) => return Begun::Done(methods::run(&**quick, &call)),
            Found::Own(Handler::Waiting(waiting)) => {
                let Ok(thread) = Arc::clone(&self.threads).try_acquire_owned() else {
                    return Begun::Done(Err(Fault::new("too many calls wait for something: try again later")));
                };
                let waiting = Arc::clone(waiting);
                runtime.spawn_blocking(move || {
                    let reply = methods::run(&*waiting, &call);
                    drop((call, memory, thread));
                    reply
                })
            }
            Found::Own(Handler::Task(task) | Handler::Attended(task)) => runtime.spawn(with(memory, task(call))),
            Found::Offered(offers) => runtime.spawn(with(memory, self.methods.pass_on(offers, call))),
        };
        Begun::Running(Running { method, work, attended })
    }
}

/// Does something and then lets go of `held`.
async fn with<H: Send>(held: H, work: methods::Work) -> Reply {
    let reply = work.await;
    drop(held);
    reply
}

// === impl Running ===

impl Running {
    /// Whether it makes no sense without its client, or at the end of the server.
    pub(super) fn attended(&self) -> bool {
        self.attended
    }

    pub(super) async fn reply(mut self) -> Reply {
        (&mut self.work).await.unwrap_or_else(|_| Err(methods::panicked(&self.method)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.work.abort();
    }
}
