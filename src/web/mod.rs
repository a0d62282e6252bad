//! Small HTTP servers beside the main one: for machines and people who look after a server.
//!
//! A [`Site`] answers what comes to one section's addresses (metrics, status, dashboard). All sites share one thread,
//! `rr-web-0`, which serves no requests of the application and no part of PHP: it answers when every worker and every
//! reactor hangs. Their sockets are bound, inherited and handed over together with those of the main server.
//!
//! # Bounds
//!
//! Connections, the time for a head, the length of a body, and the time in which a client takes nothing. A site must not
//! block, nor compute for long, in [`Site::answer`]: what it has to wait for, it awaits.

mod body;
mod connection;

use std::{future::Future, io, os::fd::RawFd, pin::Pin, sync::Arc, task::Waker};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header, request::Parts};

pub use body::{Body, Feed, feed};

use crate::net::{Accepted, Drain, Front, Limits, Listener, Pass, Peer, Reactors};

/// Most connections to all sites.
const CONNECTIONS: usize = 256;

/// What answers at the addresses of one section.
pub trait Site: Send + Sync {
    /// Answers one request. HEAD is answered as GET: the body is left out behind the site.
    fn answer(&self, request: Request) -> Promise<'_>;
}

/// An answer that comes.
pub type Promise<'a> = Pin<Box<dyn Future<Output = Response<Body>> + Send + 'a>>;

/// A request to a site.
#[derive(Debug)]
pub struct Request {
    /// Its head.
    pub head: Parts,
    /// Its body, whole.
    pub body: Bytes,
    /// The two ends of its connection.
    pub peer: Peer,
    /// Tells when long answers are to end.
    pub drain: Drain,
}

/// The sites of a server, with the numbers of the endpoints that they answer at.
pub type Sites = Vec<(usize, Arc<dyn Site>)>;

/// Nothing happens between two passes of this reactor.
struct Idle;

impl Pass for Idle {
    fn woken(&self, _: &Waker) {}
    fn parking(&self) {}
    fn unparked(&self) {}
    fn ended(&self) {}
}

/// Starts the thread of all sites. Each listener is of an endpoint that a site answers at; `floor` is the lowest number of
/// a connection's descriptor.
///
/// # Errors
///
/// When the system gives no thread, or no event queue.
pub fn start(listeners: Vec<Listener>, sites: Sites, floor: Option<RawFd>) -> io::Result<Reactors> {
    let front = Front::beside(Limits { connections: CONNECTIONS, per_address: 0 }, floor);
    let sites = Arc::new(sites);
    let serve = move |accepted: Accepted, drain: Drain, _: &Arc<Idle>| {
        let site = sites.iter().find(|(endpoint, _)| *endpoint == accepted.endpoint).map(|(_, site)| Arc::clone(site));
        async move {
            if let Some(site) = site {
                connection::serve(accepted, site, drain).await;
            }
        }
    };
    let listeners = if listeners.is_empty() { Vec::new() } else { vec![(listeners, Arc::new(Idle))] };
    Reactors::start("rr-web", listeners, &front, serve)
}

/// An answer of text, which ends with a line end.
pub fn text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let mut text = text.into();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    whole(status, HeaderValue::from_static("text/plain; charset=utf-8"), text)
}

/// An answer with a body that is known.
pub fn whole(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The answer to a method that the site does not have at this path.
pub fn not_allowed(allowed: &'static str) -> Response<Body> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("only {allowed} here"));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// The answer to a path that the site does not have.
pub fn not_found(paths: &str) -> Response<Body> {
    text(StatusCode::NOT_FOUND, format!("there is no such page, only {paths}"))
}
