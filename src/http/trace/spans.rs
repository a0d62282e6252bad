//! From what was recorded of a request to its spans, by the conventions of OpenTelemetry for HTTP.

use std::time::{Instant, SystemTime};

use http::{Method, Version, uri::Authority};

use super::{Progress, Recorded};
use crate::{
    handoff::Taken,
    trace::{Kind, Span, SpanId, Value},
};

type Attributes = Vec<(&'static str, Value)>;

/// What all spans of a request share.
struct Maker<'a> {
    recorded: &'a Recorded,
    /// One moment by both clocks.
    now: (Instant, SystemTime),
}

/// The spans of a request that is over.
pub(super) fn of(recorded: &Recorded) -> Vec<Span> {
    let progress = *recorded.progress.lock();
    let now = progress.ended.unwrap_or_else(|| (Instant::now(), SystemTime::now()));
    let maker = Maker { recorded, now };
    let mut spans = vec![maker.server(&progress)];
    if let Some(begun) = recorded.begun {
        spans.push(maker.child("connection", (begun, recorded.arrived), Vec::new(), None));
    }
    let Some((pool, dispatched)) = progress.dispatched else { return spans };
    let returned = progress.returned.unwrap_or(now.0);
    let pool = recorded.tracing.pools.get(pool).cloned().unwrap_or_default();
    let Some(Taken { at, seat }) = progress.taken else {
        spans.push(maker.child("inbox", (dispatched, returned), vec![("rr.pool", pool.into())], progress.failure));
        return spans;
    };
    // It may be taken before whoever put it there has noted so.
    let waited = (dispatched.min(at), at);
    spans.push(maker.child("inbox", waited, vec![("rr.pool", pool.clone().into())], None));
    let worker = format!("rr-php-{pool}-{seat}");
    let attributes = vec![("rr.pool", pool.into()), ("rr.worker", worker.into())];
    let worker = maker.child("php", (at, returned), attributes, progress.failure);
    spans.push(Span { id: recorded.worker, ..worker });
    if progress.streams {
        spans.push(maker.child("body", (returned, now.0), Vec::new(), ending(&progress)));
    }
    spans
}

/// How an answer has failed to reach its client, if it has.
fn ending(progress: &Progress) -> Option<&'static str> {
    if progress.broken { Some("cut_off") } else { (!progress.complete).then_some("client_left") }
}

// === impl Maker ===

impl Maker<'_> {
    fn child(
        &self,
        name: &'static str,
        (start, end): (Instant, Instant),
        mut attributes: Attributes,
        error: Option<&'static str>,
    ) -> Span {
        attributes.extend(error.map(|error| ("error.type", error.into())));
        Span {
            trace: self.recorded.trace,
            id: SpanId::random(),
            parent: Some(self.recorded.server),
            is_remote: false,
            state: self.recorded.state.clone(),
            name: name.into(),
            kind: Kind::Internal,
            start: self.at(start),
            end: self.at(end.max(start)),
            attributes,
            error: error.map(Into::into),
        }
    }

    fn server(&self, progress: &Progress) -> Span {
        let Recorded { parent, server, method, arrived, .. } = self.recorded;
        let mut attributes = self.of_request();
        let mut failure = ending(progress).map(str::to_owned);
        if let Some(status) = progress.status {
            attributes.push(("http.response.status_code", status.as_u16().into()));
            if status.is_server_error() {
                failure = Some(status.as_str().to_owned());
            }
        }
        let error = failure.as_ref().map(|_| match (progress.failure, progress.status) {
            (Some(why), _) => why.into(),
            // The code says it all.
            _ => "".into(),
        });
        attributes.extend(failure.map(|failure| ("error.type", failure.into())));
        let name = if is_known(method) { method.as_str().to_owned() } else { "HTTP".to_owned() };
        Span {
            id: *server,
            parent: *parent,
            is_remote: parent.is_some(),
            name: name.into(),
            kind: Kind::Server,
            error,
            ..self.child("", (*arrived, self.now.0), attributes, None)
        }
    }

    fn of_request(&self) -> Attributes {
        let Recorded { method, version, path, host, user_agent, peer, secure, .. } = self.recorded;
        let mut attributes: Attributes = Vec::with_capacity(12);
        if is_known(method) {
            attributes.push(("http.request.method", method.as_str().to_owned().into()));
        } else {
            attributes.push(("http.request.method", "_OTHER".into()));
            attributes.push(("http.request.method_original", method.as_str().to_owned().into()));
        }
        attributes.push(("url.scheme", if *secure { "https" } else { "http" }.into()));
        attributes.push(("url.path", path.to_string().into()));
        if let Ok(authority) = host.parse::<Authority>() {
            attributes.push(("server.address", authority.host().to_owned().into()));
            attributes.extend(authority.port_u16().map(|port| ("server.port", port.into())));
        }
        attributes.extend(user_agent.as_ref().map(|agent| ("user_agent.original", agent.to_string().into())));
        if let Some(remote) = peer.remote {
            attributes.push(("client.address", remote.ip().to_canonical().to_string().into()));
        }
        let version = match *version {
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            _ => "1.1",
        };
        attributes.push(("network.protocol.version", version.into()));
        attributes
    }

    /// A moment by the clock on the wall.
    fn at(&self, moment: Instant) -> SystemTime {
        let (steady, wall) = self.now;
        wall - steady.saturating_duration_since(moment)
    }
}

/// Whether the conventions know a method.
fn is_known(method: &Method) -> bool {
    matches!(
        *method,
        Method::CONNECT
            | Method::DELETE
            | Method::GET
            | Method::HEAD
            | Method::OPTIONS
            | Method::PATCH
            | Method::POST
            | Method::PUT
            | Method::TRACE
    )
}
