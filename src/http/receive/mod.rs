//! The bodies of requests: read whole before a worker gets the request, or passed on while they arrive.

mod arriving;
mod beyond;
mod collect;
mod config;
mod pump;
mod trailers;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_TYPE},
    request::Parts,
};
use tracing::debug;

pub(super) use self::arriving::Arriving;
pub use self::{
    beyond::{Arrival, Beyond, Spilled},
    config::Config as BodyConfig,
};
use self::{collect::Collection, pump::Pump};
use super::{
    Config, Form, Store, Uploads,
    access::Body,
    answering::closing,
    decode::{DecodeError, OFFERED, Refused},
    form::Malformed,
    service::Connection,
};
use crate::handoff::inflow;

/// Bytes of a body that may be under way to a worker while it arrives.
const UNDER_WAY: usize = 256 * 1024;

/// How bodies are read.
#[derive(Debug)]
pub(super) struct Bodies {
    /// The largest body.
    max_bytes: u64,
    /// The largest body that is held in memory.
    buffer_bytes: usize,
    /// Where larger ones go.
    store: Arc<Store>,
    /// Whether requests are passed on before their bodies have arrived.
    streams: bool,
    /// Time for a whole request.
    request_timeout: Option<Duration>,
    /// Time in which something must come.
    body_timeout: Duration,
    /// What is done with files of forms, unless their bodies are passed on as they are.
    uploads: Option<Arc<Uploads>>,
    underscores_in_headers: bool,
}

/// What has arrived.
#[derive(Debug, Default)]
pub struct Received {
    pub(super) bytes: Bytes,
    pub(super) beyond: Option<Box<Beyond>>,
    pub(super) form: Option<Box<Form>>,
    pub(super) trailers: Option<Box<HeaderMap>>,
}

/// Why a body did not arrive.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than bodies may be.
    #[error("the request body is too large")]
    TooLarge,
    /// The client sent nothing for too long.
    #[error("the request body did not arrive in time")]
    TimedOut,
    /// The client broke off, or its chunks were malformed.
    #[error("the request body broke off")]
    Broken,
    /// It is not what its coding says.
    #[error("the request body cannot be decompressed")]
    Undecodable,
    /// The form is not what its type says.
    #[error("the form is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The disk took no more of it.
    #[error("the request body cannot be written to disk")]
    Unwritten,
}

impl From<DecodeError<hyper::Error>> for BodyError {
    fn from(error: DecodeError<hyper::Error>) -> Self {
        debug!(%error, "Request body cannot be read");
        match error {
            DecodeError::Body(_) => Self::Broken,
            DecodeError::Malformed(_) => Self::Undecodable,
            DecodeError::TooLarge | DecodeError::Ratio(_) => Self::TooLarge,
        }
    }
}

// === impl Bodies ===

impl Bodies {
    pub(super) fn new(config: &Config) -> Self {
        let store = config.uploads.store();
        Self {
            max_bytes: config.max_request_bytes,
            buffer_bytes: config.bodies.buffer_bytes,
            streams: config.bodies.stream,
            request_timeout: config.limits.request_timeout,
            body_timeout: config.limits.body_timeout,
            uploads: config.uploads.uploads(&store),
            store,
            underscores_in_headers: config.underscores_in_headers,
        }
    }

    /// The largest body.
    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Whether requests are passed on before their bodies have arrived.
    pub(super) fn are_streamed(&self) -> bool {
        self.streams
    }

    /// Reads a body whole, and takes a form with files apart; or begins to, where workers read it while it arrives.
    pub(super) async fn receive(
        &self,
        head: &Parts,
        mut body: Arriving,
        connection: &Connection,
    ) -> Result<Received, BodyError> {
        if body.is_too_large() {
            // Not asked for, so a client that waits for `100 Continue` sends nothing.
            return Err(BodyError::TooLarge);
        }
        let form = multipart(head).filter(|_| self.uploads.is_some());
        let early = if self.streams { body.early().await } else { Ok(Vec::new()) };
        let received = match early {
            Ok(early) if self.streams && (form.is_some() || !body.has_ended()) => {
                return Ok(pass_on(body, early, form, connection));
            }
            Ok(early) => self.collect(&mut body, early, form).await,
            Err(error) => Err(error),
        };
        if matches!(received, Err(BodyError::TooLarge | BodyError::Undecodable)) {
            body.drain().await;
        }
        received
    }

    /// Reads what is still to come of a body.
    async fn collect(
        &self,
        body: &mut Arriving,
        early: impl IntoIterator<Item = Bytes>,
        form: Option<&HeaderValue>,
    ) -> Result<Received, BodyError> {
        let mut collection = Collection::new(self, form, body.announced())?;
        for piece in early {
            collection.add(piece).await?;
        }
        while let Some(piece) = body.next().await? {
            collection.add(piece).await?;
        }
        Ok(Received { trailers: body.take_trailers(), ..collection.finish().await? })
    }
}

/// Lets a worker have `body` while it arrives.
fn pass_on(body: Arriving, early: Vec<Bytes>, form: Option<&HeaderValue>, connection: &Connection) -> Received {
    let (inlet, outlet) = inflow(UNDER_WAY);
    for piece in early {
        inlet.push(piece);
    }
    tokio::spawn(Pump { body, inlet, form: form.cloned(), connection: connection.clone() }.run());
    Received { beyond: Some(Box::new(Beyond::Arriving(outlet))), ..Received::default() }
}

/// The type of a form with files, if it is one.
fn multipart(head: &Parts) -> Option<&HeaderValue> {
    let kind = head.headers.get(CONTENT_TYPE)?;
    let media_type = kind.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data").then_some(kind)
}

/// The answer to a body that is not read, for its coding. A client whose coding is not known is told which are (RFC 9110
/// section 15.5.16).
pub(super) fn refuse_coding(refused: Refused) -> Response<Body> {
    match refused {
        Refused::TooLarge => refuse_body(BodyError::TooLarge),
        Refused::Unsupported => {
            let text = "The coding of the request body is not supported\n";
            let mut response = closing(StatusCode::UNSUPPORTED_MEDIA_TYPE, text);
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static(OFFERED));
            response
        }
    }
}

/// The answer to a body that did not arrive.
pub(super) fn refuse_body(error: BodyError) -> Response<Body> {
    match error {
        BodyError::TooLarge => closing(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large\n"),
        BodyError::TimedOut => closing(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time\n"),
        BodyError::Malformed(_) => closing(StatusCode::BAD_REQUEST, "The form is malformed\n"),
        BodyError::Undecodable => closing(StatusCode::BAD_REQUEST, "The request body cannot be decompressed\n"),
        BodyError::Broken => closing(StatusCode::BAD_REQUEST, "The request body is malformed\n"),
        BodyError::Unwritten => closing(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n"),
    }
}
