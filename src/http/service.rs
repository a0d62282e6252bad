//! Turns one HTTP request into an envelope, and what comes back into a response.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
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
use hyper::body::{Body as _, Incoming};
use parking_lot::Mutex;
use tokio::time::{timeout, timeout_at};
use tracing::debug;

use super::{
    Answer, Config, Form, Http2, Inbox, Limits, Line, Payload, Pending, Proxies, Request, Uploads,
    access::{Access, Body, Logged, Record},
    body::{Content, Watched, is_bodyless},
    form::{Malformed, Reading},
    head,
    message::Length,
    patience::Patience,
    redirect::redirect,
    ways::{Client, Ways},
};
use crate::{
    handoff::{Overloaded, Unanswered},
    net::{Address, Peer},
    tls::Acceptor,
};

/// What a client reads that was too slow with the head of its request.
pub(super) const TOO_SLOW: &str = "The request did not arrive in time\n";
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
    pub(super) limits: Limits,
    pub(super) http2: Http2,
    pub(super) patience: Patience,
    /// What is done with files of forms, unless their bodies are passed on as they are.
    uploads: Option<Arc<Uploads>>,
    /// The access log, if there is one.
    access: Option<Arc<Access>>,
    /// The proxies to look through, if any are.
    proxies: Option<Proxies>,
    underscores_in_headers: bool,
    pub(super) ways: Ways,
}

/// Answers the requests of one connection.
#[derive(Clone, Debug)]
pub(super) struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    service: Arc<Service>,
    client: Client,
    /// Never contended for: all requests of a connection come and go on one thread.
    line: Mutex<Line>,
    /// Whether a worker has a request, or still writes its answer. Of the connection's task alone.
    waiting: AtomicBool,
    /// Bodies that workers still write, and whether they were given up at the last look.
    streams: Mutex<Vec<(Watched, bool)>>,
    /// Whether the next answer is the last one. Of the connection's task alone.
    parting: AtomicBool,
    /// Requests so far, if they are bounded.
    requests: AtomicU32,
}

/// The answer to one request. Dropping it tells the worker that the client has gone.
pub(super) enum Answering {
    /// The request is with a worker, or waits for one.
    Worker { pending: Pending, head_only: bool, connection: Connection },
    /// The body is still to come. Boxed, so that the many requests without one do not carry its weight.
    Body(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
    /// It was refused; `None` once that was said.
    Refused(Option<Box<Response<Body>>>),
}

/// What has arrived.
#[derive(Default)]
struct Received {
    bytes: Bytes,
    form: Option<Box<Form>>,
}

/// Why a body did not arrive.
enum BodyError {
    TooLarge,
    TimedOut,
    /// The client broke off, or its chunks were malformed.
    Broken(hyper::Error),
    /// The form is not what its type says.
    Malformed(Malformed),
}

impl From<Malformed> for BodyError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

// === impl Service ===

impl Service {
    /// Creates the service that fills `inbox`. `addresses` are the true ones of the listeners of `config`, and `tls`
    /// takes the connections of those that speak it.
    pub fn new(inbox: Arc<Inbox>, config: &Config, addresses: &[Address], tls: Option<&Arc<Acceptor>>) -> Self {
        inbox.set_patience(config.limits.queue_timeout);
        Self {
            inbox,
            max_request_bytes: config.max_request_bytes,
            internal_error_code: config.internal_error_code,
            patience: Patience::new(&config.limits),
            limits: config.limits.clone(),
            http2: config.http2,
            uploads: config.uploads.uploads(),
            access: Access::of(&config.access_log),
            proxies: config.proxy_ip_parser.then(|| config.proxies.clone()),
            underscores_in_headers: config.underscores_in_headers,
            ways: Ways::new(config, addresses, tls),
        }
    }

    /// To be called at each look at a connection: a request in the queue has one that is looked at.
    pub(super) fn look(&self) {
        self.inbox.refuse_overdue();
    }

    /// Reads a body, and takes a form with files apart. `counted` is told how many bytes have come.
    async fn read_body(
        &self,
        head: &Parts,
        mut body: Incoming,
        arrived: Instant,
        counted: Option<&AtomicU64>,
    ) -> Result<Received, BodyError> {
        let uploads = self.uploads.as_ref().and_then(|uploads| Some((uploads, multipart(head)?)));
        let begin = |(uploads, kind): (&Arc<Uploads>, &[u8])| Reading::new(kind, Arc::clone(uploads)).map(Box::new);
        let mut form = uploads.map(begin).transpose()?;
        let announced = body.size_hint().exact();
        if announced.is_some_and(|length| length > self.max_request_bytes) {
            // Not polled, so a client that waits for `100 Continue` sends nothing.
            return Err(BodyError::TooLarge);
        }
        let deadline = self.limits.request_timeout.map(|timeout| arrived + timeout);
        let mut first = Bytes::new();
        let mut whole = BytesMut::new();
        let mut length = 0;
        loop {
            let idle = Instant::now() + self.limits.body_timeout;
            let until = deadline.map_or(idle, |deadline| deadline.min(idle));
            let frame = match timeout_at(until.into(), body.frame()).await {
                Err(_) => return Err(BodyError::TimedOut),
                Ok(None) => break,
                Ok(Some(Err(error))) => return Err(BodyError::Broken(error)),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else { continue };
            length += data.len() as u64;
            if let Some(counted) = counted {
                counted.store(length, Ordering::Relaxed);
            }
            if length > self.max_request_bytes {
                drain(body).await;
                return Err(BodyError::TooLarge);
            }
            if let Some(form) = &mut form {
                form.feed(&data).await?;
            // A body that came in one piece is passed on as it is.
            } else if first.is_empty() && whole.is_empty() {
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
        let form = match form {
            Some(form) => Some(Box::new(form.finish().await)),
            None => None,
        };
        Ok(Received { bytes: if whole.is_empty() { first } else { whole.freeze() }, form })
    }
}

// === impl Connection ===

impl Connection {
    pub(super) fn new(service: Arc<Service>, client: Client, line: Line) -> Self {
        Self(Arc::new(Shared {
            service,
            client,
            line: Mutex::new(line),
            waiting: AtomicBool::new(false),
            streams: Mutex::default(),
            parting: AtomicBool::new(false),
            requests: AtomicU32::new(0),
        }))
    }

    /// Makes the entry of a request whose head did not come here, because it was malformed, too long or too slow.
    pub(super) fn refused(&self, status: StatusCode) {
        if let Some(access) = &self.0.service.access {
            access.refused(self.0.client.peer, status);
        }
    }

    /// Returns whether a worker has a request, or still writes its answer: until then the client has nothing to say.
    pub(super) fn is_waiting(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// Remembers a body that a worker writes.
    pub(super) fn watch(&self, stream: Watched) {
        self.0.streams.lock().push((stream, false));
    }

    /// Forgets it.
    pub(super) fn unwatch(&self, stream: &Watched) {
        self.0.streams.lock().retain(|(other, _)| other != stream);
    }

    /// A look. Returns whether a worker has given up a body at the last look already, and its end cannot be sent: the
    /// client takes nothing.
    pub(super) fn is_stuck(&self) -> bool {
        self.0.streams.lock().iter_mut().any(|(stream, broken)| std::mem::replace(broken, stream.is_broken()))
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

    /// Returns whether the connection ends with its next answer.
    pub(super) fn is_parting(&self) -> bool {
        self.0.parting.load(Ordering::Relaxed)
    }

    /// Lets the connection end with the answer to the last request that it may have.
    fn count(&self) {
        if let Some(most) = self.0.service.limits.max_requests_per_connection {
            let requests = self.0.requests.fetch_add(1, Ordering::Relaxed) + 1;
            self.part_if(requests >= most.get());
        }
    }

    /// Says that an answer is the last one, if it is.
    fn last_if_parting(&self, mut response: Response<Body>) -> Response<Body> {
        if self.is_parting() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Begins to answer a request. `record` is told what it cannot see.
    fn answer(&self, mut head: Parts, body: Incoming, arrived: Instant, record: Option<&mut Record>) -> Answering {
        let Shared { service, client: Client { peer, redirected, .. }, .. } = &*self.0;
        let has_body = !body.is_end_stream();
        self.count();
        head::drop_headers(&mut head.headers, service.underscores_in_headers);
        if let Err((status, text)) = head::check(&mut head, has_body, &service.limits) {
            return closing(status, text).into();
        }
        let resolved;
        let peer = match &service.proxies {
            None => peer,
            Some(proxies) => match proxies.resolve(*peer, &head.headers) {
                Err((status, text)) => return closing(status, text).into(),
                Ok(client) => {
                    resolved = client;
                    &resolved
                }
            },
        };
        let counted = record.and_then(|record| {
            record.peer = *peer;
            record.read()
        });
        if let Some(port) = redirected {
            return self.last_if_parting(redirect(&head, peer.local, *port)).into();
        }
        if !has_body {
            return self.dispatch(head, Received::default(), peer, arrived, arrived);
        }
        Answering::Body(Box::pin(self.clone().receive(head, body, *peer, arrived, counted)))
    }

    fn dispatch(&self, head: Parts, body: Received, peer: &Peer, arrived: Instant, now: Instant) -> Answering {
        let Shared { service, client, line, .. } = &*self.0;
        let head_only = head.method == Method::HEAD;
        let mut request = Request::new(head, body.bytes, *peer, arrived);
        request.form = body.form;
        request.secure = client.tls.is_some();
        request.tls.clone_from(&client.tls);
        let dispatched = service.inbox.try_dispatch(&mut line.lock(), request, now);
        match dispatched {
            Ok(pending) => {
                self.set_waiting(true);
                Answering::Worker { pending, head_only, connection: self.clone() }
            }
            Err(Overloaded(_)) => self.last_if_parting(unavailable()).into(),
        }
    }

    async fn receive(
        self,
        head: Parts,
        body: Incoming,
        peer: Peer,
        arrived: Instant,
        counted: Option<Arc<AtomicU64>>,
    ) -> Response<Body> {
        match self.0.service.read_body(&head, body, arrived, counted.as_deref()).await {
            Ok(body) => {
                self.dispatch(head, body, &peer, arrived, Instant::now()).await.unwrap_or_else(|never| match never {})
            }
            Err(error) => refuse_body(error),
        }
    }
}

impl hyper::service::Service<hyper::Request<Incoming>> for Connection {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Logged<Answering>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        let arrived = Instant::now();
        let (head, body) = request.into_parts();
        let Shared { service, client, .. } = &*self.0;
        let Some(access) = &service.access else {
            return Logged { answering: self.answer(head, body, arrived, None), record: None };
        };
        let mut record = access.begin(&head, &body.size_hint(), client.peer, arrived);
        Logged { answering: self.answer(head, body, arrived, Some(&mut record)), record: Some(record) }
    }
}

// === impl Answering ===

impl From<Response<Body>> for Answering {
    fn from(response: Response<Body>) -> Self {
        Self::Refused(Some(Box::new(response)))
    }
}

impl Future for Answering {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match &mut *self {
            Self::Worker { pending, head_only, connection } => {
                let answer = ready!(Pin::new(pending).poll(context));
                connection.set_waiting(false);
                let response = match answer {
                    Ok(answer) => response(answer, *head_only, connection),
                    Err(Unanswered::Stopping | Unanswered::Overdue) => unavailable(),
                    Err(Unanswered::WorkerLost) => {
                        plain(connection.0.service.internal_error_code, "Internal Server Error\n")
                    }
                };
                connection.last_if_parting(response)
            }
            Self::Body(receiving) => ready!(receiving.as_mut().poll(context)),
            Self::Refused(response) => return response.take().map_or(Poll::Pending, |said| Poll::Ready(Ok(*said))),
        }))
    }
}

/// The type of a form with files, if it is one.
fn multipart(head: &Parts) -> Option<&[u8]> {
    let kind = head.headers.get(CONTENT_TYPE)?.as_bytes();
    let media_type = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data").then_some(kind)
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

fn refuse_body(error: BodyError) -> Response<Body> {
    match error {
        BodyError::TooLarge => closing(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large\n"),
        BodyError::TimedOut => closing(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time\n"),
        BodyError::Malformed(error) => {
            debug!(%error, "Form is malformed");
            closing(StatusCode::BAD_REQUEST, "The form is malformed\n")
        }
        BodyError::Broken(error) => {
            debug!(%error, "Request body broke off");
            closing(StatusCode::BAD_REQUEST, "The request body is malformed\n")
        }
    }
}

fn unavailable() -> Response<Body> {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    response
}

pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn closing(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = plain(status, text);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn response(answer: Answer, head_only: bool, connection: &Connection) -> Response<Body> {
    let Answer { status, mut headers, body, length } = answer;
    let announced = match length {
        Length::Known(length) => Some(length),
        Length::Unsaid | Length::Wrong => None,
    };
    let body = match body {
        Payload::Whole(body) => body.into(),
        // Nobody reads it, which the worker sees at once.
        Payload::Stream(_) if is_bodyless(head_only, status) => Bytes::new().into(),
        Payload::Stream(source) => {
            connection.set_waiting(true);
            Content::stream(source, announced, connection.clone())
        }
    };
    if let Some(length) = announced
        && head_only
        && body.is_empty()
    {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
