//! Turns one HTTP request into an envelope, and what comes back into a response.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
    request::Parts,
};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use parking_lot::Mutex;
use tokio::time::timeout;
use tracing::debug;

use super::{Answer, Config, Inbox, Line, Payload, Pending, Request, body::Content, head, message::Length};
use crate::{
    handoff::{Overloaded, Unanswered},
    net::Peer,
};

/// A client that sends nothing of an announced body for so long is let go.
const BODY_IDLE: Duration = Duration::from_mins(1);
/// How much of a refused body is still read, so that the client sees the answer instead of a reset.
const DRAINED: u64 = 1024 * 1024;
/// Seconds after which a client that met a full queue may come again (`Retry-After`).
const RETRY_SECONDS: &str = "1";

/// Answers the requests of all connections of one server.
#[derive(Debug)]
pub struct Service {
    /// Where requests wait for a worker.
    inbox: Arc<Inbox>,
    max_request_bytes: u64,
    internal_error_code: StatusCode,
}

/// Answers the requests of one connection, one at a time.
#[derive(Clone, Debug)]
pub(super) struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    service: Arc<Service>,
    peer: Peer,
    /// Never contended for: one request at a time is under way.
    line: Mutex<Line>,
    /// Whether a worker has a request, or still writes its answer. Of the connection's task alone.
    waiting: AtomicBool,
    /// Whether the next answer is the last one. Of the connection's task alone.
    parting: AtomicBool,
}

/// The answer to one request. Dropping it tells the worker that the client has gone.
pub(super) enum Answering {
    /// The request is with a worker, or waits for one.
    Worker { pending: Pending, head_only: bool, connection: Connection },
    /// The body is still to come. Boxed, so that the many requests without one do not carry its weight.
    Body(Pin<Box<dyn Future<Output = Response<Content>> + Send>>),
    /// It was refused; `None` once that was said.
    Refused(Option<Box<Response<Content>>>),
}

/// Why a body did not arrive.
enum BodyError {
    TooLarge,
    TimedOut,
    /// The client broke off, or its chunks were malformed.
    Broken(hyper::Error),
}

// === impl Service ===

impl Service {
    /// Creates the service that fills `inbox`.
    pub fn new(inbox: Arc<Inbox>, config: &Config) -> Self {
        Self { inbox, max_request_bytes: config.max_request_bytes, internal_error_code: config.internal_error_code }
    }

    async fn read_body(&self, mut body: Incoming) -> Result<Bytes, BodyError> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let announced = body.size_hint().exact();
        if announced.is_some_and(|length| length > self.max_request_bytes) {
            // Not polled, so a client that waits for `100 Continue` sends nothing.
            return Err(BodyError::TooLarge);
        }
        let mut first = Bytes::new();
        let mut whole = BytesMut::new();
        let mut length = 0;
        loop {
            let frame = match timeout(BODY_IDLE, body.frame()).await {
                Err(_) => return Err(BodyError::TimedOut),
                Ok(None) => break,
                Ok(Some(Err(error))) => return Err(BodyError::Broken(error)),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else { continue };
            length += data.len() as u64;
            if length > self.max_request_bytes {
                drain(body).await;
                return Err(BodyError::TooLarge);
            }
            // A body that came in one piece is passed on as it is.
            if first.is_empty() && whole.is_empty() {
                first = data;
            } else {
                if whole.is_empty() {
                    let expected = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
                    whole.reserve(expected.min(1 << 24).max(first.len() + data.len()));
                    whole.extend_from_slice(&first);
                }
                whole.extend_from_slice(&data);
            }
        }
        Ok(if whole.is_empty() { first } else { whole.freeze() })
    }
}

// === impl Connection ===

impl Connection {
    pub(super) fn new(service: Arc<Service>, peer: Peer, line: Line) -> Self {
        Self(Arc::new(Shared {
            service,
            peer,
            line: Mutex::new(line),
            waiting: AtomicBool::new(false),
            parting: AtomicBool::new(false),
        }))
    }

    /// Returns whether a worker has a request, or still writes its answer: until then the client has nothing to say.
    pub(super) fn is_waiting(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn set_waiting(&self, waiting: bool) {
        self.0.waiting.store(waiting, Ordering::Relaxed);
    }

    /// Lets the connection end with its next answer, if `parting`.
    pub(super) fn part_if(&self, parting: bool) {
        if parting {
            self.0.parting.store(true, Ordering::Relaxed);
        }
    }

    fn dispatch(&self, head: Parts, body: Bytes, arrived: Instant, now: Instant) -> Answering {
        let Shared { service, peer, line, .. } = &*self.0;
        let head_only = head.method == Method::HEAD;
        let request = Request::new(head, body, *peer, arrived);
        let dispatched = service.inbox.try_dispatch(&mut line.lock(), request, now);
        match dispatched {
            Ok(pending) => {
                self.set_waiting(true);
                Answering::Worker { pending, head_only, connection: self.clone() }
            }
            Err(Overloaded(_)) => unavailable().into(),
        }
    }

    async fn receive(self, head: Parts, body: Incoming, arrived: Instant) -> Response<Content> {
        match self.0.service.read_body(body).await {
            Ok(body) => self.dispatch(head, body, arrived, Instant::now()).await.unwrap_or_else(|never| match never {}),
            Err(error) => refuse_body(error),
        }
    }
}

impl hyper::service::Service<hyper::Request<Incoming>> for Connection {
    type Response = Response<Content>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: hyper::Request<Incoming>) -> Answering {
        let arrived = Instant::now();
        let (mut head, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        if let Err((status, text)) = head::check(&mut head, has_body) {
            return closing(status, text).into();
        }
        if !has_body {
            return self.dispatch(head, Bytes::new(), arrived, arrived);
        }
        Answering::Body(Box::pin(self.clone().receive(head, body, arrived)))
    }
}

// === impl Answering ===

impl From<Response<Content>> for Answering {
    fn from(response: Response<Content>) -> Self {
        Self::Refused(Some(Box::new(response)))
    }
}

impl Future for Answering {
    type Output = Result<Response<Content>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match &mut *self {
            Self::Worker { pending, head_only, connection } => {
                let answer = ready!(Pin::new(pending).poll(context));
                connection.set_waiting(false);
                let mut response = match answer {
                    Ok(answer) => response(answer, *head_only, connection),
                    Err(Unanswered::Stopping) => unavailable(),
                    Err(Unanswered::WorkerLost) => {
                        plain(connection.0.service.internal_error_code, "Internal Server Error\n")
                    }
                };
                if connection.0.parting.load(Ordering::Relaxed) {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
            Self::Body(receiving) => ready!(receiving.as_mut().poll(context)),
            Self::Refused(response) => return response.take().map_or(Poll::Pending, |said| Poll::Ready(Ok(*said))),
        }))
    }
}

/// Reads and forgets what a client still sends of a body that was refused, within limits.
async fn drain(mut body: Incoming) {
    let mut left = DRAINED;
    while let Ok(Some(Ok(frame))) = timeout(Duration::from_secs(1), body.frame()).await {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        if length >= left {
            return;
        }
        left -= length;
    }
}

fn refuse_body(error: BodyError) -> Response<Content> {
    match error {
        BodyError::TooLarge => closing(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large\n"),
        BodyError::TimedOut => closing(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time\n"),
        BodyError::Broken(error) => {
            debug!(%error, "Request body broke off");
            closing(StatusCode::BAD_REQUEST, "The request body is malformed\n")
        }
    }
}

fn unavailable() -> Response<Content> {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Content> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()).into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn closing(status: StatusCode, text: &'static str) -> Response<Content> {
    let mut response = plain(status, text);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn response(answer: Answer, head_only: bool, connection: &Connection) -> Response<Content> {
    let Answer { status, mut headers, body, length } = answer;
    let announced = match length {
        Length::Known(length) => Some(length),
        Length::Unsaid | Length::Wrong => None,
    };
    let body = match body {
        Payload::Whole(body) => {
            if let Some(length) = announced
                && head_only
                && body.is_empty()
            {
                headers.insert(CONTENT_LENGTH, length.into());
            }
            body.into()
        }
        // Nobody reads a body here, which its worker sees at once.
        Payload::Stream(_) if head_only || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) => {
            if let Some(length) = announced
                && head_only
            {
                headers.insert(CONTENT_LENGTH, length.into());
            }
            Bytes::new().into()
        }
        Payload::Stream(source) => {
            connection.set_waiting(true);
            Content::stream(source, announced, connection.clone())
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
