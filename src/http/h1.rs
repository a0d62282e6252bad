//! One HTTP/1 connection.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::SystemTime,
};

use http::StatusCode;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::{
    task::coop::has_budget_remaining,
    time::{Instant, sleep_until},
};
use tracing::debug;

use super::{
    Limits, Line,
    connection::Surroundings,
    framing::Checked,
    limits::HEADERS,
    linger::linger,
    patience::{Wait, Watch},
    service::{Connection, TOO_SLOW},
    shared::Shared,
};
use crate::net::Stream;

/// How a connection ended.
enum Ended {
    /// By either side, or by an error.
    By(hyper::Result<()>),
    /// The client left before its answer.
    Left,
    /// Nothing moved for too long.
    Stalled(Wait),
}

/// Serves one connection until either side closes it, or until the server asks for a close after the request under way.
pub(super) async fn serve(stream: impl Stream, around: Surroundings) {
    let Surroundings { client, service, drain, pass, begun } = around;
    let peer = client.peer;
    let answers = Connection::new(Arc::clone(&service), client, Line::new(pass.port()), begun.into_std());
    // hyper reads and writes it, and while a worker has the request, this task looks whether the client is still there.
    let stream = Mutex::new(Checked::new(stream));
    let ended = {
        let mut connection =
            pin!(builder(&service.limits).serve_connection(TokioIo::new(Shared::new(&stream)), answers.clone()));
        let mut asked = pin!(drain.asked());
        let (mut watched, mut draining) = (false, false);
        let mut timer = pin!(sleep_until(begun + service.patience.period));
        let mut watch = Watch::new(begun);
        poll_fn(|context| {
            // Looked at before each answer, so that the last one says that it is the last. The first look leaves the
            // waker; later ones cost a load each, as long as nothing changes.
            if !draining && (!watched || drain.has_changed()) {
                answers.part_if(drain.has_changed());
                draining = asked.as_mut().poll(context).is_ready();
                if draining {
                    connection.as_mut().graceful_shutdown();
                }
            }
            if !watched {
                answers.hints().open(context.waker());
            }
            loop {
                // Looked at before the answer that comes behind them, which else may have come meanwhile.
                if answers.hints().are_waiting() {
                    stream.lock().interject(answers.hints());
                }
                pass.polled();
                if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                    return Poll::Ready(Ended::By(ended));
                }
                if !(answers.hints().are_waiting() && stream.lock().is_flushed()) {
                    break;
                }
            }
            let waiting = answers.is_waiting();
            if waiting && stream.lock().stream().poll_left(context) {
                return Poll::Ready(Ended::Left);
            }
            while (!watched || timer.is_elapsed()) && timer.as_mut().poll(context).is_ready() {
                let now = Instant::now();
                service.look();
                if answers.is_stuck() {
                    return Poll::Ready(Ended::Stalled(Wait::Taken));
                }
                let (wait, mark) = stream.lock().wait(waiting);
                if watch.ends(&service.patience, now, wait, mark) {
                    return Poll::Ready(Ended::Stalled(wait));
                }
                timer.as_mut().reset(now + service.patience.period);
                watched = false;
            }
            // Without a rest of it, neither of the two has noted who is to be woken.
            watched = has_budget_remaining();
            Poll::Pending
        })
        .await
    };
    answers.end();
    answers.hints().close();
    let stream = stream.into_inner();
    let mut last = Vec::new();
    match ended {
        Ended::Left => debug!(client.addr = %peer, "Client left before its answer"),
        Ended::Stalled(Wait::Head) if stream.is_in_head() => {
            debug!(client.addr = %peer, "Connection ended, a head was too slow");
            last = too_slow();
            answers.refused(StatusCode::REQUEST_TIMEOUT);
        }
        Ended::Stalled(Wait::Taken) => debug!(client.addr = %peer, "Connection ended, an answer was not taken"),
        Ended::Stalled(_) => debug!(client.addr = %peer, "Connection ended, no request came"),
        Ended::By(Err(error)) => {
            debug!(client.addr = %peer, %error, "Connection ended by an error");
            if let Some(status) = refusal(&error) {
                answers.refused(status);
            }
        }
        Ended::By(Ok(())) => {}
    }
    let idle = stream.is_between_requests();
    tokio::select! {
        biased;
        () = linger(stream.into_stream(), &last, false) => {}
        // A server that ends does not wait for clients with nothing under way.
        () = drain.asked(), if idle => {}
    }
}

/// The status by which hyper has refused a head.
fn refusal(error: &hyper::Error) -> Option<StatusCode> {
    let too_large = error.is_parse_too_large();
    error.is_parse().then_some(if too_large {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    } else {
        StatusCode::BAD_REQUEST
    })
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Without the latter hyper reads ahead to see a client leave, into a new buffer for each request.
    builder.max_header_size(limits.max_header_size).half_close(true);
    // A number of our own costs two allocations per request.
    if limits.max_headers != HEADERS {
        builder.max_headers(limits.max_headers);
    }
    builder
}

/// The answer to a head that did not come to its end, for which hyper has no answer.
fn too_slow() -> Vec<u8> {
    let (date, length) = (httpdate::fmt_http_date(SystemTime::now()), TOO_SLOW.len());
    format!(
        "HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\
         content-length: {length}\r\ndate: {date}\r\n\r\n{TOO_SLOW}"
    )
    .into_bytes()
}
