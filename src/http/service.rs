//! Turns one HTTP request into an envelope, and what comes back into a response.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, Version, header::CONNECTION, request::Parts};
use hyper::body::{Body as _, Incoming};
use parking_lot::Mutex;

use super::{
    Config, DecodeConfig, Development, Hints, Http2, Inbound, Inbox, Limits, Line, Proxies, Request, Traffic,
    access::{Access, Body, Logged, Record},
    answering::{Answering, closing, unavailable},
    body::Watched,
    decode::Decoded,
    head,
    layer::{Around, Chain, ToPool},
    patience::Patience,
    receive::{Arriving, Bodies, Received, refuse_body, refuse_coding},
    redirect::redirect,
    trace::{Recorded, Recording, Tracing},
    traced::Awaited,
    ways::{Client, Ways},
};
use crate::{
    handoff::Overloaded,
    net::{Address, Peer},
    tls::Acceptor,
    trace::Tracer,
};

/// What a client reads that was too slow with the head of its request.
pub(super) const TOO_SLOW: &str = "The request did not arrive in time\n";

/// Answers the requests of all connections of one server.
#[derive(Debug)]
pub struct Service {
    /// Where requests wait for a worker, by number of the pool.
    inboxes: Vec<Arc<Inbox>>,
    bodies: Bodies,
    decode: DecodeConfig,
    internal_error_code: StatusCode,
    pub(super) limits: Limits,
    pub(super) http2: Http2,
    pub(super) patience: Patience,
    /// The access log, if there is one.
    access: Option<Arc<Access>>,
    /// The proxies to look through, if any are.
    proxies: Option<Proxies>,
    underscores_in_headers: bool,
    /// The middleware.
    chain: Chain,
    /// What pages listen to that reload themselves, if they do.
    development: Option<Development>,
    /// What records requests that are traced, if any are.
    tracing: Option<Arc<Tracing>>,
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
    /// What workers have for the client before they answer.
    hints: Hints,
    /// Whether the next answer is the last one. Of the connection's task alone.
    parting: AtomicBool,
    /// Requests so far, if they are bounded.
    requests: AtomicU32,
    /// Whether nothing more comes over it.
    ended: AtomicBool,
    /// When the client connected.
    begun: Instant,
    /// Whether it has sent no request yet, as far as anything is traced. Of the connection's task alone.
    fresh: AtomicBool,
}

// === impl Service ===

impl Service {
    /// Creates the service that fills `inboxes`, one of each pool of `config`. `addresses` are the true ones of the
    /// listeners of `config`, and `tls` takes the connections of those that speak it. In `development` pages reload
    /// themselves. What is traced goes to `tracer`; none: nothing is.
    pub fn new(
        inboxes: Vec<Arc<Inbox>>,
        config: &Config,
        addresses: &[Address],
        tls: Option<&Arc<Acceptor>>,
        development: Option<&Development>,
        tracer: Option<&Tracer>,
    ) -> Self {
        for (number, (inbox, (_, pool))) in inboxes.iter().zip(config.pools()).enumerate() {
            let own = pool.allocate_timeout.filter(|_| number > 0);
            inbox.set_patience(own.or(config.limits.queue_timeout));
        }
        Self {
            inboxes,
            bodies: Bodies::new(config),
            decode: config.decode,
            internal_error_code: config.internal_error_code,
            patience: Patience::new(&config.limits),
            limits: config.limits.clone(),
            http2: config.http2,
            access: Access::of(&config.access_log),
            proxies: config.proxy_ip_parser.then(|| config.proxies.clone()),
            underscores_in_headers: config.underscores_in_headers,
            chain: Chain::new(&config.layers, development),
            development: development.cloned(),
            tracing: tracer.map(|tracer| Tracing::new(tracer, config)),
            ways: Ways::new(config, addresses, tls),
        }
    }

    /// What middleware `http_metrics` counts, if it is on.
    pub fn traffic(&self) -> Option<&Arc<Traffic>> {
        self.chain.traffic.as_ref()
    }

    /// Whether workers read bodies while they arrive.
    pub(super) fn streams_bodies(&self) -> bool {
        self.bodies.are_streamed()
    }

    /// To be called at each look at a connection: a request in the queue has one that is looked at.
    pub(super) fn look(&self) {
        self.inboxes.iter().for_each(|inbox| inbox.refuse_overdue());
    }
}

// === impl Connection ===

impl Connection {
    /// A connection that `client` began at `begun`.
    pub(super) fn new(service: Arc<Service>, client: Client, line: Line, begun: Instant) -> Self {
        Self(Arc::new(Shared {
            service,
            client,
            line: Mutex::new(line),
            waiting: AtomicBool::new(false),
            streams: Mutex::default(),
            hints: Hints::default(),
            parting: AtomicBool::new(false),
            requests: AtomicU32::new(0),
            ended: AtomicBool::new(false),
            begun,
            fresh: AtomicBool::new(true),
        }))
    }

    /// A connection of its own for a request that nobody waits for: it has the same client, and another way to the workers.
    pub(super) fn detached(&self) -> Self {
        let Shared { service, client, line, .. } = &*self.0;
        Self::new(Arc::clone(service), client.clone(), line.lock().another(), Instant::now())
    }

    /// Whether it is encrypted.
    pub(super) fn is_secure(&self) -> bool {
        self.0.client.tls.is_some()
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

    /// What workers have for the client before they answer.
    pub(super) fn hints(&self) -> &Hints {
        &self.0.hints
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

    /// When it began, if this is its first request. To be asked for each one.
    fn takes_first(&self) -> Option<Instant> {
        let first = self.0.fresh.load(Ordering::Relaxed);
        if first {
            self.0.fresh.store(false, Ordering::Relaxed);
        }
        first.then_some(self.0.begun)
    }

    /// Nothing more comes over the connection. To be said before any other task of it has a turn.
    pub(super) fn end(&self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }

    /// Returns whether nothing more comes over the connection.
    pub(super) fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Relaxed)
    }

    /// How bodies are read.
    pub(super) fn bodies(&self) -> &Bodies {
        &self.0.service.bodies
    }

    /// The status of a request whose worker has failed.
    pub(super) fn internal_error_code(&self) -> StatusCode {
        self.0.service.internal_error_code
    }

    /// Says that an answer is the last one, if it is.
    pub(super) fn tell_if_parting(&self, response: &mut Response<Body>) {
        if self.is_parting() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    /// The same for one that is made here.
    fn last_if_parting(&self, mut response: Response<Body>) -> Response<Body> {
        self.tell_if_parting(&mut response);
        response
    }

    /// Begins to answer a request that has just arrived.
    pub(super) fn begin(&self, request: hyper::Request<Incoming>, arrived: Instant) -> Logged<Answering> {
        let (head, body) = request.into_parts();
        let Shared { service, client, .. } = &*self.0;
        let mut trace = None;
        let Some(access) = &service.access else {
            let answering = self.answer(head, body, arrived, None, &mut trace);
            return Logged { answering, record: None, trace };
        };
        let mut record = access.begin(&head, &body.size_hint(), client.peer, arrived);
        let answering = self.answer(head, body, arrived, Some(&mut record), &mut trace);
        Logged { answering, record: Some(record), trace }
    }

    /// What [`Connection::begin`] does with it. `record` is told what it cannot see; `trace` is set if the request is recorded.
    fn answer(
        &self,
        mut head: Parts,
        body: Incoming,
        arrived: Instant,
        record: Option<&mut Record>,
        trace: &mut Option<Recording>,
    ) -> Answering {
        let Shared { service, client: Client { peer, redirected, files, .. }, .. } = &*self.0;
        let has_body = !body.is_end_stream();
        self.count();
        let begun = service.tracing.as_ref().and_then(|_| self.takes_first());
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
        if files.is_none()
            && let Some(response) = service.development.as_ref().and_then(|development| development.answer(&head, self))
        {
            return self.last_if_parting(response).into();
        }
        let layers = files.as_ref().or_else(|| {
            let way = service.chain.of(&head);
            if way.pool > 0 {
                head.extensions.insert(ToPool(way.pool));
            }
            if way.traced
                && let Some(tracing) = &service.tracing
            {
                *trace = tracing.begin(&mut head, *peer, self.is_secure(), arrived, begun);
            }
            way.layers.as_ref()
        });
        if let Some(layers) = layers {
            let around = Around { peer: *peer, arrived, counted, connection: self.clone() };
            let (answering, connection) = (layers.begin(head, body, around), self.clone());
            return Answering::Body(Box::pin(async move { connection.last_if_parting(answering.await) }));
        }
        if !has_body {
            return self.dispatch(head, Received::default(), peer, arrived, arrived);
        }
        self.enter(head, body, *peer, arrived, counted)
    }

    /// Whether it is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.0.client.tls.is_some()
    }

    /// Lets a request in to the workers.
    pub(super) fn enter(
        &self,
        mut head: Parts,
        body: Inbound,
        peer: Peer,
        arrived: Instant,
        counted: Option<Arc<AtomicU64>>,
    ) -> Answering {
        if body.is_end_stream() {
            return self.dispatch(head, Received::default(), &peer, arrived, arrived);
        }
        let Service { bodies, decode, .. } = &*self.0.service;
        let body = match Decoded::new(&mut head.headers, body, decode, bodies.max_bytes()) {
            Ok(body) => body,
            Err(refused) => return refuse_coding(refused).into(),
        };
        let body = Arriving::new(&head, body, bodies, self.clone(), arrived, counted);
        Answering::Body(Box::pin(self.clone().receive(head, body, peer, arrived)))
    }

    fn dispatch(&self, head: Parts, body: Received, peer: &Peer, arrived: Instant, now: Instant) -> Answering {
        let Shared { service, client, line, hints, .. } = &*self.0;
        let head_only = head.method == Method::HEAD;
        // A client of HTTP/1.0 knows no interim answers.
        let takes_hints = head.version == Version::HTTP_11;
        let mut request = Request::new(head, Bytes::new(), *peer, arrived);
        request.take(body);
        if let Some(id) = request.head.extensions.remove() {
            request.id = id;
        }
        request.secure = client.tls.is_some();
        request.tls.clone_from(&client.tls);
        request.hints = takes_hints.then(|| hints.clone());
        let number = match &*service.inboxes {
            [_] => 0,
            _ => request.head.extensions.remove().map_or(0, |ToPool(pool)| pool),
        };
        let trace = service.tracing.as_ref().and_then(|_| Recorded::of(&request.head.extensions));
        let dispatched = service.inboxes[number].try_dispatch(&mut line.lock(), request, now);
        match dispatched {
            Ok(pending) => {
                self.set_waiting(true);
                let pending = Awaited::new(pending, trace, number);
                Answering::Worker { pending, head_only, connection: self.clone(), held: None }
            }
            Err(Overloaded(_)) => self.last_if_parting(unavailable()).into(),
        }
    }

    async fn receive(self, head: Parts, body: Arriving, peer: Peer, arrived: Instant) -> Response<Body> {
        match self.bodies().receive(&head, body, &self).await {
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
        self.begin(request, Instant::now())
    }
}
