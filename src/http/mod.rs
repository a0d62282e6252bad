//! HTTP/1.1: from a connection to an envelope in the inbox of a pool, and back.
//!
//! This room owns the wire: parsing (hyper), framing checks, body limits, status codes of failures. It is called by the
//! connections of `net`, and never knows who works on a request.

mod body;
mod config;
mod connection;
mod form;
mod framing;
mod head;
mod linger;
mod message;
mod pass;
mod service;
#[cfg(test)]
mod tests;

pub use body::{Sink, Source};
pub use config::{Config, Listener, MEBIBYTE};
pub use connection::serve_connection;
pub use form::{Form, Store, Upload, UploadError, Uploads};
pub use framing::Checked;
pub use message::{Answer, Payload, Request, RequestId};
pub use pass::Pass;
pub use service::Service;

/// The inbox that HTTP requests wait in.
pub type Inbox = crate::handoff::Inbox<Request, Answer>;
/// A request on its way to a worker.
pub type Envelope = crate::handoff::Envelope<Request, Answer>;
/// Where the answer to a request goes.
pub type Replier = crate::handoff::Replier<Request, Answer>;
/// The way back of the answers of one reactor.
pub type Port = crate::handoff::Port<Request, Answer>;
/// What a connection hands its requests over by.
type Line = crate::handoff::Line<Request, Answer>;
/// The answer that a connection waits for.
type Pending = crate::handoff::Pending<Request, Answer>;
/// The place of one worker at the inbox.
pub type Seat = crate::handoff::Seat<Request, Answer>;
