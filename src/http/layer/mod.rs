//! What stands between the wire and the workers: middleware, in the order that the configuration gives.
//!
//! Each layer is a [`Middleware`]: it gets a request and what is within, [`Next`], and answers. Where a route has no layers,
//! nothing of this room runs.

mod attributes;
mod basic_auth;
mod cache;
mod chain;
mod compress;
mod compress_accept;
mod compress_body;
mod compress_codec;
mod config;
mod cors;
mod cors_origins;
mod headers;
mod holding;
mod http_metrics;
mod inside;
mod limit;
mod names;
mod next;
mod rate_limit;
mod request_id;
mod route;
mod security;
mod static_files;
mod timeout;
mod vary;

use http::StatusCode;

pub use self::{
    attributes::Attributes,
    cache::{Caches, Clock, Unpurgeable},
    config::Config,
    static_files::{FileServerConfig, NoDirectory},
};
pub(super) use self::{
    chain::{Chain, ToPool},
    inside::Around,
    next::{Answer, Handle, Middleware, Next, around},
};

/// A request on its way in. What the layers need to know of its connection is among its extensions: [`Around`].
pub(super) type Request = http::Request<super::Inbound>;
/// A response on its way out.
pub(super) type Response = http::Response<super::body::Content>;

/// The response to a request that goes no further.
fn refused(status: StatusCode, text: &'static str) -> Response {
    super::answering::plain(status, text).map(super::access::Body::into_content)
}
