//! The control surface: calls from other processes, in the protocol of RoadRunner (goridge).
//!
//! A socket takes frames; each names a method (`resetter.Reset`, as Go's `net/rpc` does) and has a number that the answer
//! repeats, so that many calls may be under way in one connection. [`Methods`] knows what can be called; whoever has
//! something to offer registers it there. What acts on workers goes through [`Steering`]; what workers have registered, and
//! calls of theirs, through [`Inside`].
//!
//! # Threads
//!
//! `rr-rpc` drives all connections and runs the methods that answer at once; methods that wait run on `rr-rpc-call`, of
//! which there is a bounded number. Nothing of it touches the reactors that serve requests.
//!
//! # Bounds
//!
//! Connections, the length of a frame, the memory of all frames together, calls under way in a connection, answers that
//! its client has not taken, the time for the rest of a frame that has begun, and the time in which a client takes
//! nothing. A connection that reaches one of them waits, is told, or ends; the others do not notice.

mod accept;
mod app;
mod body;
mod client;
mod config;
mod connection;
mod crowd;
mod frame;
mod gob;
mod informer;
mod inside;
mod listen;
mod methods;
mod offers;
mod place;
mod running;
mod server;
mod steering;
mod value;

pub use body::Blob;
pub use client::{CallError, Client, ConnectError};
pub use config::{Config, shown, told};
pub use frame::Codec;
pub use informer::{Pool, Worker};
pub use inside::{Inside, NoResult};
pub use listen::{Bound, ListenError};
pub use methods::{Call, Fault, Methods, Reply};
pub use offers::{Asked, BadName, Offers, name};
pub use server::{Limits, Server};
pub use steering::{Status, Steering, SteeringError, WorkerState};
pub use value::{DEPTH, Key, Value};
