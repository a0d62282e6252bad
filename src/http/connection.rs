//! One HTTP/1 connection, from its first byte to a close that the client can see.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use http::{HeaderValue, header::CONNECTION};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tracing::debug;

use super::{Checked, Line, Pass, Service, linger::linger};
use crate::net::{Drain, Peer};

/// Longest time for a head to arrive, and for an idle connection to wait for its next request.
const HEAD: Duration = Duration::from_mins(1);
/// Longest head; hyper answers 431 beyond.
const HEAD_BYTES: usize = 64 * 1024;
/// Most headers in a head; hyper answers 431 beyond.
const HEADERS: usize = 128;

/// Serves one connection until either side closes it, or until `drain` asks for a close after the request under way.
pub async fn serve_connection(stream: TcpStream, peer: Peer, service: Arc<Service>, mut drain: Drain, pass: Arc<Pass>) {
    // Without it a small response waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    // One request at a time is under way, so the line is never contended for.
    let shared = Arc::new((service, Mutex::new(Line::new(pass.port())), drain.parting()));
    let answer = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move {
            let mut response = shared.0.handle(request, peer, &shared.1).await;
            if shared.2.is_near() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut stream = Checked::new(stream);
    let ended = {
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_header_size(HEAD_BYTES)
                .max_headers(HEADERS)
                .serve_connection(TokioIo::new(&mut stream), answer)
        );
        tokio::select! {
            // Looked at before each answer, so that the last one says that it is the last.
            biased;
            () = drain.asked() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            ended = connection.as_mut() => ended,
        }
    };
    if let Err(error) = ended {
        debug!(client.addr = %peer.remote, %error, "Connection ended by an error");
    }
    let idle = stream.is_between_requests();
    tokio::select! {
        biased;
        () = linger(stream.into_inner()) => {}
        // A server that ends does not wait for clients with nothing under way.
        () = drain.asked(), if idle => {}
    }
}
