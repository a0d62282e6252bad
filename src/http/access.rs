//! The access log: an entry for each request, once its answer has been written or its client has gone.

mod config;
mod line;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    convert::Infallible,
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode, Uri, Version,
    header::{HOST, REFERER, USER_AGENT},
    request::Parts,
};
use hyper::body::{Frame, SizeHint};
use tracing::{Level, event_enabled, info};

pub use self::config::{Config, Format};
use self::line::line;
use super::{body::Content, trace::Recording};
use crate::{
    log::{ACCESS, Layout, Moment},
    net::Peer,
};

/// Status of a request whose client left before its answer, as nginx has it.
const LEFT: u16 = 499;

/// How RoadRunner writes its `time_local`.
static LOCAL: LazyLock<Layout> = LazyLock::new(|| Layout::parse("02/Jan/06:15:04:05 -0700"));
/// How Apache and nginx write theirs.
static COMMON: LazyLock<Layout> = LazyLock::new(|| Layout::parse("02/Jan/2006:15:04:05 -0700"));

/// Makes entries of requests.
#[derive(Debug)]
pub(super) struct Access {
    format: Format,
    /// Share of the requests that have an entry, out of `u64::MAX`.
    sample: u64,
    /// Requests that might have had one.
    requests: AtomicU64,
}

/// What is known of a request. Dropping it makes the entry.
#[derive(Debug)]
pub(super) struct Record {
    access: Arc<Access>,
    start: Instant,
    /// The client, once proxies were looked through.
    pub(super) peer: Peer,
    /// `None` if it could not be read.
    request: Option<Line>,
    host: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    referer: Option<HeaderValue>,
    /// Length of the body, if it was announced.
    announced: Option<u64>,
    /// Bytes of the body that were read, if there is one.
    read: Option<Arc<AtomicU64>>,
    /// Status of the answer; `None` if there was none.
    status: Option<StatusCode>,
    /// Bytes of the answer's body that were written.
    written: u64,
}

/// A request line.
#[derive(Debug)]
struct Line {
    method: Method,
    uri: Uri,
    version: Version,
}

/// The body of an answer, whose end makes the entry.
#[derive(Debug)]
pub(super) struct Body {
    content: Content,
    record: Option<Box<Record>>,
    /// What is recorded of the request until then, if it is.
    trace: Option<Recording>,
}

/// An answer whose request has an entry, if there is a record.
pub(super) struct Logged<F> {
    pub(super) answering: F,
    pub(super) record: Option<Box<Record>>,
    /// What is recorded of the request, if it is.
    pub(super) trace: Option<Recording>,
}

// === impl Access ===

impl Access {
    /// `None` if nothing would be written.
    pub(super) fn of(config: &Config) -> Option<Arc<Self>> {
        let wanted = if config.enabled {
            event_enabled!(target: ACCESS, Level::INFO).then_some(config.format)
        } else {
            event_enabled!(target: ACCESS, Level::DEBUG).then_some(Format::Short)
        };
        wanted.map(|format| Arc::new(Self { format, sample: config.sample, requests: AtomicU64::new(0) }))
    }

    /// Takes what an entry needs of a request.
    #[cold]
    pub(super) fn begin(self: &Arc<Self>, head: &Parts, body: &SizeHint, peer: Peer, start: Instant) -> Box<Record> {
        let header = |name| if self.format == Format::Short { None } else { head.headers.get(name).cloned() };
        Box::new(Record {
            access: Arc::clone(self),
            start,
            peer,
            request: Some(Line { method: head.method.clone(), uri: head.uri.clone(), version: head.version }),
            host: header(HOST),
            user_agent: header(USER_AGENT),
            referer: header(REFERER),
            announced: body.exact(),
            read: (body.exact() != Some(0)).then(Arc::default),
            status: None,
            written: 0,
        })
    }

    /// Makes the entry of a request that was refused before it could be read.
    #[cold]
    pub(super) fn refused(self: &Arc<Self>, peer: Peer, status: StatusCode) {
        drop(Record {
            access: Arc::clone(self),
            start: Instant::now(),
            peer,
            request: None,
            host: None,
            user_agent: None,
            referer: None,
            announced: Some(0),
            read: None,
            status: Some(status),
            written: 0,
        });
    }

    /// Whether the next request is one of the sample. Neighbours are chosen independently of each other, so that a client
    /// that comes in turns is seen as often as others.
    fn chooses(&self) -> bool {
        self.sample == u64::MAX || mixed(self.requests.fetch_add(1, Ordering::Relaxed)) < self.sample
    }
}

/// A number for each number, spread over all of them (the finaliser of `SplitMix64`).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

// === impl Record ===

impl Record {
    /// Counts the bytes of the body that are read.
    pub(super) fn read(&self) -> Option<Arc<AtomicU64>> {
        self.read.clone()
    }

    fn write(&self) {
        let status = self.status.map_or(LEFT, |status| status.as_u16());
        if status < 500 && !self.access.chooses() {
            return;
        }
        let elapsed = self.start.elapsed();
        let now = SystemTime::now();
        let nanoseconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let start = nanoseconds(now - elapsed);
        let elapsed = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let read_bytes = self.read.as_ref().map_or(0, |read| read.load(Ordering::Relaxed));
        let write_bytes = self.written;
        let method = self.request.as_ref().map_or("", |request| request.method.as_str());
        let target = self.request.as_ref().map_or(Cow::default(), Line::target);
        match self.access.format {
            Format::Short => info!(
                target: ACCESS,
                status,
                method,
                URI = &*target,
                URL = &*target,
                remote_address = %self,
                read_bytes,
                write_bytes,
                start,
                elapsed,
                "http log"
            ),
            Format::RoadRunner => info!(
                target: ACCESS,
                read_bytes,
                write_bytes,
                status,
                method,
                URI = &*target,
                URL = &*target,
                remote_address = %self,
                query = self.request.as_ref().and_then(|request| request.uri.query()).unwrap_or_default(),
                content_len = self.announced.map_or(-1, |length| i64::try_from(length).unwrap_or(i64::MAX)),
                host = &*self.host(),
                user_agent = &*text(self.user_agent.as_ref()),
                referer = &*text(self.referer.as_ref()),
                time_local = &*local(&Moment::from(now)),
                request_time = nanoseconds(now),
                start,
                elapsed,
                "http access log"
            ),
            Format::Combined | Format::Common => {
                let combined = self.access.format == Format::Combined;
                info!(target: ACCESS, "{}", line(self, status, &Moment::from(now), &COMMON, combined));
            }
        }
    }

    /// What the request is for: its `Host`, or the host of an absolute target.
    fn host(&self) -> Cow<'_, str> {
        let authority = self.request.as_ref().and_then(|request| request.uri.authority());
        authority.map_or_else(|| text(self.host.as_ref()), |authority| Cow::Borrowed(authority.as_str()))
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.write();
    }
}

impl fmt::Display for Record {
    /// The client's address; with its port, if that is known.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer.remote {
            Some(remote) if remote.port() == 0 => remote.ip().fmt(formatter),
            _ => self.peer.fmt(formatter),
        }
    }
}

fn text(value: Option<&HeaderValue>) -> Cow<'_, str> {
    value.map_or(Cow::default(), |value| match str::from_utf8(value.as_bytes()) {
        Ok(text) => text.into(),
        Err(_) => String::from_utf8_lossy(value.as_bytes()),
    })
}

fn local(moment: &Moment) -> String {
    let mut text = Vec::with_capacity(24);
    LOCAL.write(moment, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

// === impl Line ===

impl Line {
    /// The target as the client wrote it.
    fn target(&self) -> Cow<'_, str> {
        match self.uri.path_and_query() {
            // HTTP/2 has the parts of an absolute target in every request.
            Some(target) if self.uri.scheme().is_none() || self.version >= Version::HTTP_2 => {
                Cow::Borrowed(target.as_str())
            }
            _ => Cow::Owned(self.uri.to_string()),
        }
    }
}

// === impl Body ===

impl Body {
    /// A body whose request has no entry so far.
    pub(super) fn new(content: impl Into<Content>) -> Self {
        Self { content: content.into(), record: None, trace: None }
    }

    /// What is in it.
    pub(super) fn into_content(self) -> Content {
        self.content
    }

    /// Returns whether it is there in one piece.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.content, Content::Whole(_))
    }

    /// Returns whether it may be still written by a worker.
    pub(super) fn is_streamed(&self) -> bool {
        matches!(self.content, Content::Stream(_) | Content::Layered(_))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.content).poll_frame(context));
        if let (Some(record), Some(Ok(frame))) = (&mut self.record, &frame) {
            record.written += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        if let Some(trace) = &self.trace {
            trace.passed(frame.as_ref(), &self.content);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        // A body whose end is of interest is asked once more when there is room for more: most of it is written then.
        self.content.is_end_stream() && self.record.as_ref().is_none_or(|record| record.written == 0)
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}

// === impl Logged ===

impl<F: Future<Output = Result<Response<Body>, Infallible>> + Unpin> Future for Logged<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.record.is_none() && self.trace.is_none() {
            return Pin::new(&mut self.answering).poll(context);
        }
        let Ok(mut response) = ready!(Pin::new(&mut self.answering).poll(context));
        if let Some(mut record) = self.record.take() {
            record.status = Some(response.status());
            response.body_mut().record = Some(record);
        }
        if let Some(trace) = self.trace.take() {
            trace.answered(response.status(), &response.body().content);
            response.body_mut().trace = Some(trace);
        }
        Poll::Ready(Ok(response))
    }
}
