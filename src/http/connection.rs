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
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, sleep},
};
use tracing::debug;

use super::{
    Line, Pass, Service,
    framing::{Checked, Progress},
    linger::linger,
    service::{Client, Connection},
    tls::serve_encrypted,
};
use crate::net::{Accepted, Drain, Stream};

/// How often a connection is looked at for [`Patience`].
const LOOK: Duration = Duration::from_secs(15);
/// Looks without progress after which a connection ends: a head takes a minute at most, and so do the wait for the next
/// request and for a client to take its answer, each within one [`LOOK`].
const LOOKS: u32 = 4;
/// Longest head; hyper answers 431 beyond. So it does for more than 100 headers: a number of our own would cost two
/// allocations per request.
const HEAD_BYTES: usize = 64 * 1024;

/// The stream of a connection, for its one task.
struct Shared<'a, S>(&'a Mutex<Checked<S>>);

impl<S: Stream> AsyncRead for Shared<'_, S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_read(context, buffer)
    }
}

impl<S: Stream> AsyncWrite for Shared<'_, S> {
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

/// Ends a connection that comes nowhere.
///
/// One timer for the life of a connection, which looks from time to time what has happened: a timer for each head would be
/// set, and its clock read, for each request.
struct Patience {
    last: Progress,
    looks: u32,
}

impl Patience {
    fn new() -> Self {
        Self { last: Progress::Body, looks: 0 }
    }

    /// A look. Returns whether the connection has come nowhere for too long.
    fn ends(&mut self, progress: Progress) -> bool {
        if progress == Progress::Body || progress != self.last {
            (self.last, self.looks) = (progress, 0);
            return false;
        }
        self.looks += 1;
        self.looks >= LOOKS
    }
}

/// How a connection ended.
enum Ended {
    /// By either side, or by an error.
    By(hyper::Result<()>),
    /// The client left before its answer.
    Left,
    /// Nothing moved for too long.
    Stalled,
}

/// Serves one connection until either side closes it, or until `drain` asks for a close after the request under way.
pub async fn serve_connection(accepted: Accepted, service: Arc<Service>, drain: Drain, pass: Arc<Pass>) {
    if let Some(acceptor) = service.acceptor(accepted.endpoint) {
        // Boxed, so that connections without TLS do not carry its weight.
        return Box::pin(serve_encrypted(accepted, Arc::clone(acceptor), Arc::clone(&service), drain, pass)).await;
    }
    let Accepted { socket, peer, endpoint } = accepted;
    let client = Client { peer, tls: None, redirected: service.redirected(endpoint) };
    serve(socket, client, service, drain, pass).await;
}

/// Serves HTTP over a stream.
pub(super) async fn serve(
    stream: impl Stream,
    client: Client,
    service: Arc<Service>,
    mut drain: Drain,
    pass: Arc<Pass>,
) {
    let peer = client.peer;
    let answers = Connection::new(service, client, Line::new(pass.port()));
    // hyper reads and writes it, and while a worker has the request, this task looks whether the client is still there.
    let stream = Mutex::new(Checked::new(stream));
    let ended = {
        let mut connection = pin!(
            http1::Builder::new()
                .max_header_size(HEAD_BYTES)
                // Else hyper reads ahead to see a client leave, into a new buffer for each request.
                .half_close(true)
                .serve_connection(TokioIo::new(Shared(&stream)), answers.clone())
        );
        let phase = drain.clone();
        let mut asked = pin!(drain.asked());
        let (mut watched, mut draining) = (false, false);
        let mut timer = pin!(sleep(LOOK));
        let mut patience = Patience::new();
        poll_fn(|context| {
            // Looked at before each answer, so that the last one says that it is the last. The first look leaves the
            // waker; later ones cost a load each, as long as nothing changes.
            if !draining && (!watched || phase.has_changed()) {
                answers.part_if(phase.has_changed());
                draining = asked.as_mut().poll(context).is_ready();
                if draining {
                    connection.as_mut().graceful_shutdown();
                }
            }
            pass.polled();
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                return Poll::Ready(Ended::By(ended));
            }
            let waiting = answers.is_waiting();
            if waiting && stream.lock().stream().poll_left(context) {
                return Poll::Ready(Ended::Left);
            }
            while (!watched || timer.is_elapsed()) && timer.as_mut().poll(context).is_ready() {
                let progress = if waiting { Progress::Body } else { stream.lock().progress() };
                if patience.ends(progress) {
                    return Poll::Ready(Ended::Stalled);
                }
                timer.as_mut().reset(Instant::now() + LOOK);
                watched = false;
            }
            watched = true;
            Poll::Pending
        })
        .await
    };
    match ended {
        Ended::Left => debug!(client.addr = %peer, "Client left before its answer"),
        Ended::Stalled => debug!(client.addr = %peer, "Connection ended, nothing moved for too long"),
        Ended::By(Err(error)) => debug!(client.addr = %peer, %error, "Connection ended by an error"),
        Ended::By(Ok(())) => {}
    }
    let stream = stream.into_inner();
    let idle = stream.is_between_requests();
    tokio::select! {
        biased;
        () = linger(stream.into_stream()) => {}
        // A server that ends does not wait for clients with nothing under way.
        () = drain.asked(), if idle => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks_until_the_end(progress: impl Fn(u32) -> Progress) -> Option<u32> {
        let mut patience = Patience::new();
        (0..100).find(|look| patience.ends(progress(*look)))
    }

    #[test]
    fn what_comes_nowhere_ends() {
        assert_eq!(looks_until_the_end(|_| Progress::Idle(0, 0)), Some(LOOKS));
        assert_eq!(looks_until_the_end(|_| Progress::Head(7)), Some(LOOKS));
        assert_eq!(looks_until_the_end(|look| Progress::Head(look / 3)), None);
        assert_eq!(looks_until_the_end(|look| Progress::Idle(look, look)), None);
        // Bytes of an answer that move keep the connection.
        assert_eq!(looks_until_the_end(|look| Progress::Idle(1, look)), None);
        assert_eq!(looks_until_the_end(|_| Progress::Body), None);
    }
}
