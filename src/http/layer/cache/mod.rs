//! Middleware `cache`: a shared cache in memory (RFC 9111).
//!
//! The parts that decide know nothing of connections: [`storing`] says what is stored, [`reuse`] what a stored response is
//! to a request, [`answer`] makes a response of it; [`store`] holds them. [`errand`] asks workers.

mod answer;
mod clock;
mod config;
mod control;
mod errand;
mod flight;
mod key;
mod object;
mod purge;
mod reuse;
mod status;
mod store;
mod storing;
mod tee;

use std::sync::Arc;

use http::{
    Method, StatusCode,
    header::{CONTENT_LOCATION, LOCATION, RANGE},
};
use hyper::body::Body as _;

pub use self::{
    clock::Clock,
    purge::{Caches, Unpurgeable},
};
pub(super) use self::{config::Config, store::Store};
use self::{
    control::Asked,
    errand::Errand,
    flight::{Flights, Joined, Patience},
    key::Key,
    object::Object,
    reuse::{Use, Why, judge},
    status::Status,
    store::Found,
};
use super::{Answer, Around, Middleware, Next, Request, Response, refused};
use crate::http::trace::Recorded;

/// The middleware.
#[derive(Debug)]
pub(in crate::http::layer) struct Cache {
    config: Config,
    store: Arc<Store>,
    flights: Arc<Flights>,
}

// === impl Config ===

impl Config {
    /// The store of a server.
    pub(super) fn store(&self) -> Arc<Store> {
        let store = Arc::new(Store::new(self.max_size()));
        purge::register(&store);
        store
    }

    /// The middleware that does as is set here.
    pub(super) fn middleware(&self, store: &Arc<Store>) -> Cache {
        Cache { config: self.clone(), store: Arc::clone(store), flights: Arc::default() }
    }
}

// === impl Cache ===

impl Middleware for Cache {
    fn answer(self: Arc<Self>, request: Request, next: Next) -> Answer {
        let Some(around) = request.extensions().get::<Around>() else { return next.handle(request) };
        let (peer, secure) = (around.peer, around.connection.is_secure());
        let (head, body) = request.into_parts();
        let key = Key::of(&head, secure);
        let request = Request::from_parts(head, body);
        match *request.method() {
            Method::GET | Method::HEAD if request.body().is_end_stream() => Box::pin(self.look_up(key, request, next)),
            // What a body means to a GET is the application's affair.
            Method::GET | Method::HEAD => self.pass(request, &next, "bypass"),
            Method::OPTIONS | Method::TRACE => self.pass(request, &next, "method"),
            ref method if method.as_str() == "PURGE" && !self.config.purge_from.is_empty() => {
                let response = purge::purge(&self.config, &self.store, &key, request.headers(), peer);
                Box::pin(async move { response })
            }
            _ => Box::pin(self.change(key, request, next)),
        }
    }
}

impl Cache {
    /// Passes a request on, and its response as it is.
    fn pass(self: Arc<Self>, request: Request, next: &Next, why: &'static str) -> Answer {
        let answering = next.handle(request);
        Box::pin(async move {
            let mut response = answering.await;
            self.show(&mut response, &Status::forwarded(why));
            response
        })
    }

    /// Passes on a request that may change things: what is stored of its target is no longer true (RFC 9111 section 4.4).
    async fn change(self: Arc<Self>, key: Key, request: Request, next: Next) -> Response {
        let mut response = next.handle(request).await;
        if response.status().as_u16() < 400 {
            self.store.remove_key(&key);
            for name in [LOCATION, CONTENT_LOCATION] {
                let other = response.headers().get(name).and_then(|value| value.to_str().ok());
                if let Some(other) = other.and_then(|reference| key.refers_to(reference)) {
                    self.store.remove_key(&other);
                }
            }
        }
        self.show(&mut response, &Status::forwarded("method"));
        response
    }

    /// Answers from the store, or by a worker.
    async fn look_up(self: Arc<Self>, key: Key, request: Request, next: Next) -> Response {
        let asked = if self.config.client_control { Asked::of(request.headers()) } else { Asked::default() };
        let whole = *request.method() == Method::GET;
        let plain = whole && !request.headers().contains_key(RANGE);
        if answer::is_special(request.headers()) {
            return self.pass(request, &next, "request").await;
        }
        let patience = Patience::new(self.config.wait);
        let mut collapsed = false;
        loop {
            let now = self.config.clock.now();
            let (mut why, mut stored, mut variant) = ("uri-miss", None, Vec::new());
            let mut alone = asked.no_store || self.store.passes(&key, now.steady.as_secs());
            match self.store.find(&key, request.headers()) {
                Found::Object(object) => {
                    match judge(&object, &asked, now) {
                        Use::Answer => return self.by_store(&object, &request, collapsed),
                        Use::Meanwhile => return self.meanwhile(&object, &key, request, next),
                        Use::Check(Why::Stale) => why = "stale",
                        Use::Check(Why::Client) => (why, alone) = ("request", true),
                    }
                    variant = object.facts.selection.as_bytes();
                    stored = Some(object);
                }
                Found::Others(other) => {
                    why = "vary-miss";
                    variant = other.facts.selection.with(request.headers()).as_bytes();
                }
                Found::Nothing => {}
            }
            if asked.only_if_cached {
                let mut response = refused(StatusCode::GATEWAY_TIMEOUT, "Gateway Timeout\n");
                self.show(&mut response, &Status { detail: Some("only-if-cached"), ..Status::forwarded(why) });
                return response;
            }
            if !plain {
                return self.pass(request, &next, if whole { "partial" } else { why }).await;
            }
            let mut errand = Errand::new(&self, &key, why);
            errand.stored = stored;
            errand.storing = !asked.no_store;
            if alone {
                return errand.run(request, &next).await;
            }
            match self.flights.join(&key, variant) {
                Joined::Lead(lead) => {
                    // One who asked before may have come back since it was looked up here.
                    if self.store.has_other(&key, request.headers(), errand.stored.as_ref()) {
                        collapsed = true;
                        continue;
                    }
                    errand.lead = Some(lead);
                }
                Joined::Wait(flight) => {
                    if flight.wait(patience).await {
                        collapsed = true;
                        continue;
                    }
                }
            }
            return errand.run(request, &next).await;
        }
    }

    /// Answers by a stale response, while a newer one is asked for.
    fn meanwhile(self: &Arc<Self>, object: &Arc<Object>, key: &Key, mut request: Request, next: Next) -> Response {
        let response = self.by_store(object, &request, false);
        let Some(renewal) = object.renew() else { return response };
        let mut errand = Errand::new(self, key, "stale");
        errand.stored = Some(Arc::clone(object));
        errand.meanwhile = true;
        // Nobody waits for it, so it has a way of its own to the workers, and to its end.
        let Some(around) = request.extensions_mut().get_mut::<Around>() else { return response };
        around.detach();
        // The trace is that of the client's request.
        request.extensions_mut().remove::<Arc<Recorded>>();
        *request.method_mut() = Method::GET;
        tokio::spawn(async move {
            errand.run_to_end(request, &next).await;
            drop(renewal);
        });
        response
    }

    fn by_store(&self, object: &Object, request: &Request, collapsed: bool) -> Response {
        let now = self.config.clock.now();
        let head_only = *request.method() == Method::HEAD;
        let mut response = answer::answer(object, request.headers(), head_only, now, &self.config);
        let status = Status {
            forwarded: collapsed.then_some("uri-miss"),
            collapsed,
            time_to_live: Some(object.time_to_live(now)),
            ..Status::default()
        };
        self.show(&mut response, &status);
        response
    }

    /// Makes a response ready for a client.
    fn show(&self, response: &mut Response, status: &Status) {
        if !self.config.keep_tags {
            response.headers_mut().remove(&self.config.tag_header);
        }
        if self.config.status {
            status.add(response.headers_mut());
        }
    }
}
