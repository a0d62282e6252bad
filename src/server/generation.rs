//! The generation change: another process like this one takes the sockets over, and this one ends.

use std::time::Duration;

use crossbeam_channel::Receiver;
use tracing::{error, info, warn};

use super::{
    notify::Notifier,
    original::{Original, Successor},
};
use crate::{net::Bound, process};

/// The next generation, or the lack of it. One change at a time: what is asked for meanwhile comes after it.
pub(super) struct Generations {
    original: Result<Original, String>,
    /// How long a successor may take to become ready.
    patience: Duration,
    successor: Option<Successor>,
    /// Another change was asked for.
    again: bool,
}

/// How a change went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// This process serves from now on; `None`: one of which only the parent knows.
    Done(Option<u32>),
    /// Nothing has changed.
    Failed,
}

// === impl Generations ===

impl Generations {
    pub(super) fn new(original: Result<Original, String>, patience: Duration) -> Self {
        Self { original, patience, successor: None, again: false }
    }

    /// Starts a successor on the sockets of `bound`. Returns where its fate is told.
    pub(super) fn begin(&mut self, bound: &Bound, notifier: &Notifier) -> Option<Receiver<Result<(), String>>> {
        if let Some(successor) = &self.successor {
            info!(successor = successor.process, "A generation change is under way; another one follows");
            self.again = true;
            return None;
        }
        let original = match &self.original {
            Ok(_) if notifier.has_parent() => {
                info!("The parent process is asked to change the generation");
                process::send_to_parent(libc::SIGUSR2);
                return None;
            }
            Ok(_) if std::process::id() == 1 => {
                warn!("The generation cannot change: the system ends with its first process. Use rr serve");
                return None;
            }
            Ok(original) => original,
            Err(reason) => {
                warn!(reason, "The generation cannot change");
                return None;
            }
        };
        match original.succeed(bound.hand_over(), self.patience) {
            Ok(successor) => {
                info!(successor = successor.process, "Generation changes: the next one is starting");
                notifier.reloading("Changing the generation");
                let outcome = successor.outcome.clone();
                self.successor = Some(successor);
                Some(outcome)
            }
            Err(error) => {
                error!(%error, "Generation change failed: the next one cannot be started; this one goes on");
                None
            }
        }
    }

    /// Takes the fate of the successor.
    pub(super) fn end(&mut self, outcome: Result<(), String>) -> Change {
        let Some(Successor { process, .. }) = self.successor.take() else { return Change::Failed };
        match outcome {
            Ok(()) => {
                info!(successor = process, "Generation changed: the next one serves, this one ends");
                if std::mem::take(&mut self.again) {
                    process::send(process, libc::SIGUSR2);
                }
                Change::Done(Some(process))
            }
            Err(reason) => {
                error!(successor = process, reason, "Generation change failed; this one goes on");
                Change::Failed
            }
        }
    }

    /// Whether another change is due.
    pub(super) fn is_due(&mut self) -> bool {
        self.successor.is_none() && std::mem::take(&mut self.again)
    }

    /// The server ends: so does a successor that is being started.
    pub(super) fn abandon(&self) {
        if let Some(successor) = &self.successor {
            warn!(successor = successor.process, "Generation does not change: the server is told to end");
            successor.abandon();
        }
    }

    /// Waits until a successor is gone that was abandoned.
    pub(super) fn wait(self) {
        self.successor.into_iter().for_each(Successor::wait);
    }
}
