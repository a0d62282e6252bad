//! What is recorded of requests that are traced (middleware `otel`).
//!
//! A request has a span of the server, from its head to the end of its answer; in it one for the time in the inbox, one for
//! the time with its worker, and one for what is still written of an answer behind its head. PHP finds itself within that of
//! the worker, by the request's header `traceparent`.

use std::{
    io,
    sync::Arc,
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use http::{
    Extensions, Method, StatusCode, Version,
    header::{HOST, USER_AGENT},
    request::Parts,
};
use hyper::body::{Body, Frame};
use parking_lot::Mutex;

use super::{Answer, Config, Payload, body::Content, is_bodyless};
use crate::{
    handoff::{Taken, Unanswered},
    net::Peer,
    trace::{Context, Ended, Span, SpanId, TraceId, Tracer},
};

mod spans;

/// Bytes of a text of the client's that are kept: traces wait in memory.
const KEPT: usize = 1024;

/// Begins the traces of one server.
#[derive(Debug)]
pub(super) struct Tracing {
    tracer: Tracer,
    /// The names of the pools.
    pools: Vec<String>,
}

/// What is recorded of a request. Those who have a part in the request have a share.
#[derive(Debug)]
pub(super) struct Recorded {
    tracing: Arc<Tracing>,
    trace: TraceId,
    parent: Option<SpanId>,
    state: Option<String>,
    /// The span of the server.
    server: SpanId,
    /// The span of the worker, which PHP is told.
    worker: SpanId,
    method: Method,
    version: Version,
    path: Box<str>,
    /// What the client calls this server.
    host: Box<str>,
    user_agent: Option<Box<str>>,
    /// The client, once proxies were looked through.
    peer: Peer,
    secure: bool,
    /// When its connection began, if it is the first one of that.
    begun: Option<Instant>,
    arrived: Instant,
    progress: Mutex<Progress>,
}

/// How far a request has come. Its steps are all taken on the thread of its connection.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Number of the pool in whose inbox it was put, and when.
    dispatched: Option<(usize, Instant)>,
    taken: Option<Taken>,
    /// When the answer of the worker had come, or it was clear that none would.
    returned: Option<Instant>,
    /// Why there was none.
    failure: Option<&'static str>,
    /// Whether the worker, or a file, has more to say than the head.
    streams: bool,
    status: Option<StatusCode>,
    /// Whether all of the answer was fetched for the client.
    complete: bool,
    /// Whether the answer has broken off on our side.
    broken: bool,
    /// When all was over, by both clocks.
    ended: Option<(Instant, SystemTime)>,
}

/// Held until the answer to a request has ended.
#[derive(Debug)]
pub(super) struct Recording(Arc<Recorded>);

/// The trace that a request is recorded in, by its extensions; none if it is not recorded.
pub fn trace_id(extensions: &Extensions) -> Option<TraceId> {
    extensions.get::<Arc<Recorded>>().map(|recorded| recorded.trace)
}

// === impl Tracing ===

impl Tracing {
    pub(super) fn new(tracer: &Tracer, config: &Config) -> Arc<Self> {
        Arc::new(Self { tracer: tracer.clone(), pools: config.pools().map(|(name, _)| name.to_owned()).collect() })
    }

    /// A request has `arrived`. Says to PHP where in which trace it is; records it if it is to be.
    pub(super) fn begin(
        self: &Arc<Self>,
        head: &mut Parts,
        peer: Peer,
        secure: bool,
        arrived: Instant,
        begun: Option<Instant>,
    ) -> Option<Recording> {
        let parent = Context::receive(&mut head.headers);
        if parent.is_none() && self.tracer.samples_none() {
            return None;
        }
        let trace = parent.map_or_else(TraceId::random, |parent| parent.trace);
        let sampled = parent.map_or_else(|| self.tracer.samples(trace), |parent| parent.sampled);
        if !sampled && parent.is_some() {
            // What the client has decided holds, and goes on as it is.
            return None;
        }
        let worker = SpanId::random();
        Context { trace, span: worker, sampled }.send(&mut head.headers);
        if !sampled {
            return None;
        }
        let recorded = Arc::new(Recorded {
            tracing: Arc::clone(self),
            trace,
            parent: parent.map(|parent| parent.span),
            state: parent.and_then(|_| Context::state(&head.headers)).filter(|state| state.len() <= KEPT),
            server: SpanId::random(),
            worker,
            method: head.method.clone(),
            version: head.version,
            path: shortened(head.uri.path()),
            host: host(head),
            user_agent: head.headers.get(USER_AGENT).map(|agent| text(agent.as_bytes())),
            peer,
            secure,
            begun,
            arrived,
            progress: Mutex::default(),
        });
        head.extensions.insert(Arc::clone(&recorded));
        Some(Recording(recorded))
    }
}

fn host(head: &Parts) -> Box<str> {
    match (head.uri.authority(), head.headers.get(HOST)) {
        (Some(authority), _) => shortened(authority.as_str()),
        (None, Some(host)) => text(host.as_bytes()),
        (None, None) => Box::default(),
    }
}

fn text(bytes: &[u8]) -> Box<str> {
    shortened(&String::from_utf8_lossy(&bytes[..bytes.len().min(KEPT)]))
}

fn shortened(text: &str) -> Box<str> {
    text[..text.floor_char_boundary(KEPT)].into()
}

// === impl Recorded ===

impl Recorded {
    /// What is recorded of a request, if it is.
    pub(super) fn of(extensions: &Extensions) -> Option<Arc<Self>> {
        extensions.get::<Arc<Self>>().cloned()
    }

    /// It waits in the inbox of a pool.
    pub(super) fn dispatched(&self, pool: usize) {
        let mut progress = self.progress.lock();
        // A layer may ask a second time.
        *progress = Progress { dispatched: Some((pool, Instant::now())), ..Progress::default() };
    }

    /// The answer has come, or word that there is none.
    pub(super) fn returned(&self, taken: Option<Taken>, answer: &Result<Answer, Unanswered>) {
        let mut progress = self.progress.lock();
        progress.taken = taken;
        progress.returned = Some(Instant::now());
        match answer {
            Ok(answer) => progress.streams = !matches!(answer.body, Payload::Whole(_)),
            Err(unanswered) => {
                progress.failure = Some(match unanswered {
                    Unanswered::WorkerLost => "worker_lost",
                    Unanswered::Stopping => "stopping",
                    Unanswered::Overdue => "overdue",
                    Unanswered::TimedOut => "timed_out",
                });
            }
        }
    }

    /// Nobody waits for the answer any more.
    pub(super) fn given_up(&self, taken: Option<Taken>) {
        let mut progress = self.progress.lock();
        progress.taken = taken;
        progress.returned = Some(Instant::now());
        progress.failure = Some("given_up");
    }
}

impl Ended for Recorded {
    fn spans(&self) -> Vec<Span> {
        spans::of(self)
    }
}

// === impl Recording ===

impl Recording {
    /// There is an answer with this body.
    pub(super) fn answered(&self, status: StatusCode, body: &Content) {
        let nothing = is_bodyless(self.0.method == Method::HEAD, status) || is_over(body);
        let mut progress = self.0.progress.lock();
        progress.status = Some(status);
        progress.complete = nothing;
        progress.streams &= !nothing;
    }

    /// A piece of the answer was fetched for the client, which leaves `rest`.
    pub(super) fn passed(&self, piece: Option<&io::Result<Frame<Bytes>>>, rest: &Content) {
        match piece {
            Some(Err(_)) => self.0.progress.lock().broken = true,
            Some(Ok(_)) if !is_over(rest) => {}
            Some(Ok(_)) | None => self.0.progress.lock().complete = true,
        }
    }
}

/// Whether a body has no more. One of a known length is not asked again once it has all been fetched.
fn is_over(body: &Content) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.0.progress.lock().ended = Some((Instant::now(), SystemTime::now()));
        self.0.tracing.tracer.end(Arc::clone(&self.0) as Arc<dyn Ended>);
    }
}
