//! Side processes: other programs that run for as long as the server serves.
//!
//! This room owns them: it starts them, starts them again, takes their output to the log, and ends them. `server` says when;
//! whoever wants to know how they are asks [`Services::list`], and acts on them by a [`Remote`]. It knows nothing of requests and workers, and never waits for
//! a child that is not its own.

mod config;
mod keeper;
mod methods;
mod process;
mod services;
mod status;
#[cfg(test)]
mod tests;

pub use self::{
    config::Config,
    services::{Remote, ServiceError, Services},
    status::{State, Status},
};
