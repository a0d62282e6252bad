//! The hand-over between asynchronous servers and blocking PHP threads.
//!
//! A connection owns a [`Line`]. It puts a request on its line and leaves it in an [`Inbox`]; a worker thread takes it at
//! its [`Seat`], the one place where it waits, as an [`Envelope`]; the answer goes back through the [`Port`] of the
//! connection's reactor. This room knows neither PHP nor HTTP nor a runtime: requests and answers are type parameters.
//!
//! Moving a message takes no lock that others share. What costs is waking a thread, so neither side wakes the other for
//! each message: see [`Inbox`] for jobs, [`Port`] for answers, and [`Monitor`] for what bounds a wrong guess. Nothing here
//! blocks except [`Seat::wait`] and [`Seat::pause`], which any request to leave ends, and [`Seat::block`], in which a worker
//! waits for a part of the request that it has, and which an interruption ends.

mod bell;
mod board;
mod clock;
mod errand;
mod flow;
mod idle;
mod inbox;
mod inflow;
mod job;
mod line;
mod monitor;
mod port;
mod role;
mod seat;
mod sync;
#[cfg(test)]
mod tests;
mod times;
mod waits;

pub use board::{Board, Given, Member, Untaken};
pub use errand::{Duty, Missing, Promise, errand};
pub use flow::{Broken, Detached, Offered, Sink, Source, Watched, Written, flow};
pub use inbox::{Inbox, Overloaded, Statistics};
pub use inflow::{Inlet, Outlet, Read, Wanted, inflow};
pub use line::{Envelope, Line, Pending, Replier, Sealed, Taken, Unanswered};
pub use monitor::{Counters, Monitor};
pub use port::{Engine, Port};
pub use role::Driver;
pub use seat::{Blocked, Leave, Received, Seat};
pub use times::Times;
pub use waits::Spread;
