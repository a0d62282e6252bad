//! The hand-over between asynchronous servers and blocking PHP threads.
//!
//! A server wraps a request in an [`Envelope`] and leaves it in an [`Inbox`]; a worker thread takes it at its [`Seat`],
//! the one place where it waits. This room knows neither PHP nor HTTP nor a runtime: requests and answers are type
//! parameters, and nothing here blocks except [`Seat::wait`] and [`Seat::pause`], which any stop request ends.

mod envelope;
mod idle;
mod inbox;
mod seat;
#[cfg(test)]
mod tests;

pub use envelope::{Envelope, Pending, Replier, Unanswered, envelope};
pub use inbox::{Inbox, Overloaded, Statistics};
pub use seat::{Leave, Received, Seat};
