//! The composition root: builds everything from a configuration, supervises it, and takes it down again.
//!
//! Phases: starting (bind, boot workers) → running → draining (requests finish) → stopped. [`run()`] occupies the calling
//! thread throughout; it is told to end through the channel it is given.

mod config;
mod error;
mod run;
#[cfg(test)]
mod tests;

pub use config::{Config, Life, OnInit};
pub use error::Error;
pub use run::{Command, Outcome, run, run_bound};
