//! Workers as an abstract thing: how many, in which state, replaced when and why.
//!
//! The room decides about the life of worker threads and keeps their records; a [`Host`] starts the threads (PHP in
//! production, plain threads in tests). It knows neither PHP nor HTTP.

mod config;
#[expect(clippy::module_inception, reason = "the room is named after its main type")]
mod pool;
#[cfg(test)]
mod tests;
mod worker;

pub use config::Config;
pub use pool::{Event, Host, Pool};
pub use worker::{Ended, Next, Snapshot, State, Worker};
