//! HTTP/1.1 and HTTP/2: from a connection to an envelope in the inbox of a pool, and back.
//!
//! This room owns the wire: parsing (hyper), framing checks, body limits, status codes of failures. It is called by the
//! connections of `net`, and never knows who works on a request.

mod access;
mod answering;
mod body;
mod config;
mod connection;
mod copy;
mod decode;
mod development;
mod file;
mod flood;
mod form;
mod forwarded;
mod framing;
#[cfg(fuzzing)]
pub mod fuzz;
mod h1;
mod h2;
mod head;
mod hints;
mod layer;
mod limits;
mod linger;
mod listeners;
mod message;
mod pass;
mod patience;
mod preface;
mod receive;
mod redirect;
mod service;
mod shared;
mod streams;
#[cfg(test)]
mod tests;
mod tls;
mod trace;
mod traced;
mod traffic;
mod ways;

pub use access::{Config as AccessLog, Format};
pub use body::{Sink, Source, is_bodyless};
pub use config::{Config, Http2, Listener, MEBIBYTE, Reactor};
pub use connection::serve_connection;
pub use copy::copied;
pub use decode::Config as DecodeConfig;
pub use development::Development;
pub use file::{
    Config as SendfileConfig, Opened, Ranges, Sendfile, Transfer, Unusable, disposition, media_type, ranges,
};
pub use form::{
    Config as UploadConfig, Form, Malformed, NextPart, PartHead, Parts, Php, Spooled, Store, Upload, UploadError,
    Uploads,
};
pub use forwarded::{NoSubnet, Proxies, Subnet};
pub use framing::Checked;
pub use hints::Hints;
pub use layer::{Attributes, Caches, Clock, Config as Layers, FileServerConfig, NoDirectory, Unpurgeable};
pub use limits::Limits;
pub use listeners::Connections;
pub use message::{Answer, Payload, Request, RequestId};
pub use pass::Pass;
pub use receive::{Arrival, Beyond, BodyConfig, BodyError, Received, Spilled};
pub use service::Service;
pub use tls::PROTOCOLS;
pub use trace::trace_id;
pub use traffic::{Answered, Traffic};

/// The body of a request as it arrives.
type Inbound = hyper::body::Incoming;
/// What feeds answers that stay open while no worker has them.
pub type Channels = crate::channel::Channels<http::HeaderMap>;
/// The inbox that HTTP requests wait in.
pub type Inbox = crate::handoff::Inbox<Request, Answer>;
/// A request on its way to a worker.
pub type Envelope = crate::handoff::Envelope<Request, Answer>;
/// A request that a worker has taken, still in its place.
pub type Sealed = crate::handoff::Sealed<Request, Answer>;
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
