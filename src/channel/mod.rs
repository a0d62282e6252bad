//! Channels: names under which answers that stay open are fed from anywhere in the process.
//!
//! A worker hands the stream of its answer over to channels ([`Channels::subscribe`]) and is free; whoever publishes
//! ([`Channels::publish`]) reaches all streams of a channel with one piece of memory. Nobody waits for a subscriber: one
//! that falls behind further than its stream may hold, or takes nothing for the time limit of writes, is broken off. A
//! subscriber whose client leaves is forgotten at once, a channel with its last subscriber.
//!
//! Every channel is under one lock, which is held while pieces are put under way, and not while readers are woken. The
//! thread `rr-channels` keeps streams of events alive by comments and looks who has stalled; see [`Keeper`]. This room
//! knows neither PHP nor a runtime.

mod channels;
mod config;
mod event;
mod history;
mod keeper;
mod message;
#[cfg(test)]
mod tests;

pub use channels::{Channels, Statistics};
pub use config::Config;
pub use event::{Event, Lines, comment};
pub use keeper::Keeper;
pub use message::{Form, Message};

/// Longest name of a channel in bytes.
pub const LONGEST_NAME: usize = 255;
