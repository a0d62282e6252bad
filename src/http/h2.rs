//! One HTTP/2 connection.

use std::{
    convert::Infallible,
    error::Error,
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{HeaderValue, Method, Response, header::CONTENT_LENGTH};
use hyper::{
    body::{Body as _, Frame, Incoming, SizeHint},
    rt::Executor,
    server::conn::http2,
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::{
    task::coop::has_budget_remaining,
    time::{Instant, sleep_until},
};
use tracing::debug;

use super::{
    Line, Pass, Service,
    access::{Body, Logged},
    answering::Answering,
    body::is_bodyless,
    connection::Surroundings,
    flood::Frames,
    linger::linger,
    patience::{Wait, Watch},
    service::Connection,
    shared::Shared,
    streams::{Open, Spans, Streams, Unsent, Untaken},
};
use crate::net::Stream;

/// Requests that a client may take back before they were looked at; h2 ends the connection with a warning beyond. Nobody
/// comes so far: [`Frames`] ends it before.
const RESET_UNSEEN: usize = 512;
/// Bytes of a body that a client may send ahead where workers read bodies while they arrive.
const STREAM_WINDOW: u32 = 256 * 1024;
/// RFC 9113 section 6.9.1.
const LARGEST_WINDOW: u32 = (1 << 31) - 1;
/// How long a client has to confirm that it has heard of the end, once nothing is under way.
const CLOSING: Duration = Duration::from_secs(1);

/// How a connection ended.
enum Ended {
    /// By either side, or by an error.
    By(hyper::Result<()>),
    /// Nothing moved for too long.
    Stalled(Wait),
    /// It was to end, and nothing was under way.
    Closed,
}

/// Answers the requests of one connection, each on a task of its own.
#[derive(Clone)]
struct Answers {
    connection: Connection,
    streams: Arc<Streams>,
    pass: Arc<Pass>,
    /// When the connection began.
    begun: Instant,
}

/// Runs the streams of a connection beside it.
#[derive(Clone)]
struct Streaming(Arc<Pass>);

/// The answer to one request.
struct Answer {
    answering: Logged<Answering>,
    /// Taken with the answer.
    open: Option<Open>,
    head_only: bool,
}

/// The body of an answer on its way.
struct Sending {
    body: Body,
    /// Nothing of it is sent.
    bodyless: bool,
    /// Until a part of it is asked for, which is not before the client takes something.
    untaken: Option<Untaken>,
    /// `None` if `untaken` is, or was, all of it.
    open: Option<Open>,
}

/// Serves one connection until either side closes it, or until the server asks for a close after the requests under way.
pub(super) async fn serve(stream: impl Stream, around: Surroundings) {
    let Surroundings { client, service, drain, pass, begun } = around;
    let peer = client.peer;
    let connection = Connection::new(Arc::clone(&service), client, Line::new(pass.port()), begun.into_std());
    let streams = Arc::new(Streams::default());
    let answers =
        Answers { connection: connection.clone(), streams: Arc::clone(&streams), pass: Arc::clone(&pass), begun };
    let stream = Mutex::new(Frames::new(stream, begun));
    let ended = {
        let streaming = Streaming(Arc::clone(&pass));
        let mut served =
            pin!(builder(&service, streaming).serve_connection(TokioIo::new(Shared::new(&stream)), answers));
        let mut asked = pin!(drain.asked());
        let patience = service.patience;
        let mut timer = pin!(sleep_until(begun + patience.period));
        let (mut reading, mut writing) = (Watch::new(begun), Watch::new(begun));
        let mut spans = Spans::new(service.limits.write_timeout, begun);
        let (mut watched, mut draining, mut ending) = (false, false, false);
        poll_fn(|context| {
            if !draining && (!watched || drain.has_changed()) {
                connection.part_if(drain.has_changed());
                draining = asked.as_mut().poll(context).is_ready();
            }
            loop {
                // The next answer is the last one: it goes out together with word that no more requests are taken. So does one that
                // is still on its way.
                if !ending && (draining || connection.is_parting() && !streams.are_done()) {
                    ending = true;
                    served.as_mut().graceful_shutdown();
                    stream.lock().pinged();
                    timer.as_mut().reset(Instant::now() + CLOSING.min(patience.period));
                    watched = false;
                }
                pass.polled();
                streams.look();
                if let Poll::Ready(ended) = served.as_mut().poll(context) {
                    return Poll::Ready(Ended::By(ended));
                }
                while (!watched || timer.is_elapsed()) && timer.as_mut().poll(context).is_ready() {
                    let now = Instant::now();
                    service.look();
                    if connection.is_stuck() {
                        return Poll::Ready(Ended::Stalled(Wait::Taken));
                    }
                    let (wait, mark, blocked) = state(&stream.lock(), &streams);
                    if reading.ends(&patience, now, wait, mark) {
                        if wait != Wait::Request {
                            return Poll::Ready(Ended::Stalled(wait));
                        }
                        // Told before it is closed, so that a request on its way is not lost.
                        draining = true;
                    }
                    let (wait, mark) = blocked.map_or((Wait::Untimed, 0), |written| (Wait::Taken, written));
                    if writing.ends(&patience, now, wait, mark) || spans.end(&streams, now) {
                        return Poll::Ready(Ended::Stalled(Wait::Taken));
                    }
                    if ending && streams.are_done() {
                        return Poll::Ready(Ended::Closed);
                    }
                    timer.as_mut().reset(now + if ending { CLOSING.min(patience.period) } else { patience.period });
                    watched = false;
                }
                // Without a rest of it, neither of the two has noted who is to be woken.
                watched = has_budget_remaining();
                if ending || !(draining || connection.is_parting() && !streams.are_done()) {
                    return Poll::Pending;
                }
            }
        })
        .await
    };
    let stream = stream.into_inner();
    match (ended, stream.flood()) {
        (_, Some(frames)) => debug!(client.addr = %peer, frames, "Connection ended, a flood of frames"),
        (Ended::Stalled(Wait::Head), None) => debug!(client.addr = %peer, "Connection ended, a head was too slow"),
        (Ended::Stalled(_), None) => debug!(client.addr = %peer, "Connection ended, an answer was not taken"),
        (Ended::By(Err(error)), None) => {
            let cause = error.source().map(ToString::to_string);
            debug!(client.addr = %peer, %error, cause, "Connection ended by an error");
        }
        (Ended::By(Ok(())) | Ended::Closed, None) => {}
    }
    // What the client still sends, be it word of what it has read, must not destroy what is on its way to it.
    linger(stream.into_stream(), b"", drain.has_changed() && streams.are_done()).await;
}

/// What the client is waited for, a number that changes whenever it gets on, and the bytes written before the write that
/// is not taken.
fn state<S>(stream: &Frames<S>, streams: &Streams) -> (Wait, u64, Option<u64>) {
    let wait = if !stream.has_begun() || stream.is_in_head() {
        Wait::Head
    } else if streams.are_done() {
        Wait::Request
    } else {
        Wait::Untimed
    };
    let written = stream.written();
    (wait, stream.heads(), written.blocked.then_some(written.bytes))
}

fn builder(service: &Service, streaming: Streaming) -> http2::Builder<Streaming> {
    let mut builder = http2::Builder::new(streaming);
    builder
        .max_concurrent_streams(service.http2.max_concurrent_streams)
        .max_header_list_size(u32::try_from(service.limits.max_header_size).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(RESET_UNSEEN);
    if service.streams_bodies() {
        // Bodies that wait for their workers must not take the room of those that are read: each has its own.
        let all = service.http2.max_concurrent_streams.saturating_mul(STREAM_WINDOW).min(LARGEST_WINDOW);
        builder.initial_stream_window_size(STREAM_WINDOW).initial_connection_window_size(all);
    }
    builder
}

// === impl Streaming ===

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streaming {
    fn execute(&self, stream: F) {
        self.0.spawn(stream);
    }
}

// === impl Answers ===

impl hyper::service::Service<hyper::Request<Incoming>> for Answers {
    type Response = Response<Sending>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: hyper::Request<Incoming>) -> Answer {
        let head_only = request.method() == Method::HEAD;
        let open = Some(Open::new(&self.streams));
        let arrived = self.streams.arrived(self.begun).into_std();
        let answering = self.connection.begin(request, arrived);
        // hyper spawns it now.
        self.pass.next_awaits_worker(answering.answering.awaits_worker());
        Answer { answering, open, head_only }
    }
}

// === impl Answer ===

impl Future for Answer {
    type Output = Result<Response<Sending>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Ok(mut response) = ready!(Pin::new(&mut self.answering).poll(context));
        // hyper sends what it is given, where HTTP/1 has no body by definition.
        let bodyless = is_bodyless(self.head_only, response.status());
        if self.head_only
            && !response.headers().contains_key(CONTENT_LENGTH)
            && let Some(length) = response.body().size_hint().exact().filter(|length| *length > 0)
        {
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let open = self.open.take();
        let (untaken, open) = match response.body() {
            body if body.is_whole() => (open.map(Open::all_untaken), None),
            // It may have nothing to take for long.
            body if body.is_streamed() => (None, open),
            _ => (open.as_ref().map(Open::untaken), open),
        };
        Poll::Ready(Ok(response.map(|body| Sending { body, bodyless, untaken, open })))
    }
}

// === impl Sending ===

impl hyper::body::Body for Sending {
    type Data = Unsent;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Unsent>>>> {
        if self.bodyless {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let this = &mut *self;
        let untaken = this.untaken.take().or_else(|| this.open.as_ref().map(Open::untaken));
        Poll::Ready(match (frame, untaken) {
            (Some(Ok(frame)), Some(untaken)) => Some(Ok(frame.map_data(|bytes| untaken.of(bytes)))),
            (Some(Err(error)), _) => Some(Err(error)),
            _ => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.bodyless || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.bodyless { SizeHint::with_exact(0) } else { self.body.size_hint() }
    }
}
