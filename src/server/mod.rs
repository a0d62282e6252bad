//! The composition root: builds everything from a configuration, supervises it, and takes it down again.
//!
//! Phases: starting (bind, boot workers) → running → draining (requests finish) → stopped. [`run()`] occupies the calling
//! thread throughout; it is told to end, or to hand its sockets over to the next generation, through the channel it is
//! given.

mod annex;
mod command;
mod config;
mod error;
mod generation;
mod heartbeat;
mod identity;
mod notify;
mod on_init;
mod origin;
mod original;
mod reread;
mod run;
mod sources;
mod steering;
mod supervisor;
#[cfg(test)]
mod tests;
mod view;

pub use command::{Command, Which};
pub use config::{Config, Life, OnInit};
pub use error::Error;
pub use identity::{Identity, IdentityError, open_log, refuse_root};
pub use notify::Notifier;
pub(crate) use notify::{Relay, SUPERSEDED, Starter};
pub(crate) use origin::add_from_manager;
pub use origin::{Origin, claim};
pub use original::Original;
pub use reread::Reread;
pub use run::{Application, Outcome, acceptor, run, run_bound};
pub use sources::metrics;
