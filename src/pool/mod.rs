//! Workers as an abstract thing: how many, in which state, replaced when and why.
//!
//! The room decides about the life of worker threads and keeps their records; a [`Host`] starts the threads (PHP in
//! production, plain threads in tests). It knows neither PHP nor HTTP.

mod change;
mod config;
mod crew;
mod label;
mod limits;
mod overseer;
#[expect(clippy::module_inception, reason = "the room is named after its main type")]
mod pool;
mod reload;
mod scaling;
#[cfg(test)]
mod tests;
mod turnover;
mod worker;

pub use config::{Config, Dynamic};
pub use crew::Crew;
pub use label::InHand;
pub use limits::{Limits, Reason, SlowLog};
pub use overseer::{Overseer, Step};
pub use pool::{Event, Host, Immutable, Pool, Report};
pub use turnover::Turnover;
pub use worker::{Ended, Next, Snapshot, State, Worker};
