//! A request on its way to a worker, and what its response means for the store.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, SET_COOKIE},
    response::Parts,
};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use super::{
    Cache, answer,
    clock::Moment,
    flight::Lead,
    key::Key,
    object::{Facts, Object},
    status::Status,
    store::Mark,
    storing::{Asking, facts, is_about, refreshed},
    tee::Tee,
};
use crate::http::{
    body::Content,
    layer::{Next, Request, Response, refused},
};

/// A request on its way to a worker.
pub(super) struct Errand {
    cache: Arc<Cache>,
    key: Key,
    /// Why it goes there, for `Cache-Status`.
    why: &'static str,
    /// What is stored, but does not do as it is.
    pub(super) stored: Option<Arc<Object>>,
    /// Whether the response may be stored.
    pub(super) storing: bool,
    /// For those who wait for the same response.
    pub(super) lead: Option<Lead>,
    /// Whether what is stored is used meanwhile.
    pub(super) meanwhile: bool,
}

/// What was known when the worker was asked.
struct Begun {
    /// The headers that the client has sent.
    client: HeaderMap,
    at: Moment,
    mark: Mark,
    /// Whether the client's conditions were kept from the worker.
    whole: bool,
}

// === impl Errand ===

impl Errand {
    pub(super) fn new(cache: &Arc<Cache>, key: &Key, why: &'static str) -> Self {
        Self {
            cache: Arc::clone(cache),
            key: key.clone(),
            why,
            stored: None,
            storing: true,
            lead: None,
            meanwhile: false,
        }
    }

    /// Asks a worker, and answers the client.
    pub(super) async fn run(self, mut request: Request, next: &Next) -> Response {
        let mut begun = Begun {
            client: request.headers().clone(),
            at: self.cache.config.clock.now(),
            mark: self.cache.store.mark(),
            whole: self.lead.is_some(),
        };
        let checking = self.stored.clone().filter(|object| answer::ask_about(object, request.headers_mut()));
        if checking.is_some() {
            begun.whole = true;
        } else if begun.whole {
            answer::ask_for_all(request.headers_mut());
        }
        let response = next.handle(request).await;
        let now = self.cache.config.clock.now();
        if response.status() == StatusCode::NOT_MODIFIED
            && let Some(object) = checking
        {
            return self.confirmed(&object, response.headers(), &begun, now);
        }
        if matches!(response.status().as_u16(), 500 | 502..=504)
            && let Some(object) = self.stored.as_ref().filter(|object| object.stands_in(now))
        {
            self.cache.store.pass(&self.key, now.steady.as_secs());
            let detail = Some("stale-if-error");
            let status = Status { worker: Some(response.status()), detail, ..Status::forwarded(self.why) };
            return self.by_object(object, &begun, now, status);
        }
        self.answered(response, &begun, now)
    }

    /// Asks a worker although nobody waits for the answer.
    pub(super) async fn run_to_end(self, request: Request, next: &Next) {
        let most = self.cache.config.max_object_size;
        let mut content = self.run(request, next).await.into_body();
        let mut length = 0;
        // What is not kept, or kept already, is in no need of being read.
        while let (Content::Layered(_), true) = (&content, length <= most) {
            match content.frame().await {
                Some(Ok(frame)) => length += frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) | None => return,
            }
        }
    }

    /// The worker says that what is stored is good still.
    fn confirmed(&self, object: &Arc<Object>, update: &HeaderMap, begun: &Begun, now: Moment) -> Response {
        let Cache { config, store, .. } = &*self.cache;
        let mut status = Status { worker: Some(StatusCode::NOT_MODIFIED), ..Status::forwarded(self.why) };
        if !is_about(object, update) {
            store.remove(object);
            let mut response = refused(StatusCode::BAD_GATEWAY, "Bad Gateway\n");
            status.detail = Some("wrong-validator");
            self.cache.show(&mut response, &status);
            return response;
        }
        let asking = Asking { headers: &begun.client, at: begun.at };
        let facts = refreshed(config, &asking, object, update, now);
        let kept = facts.is_some();
        // Even if it is not to be stored any more, it is the answer to this request.
        let facts = facts.unwrap_or_else(|| Facts { initial_age: Duration::ZERO, ..object.facts.clone() });
        let newer = Arc::new(Object::new(self.key.clone(), facts, object.body.clone(), now));
        if self.storing {
            if kept {
                status.stored = store.renew(Arc::clone(&newer), object, begun.mark);
            } else {
                store.remove(object);
            }
            self.settle(&newer.facts, status.stored, now);
        }
        let mut response = self.by_object(&newer, begun, now, status);
        for cookie in update.get_all(SET_COOKIE) {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response
    }

    fn by_object(&self, object: &Object, begun: &Begun, now: Moment, mut status: Status) -> Response {
        let mut response = answer::answer(object, &begun.client, false, now, &self.cache.config);
        status.time_to_live = Some(object.time_to_live(now));
        self.cache.show(&mut response, &status);
        response
    }

    /// If others would have to ask a worker all the same, they need not wait for each other.
    fn settle(&self, facts: &Facts, stored: bool, now: Moment) {
        if !stored || facts.rules.no_cache || facts.lifetime <= facts.initial_age {
            self.cache.store.pass(&self.key, now.steady.as_secs());
        }
    }

    /// The worker has answered anew.
    fn answered(mut self, response: Response, begun: &Begun, now: Moment) -> Response {
        let (head, content) = response.into_parts();
        if !self.storing || head.status.is_server_error() {
            // It says nothing of what is stored.
            self.stored = None;
        }
        let Cache { config, store, .. } = &*self.cache;
        let asking = Asking { headers: &begun.client, at: begun.at };
        let events =
            head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let most = config.max_object_size as u64;
        let fits = content.size_hint().lower() <= most && !events;
        let wanted = self.storing && fits;
        let facts = if wanted { facts(config, &asking, head.status, &head.headers, now) } else { None };
        let mut status = Status::forwarded(self.why);
        let Some(facts) = facts else {
            self.forget();
            store.pass(&self.key, now.steady.as_secs());
            return self.cache.deliver(head, content, begun, status, now);
        };
        let whole = match content {
            Content::Whole(whole) => whole,
            content => {
                status.stored = true;
                if !self.meanwhile {
                    // Who comes now is not to have it, however the new one goes.
                    self.forget();
                }
                let cache = Arc::clone(&self.cache);
                let mark = begun.mark;
                let kept = Tee::new(content, config.max_object_size, move |whole| self.passed(facts, whole, mark, now));
                return cache.deliver(head, Content::layered(kept), begun, status, now);
            }
        };
        status.stored = self.keep(facts, whole.clone(), begun.mark, now);
        self.cache.deliver(head, Content::Whole(whole), begun, status, now)
    }

    /// A body has passed, or turned out not to be one to keep.
    fn passed(self, facts: Facts, whole: Option<Bytes>, mark: Mark, now: Moment) {
        if let Some(whole) = whole {
            self.keep(facts, whole, mark, now);
        } else {
            self.forget();
            self.cache.store.pass(&self.key, now.steady.as_secs());
        }
    }

    /// Removes what is stored: it is no longer true.
    fn forget(&self) {
        if let Some(old) = &self.stored {
            self.cache.store.remove(old);
        }
    }

    fn keep(&self, facts: Facts, body: Bytes, mark: Mark, now: Moment) -> bool {
        let object = Arc::new(Object::new(self.key.clone(), facts, body, now));
        let stored = self.cache.store.insert(Arc::clone(&object), self.stored.as_ref(), mark);
        self.settle(&object.facts, stored, now);
        stored
    }
}

// === impl Cache ===

impl Cache {
    /// The response to the client, which may have it already.
    fn deliver(&self, head: Parts, content: Content, begun: &Begun, status: Status, now: Moment) -> Response {
        let has_it = begun.whole && head.status == StatusCode::OK && matches!(content, Content::Whole(_));
        let has_it = has_it && answer::is_conditional(&begun.client);
        let unchanged = if has_it { answer::unchanged(&head.headers, &begun.client, now.wall) } else { None };
        let mut response = unchanged.unwrap_or_else(|| Response::from_parts(head, content));
        self.show(&mut response, &status);
        response
    }
}
