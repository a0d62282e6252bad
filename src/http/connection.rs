//! One HTTP/1 connection, from its first byte to a close that the client can see.

use std::{
    future::{Future, poll_fn},
    io::{self, IoSlice},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tracing::debug;

use super::{Checked, Line, Pass, Service, linger::linger, service::Connection};
use crate::net::{Drain, Peer};

/// Longest time for a head to arrive, and for an idle connection to wait for its next request.
const HEAD: Duration = Duration::from_mins(1);
/// Longest head; hyper answers 431 beyond.
const HEAD_BYTES: usize = 64 * 1024;
/// Most headers in a head; hyper answers 431 beyond.
const HEADERS: usize = 128;

/// The stream of a connection, for its one task.
struct Shared<'a>(&'a Mutex<TcpStream>);

impl AsyncRead for Shared<'_> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_read(context, buffer)
    }
}

impl AsyncWrite for Shared<'_> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock()).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock()).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.lock().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_shutdown(context)
    }
}

/// Whether the client has closed its end; if not, the task is woken when it does. A request that it sent ahead hides that
/// until it is read.
fn has_left(stream: &TcpStream, context: &mut Context<'_>) -> bool {
    let mut byte = [0];
    matches!(stream.poll_peek(context, &mut ReadBuf::new(&mut byte)), Poll::Ready(Ok(0) | Err(_)))
}

/// Serves one connection until either side closes it, or until `drain` asks for a close after the request under way.
pub async fn serve_connection(stream: TcpStream, peer: Peer, service: Arc<Service>, mut drain: Drain, pass: Arc<Pass>) {
    // Without it a small response waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let answers = Connection::new(service, peer, Line::new(pass.port()));
    // hyper reads and writes it, and while a worker has the request, this task looks whether the client is still there.
    let stream = Mutex::new(stream);
    let mut checked = Checked::new(Shared(&stream));
    let ended = {
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_header_size(HEAD_BYTES)
                .max_headers(HEADERS)
                // Without it hyper reads ahead to see a client leave, into a new buffer for each request.
                .half_close(true)
                .serve_connection(TokioIo::new(&mut checked), answers.clone())
        );
        let phase = drain.clone();
        let mut asked = pin!(drain.asked());
        let (mut watched, mut draining) = (false, false);
        poll_fn(|context| {
            // Looked at before each answer, so that the last one says that it is the last. The first look leaves the
            // waker; later ones cost a load each, as long as nothing changes.
            if !draining && (!watched || phase.has_changed()) {
                watched = true;
                draining = asked.as_mut().poll(context).is_ready();
                if draining {
                    connection.as_mut().graceful_shutdown();
                }
            }
            match connection.as_mut().poll(context) {
                Poll::Pending if answers.is_waiting() && has_left(&stream.lock(), context) => Poll::Ready(None),
                polled => polled.map(Some),
            }
        })
        .await
    };
    match ended {
        None => debug!(client.addr = %peer.remote, "Client left before its answer"),
        Some(Err(error)) => debug!(client.addr = %peer.remote, %error, "Connection ended by an error"),
        Some(Ok(())) => {}
    }
    let idle = checked.is_between_requests();
    tokio::select! {
        biased;
        () = linger(stream.into_inner()) => {}
        // A server that ends does not wait for clients with nothing under way.
        () = drain.asked(), if idle => {}
    }
}
