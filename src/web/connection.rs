//! One connection to a site.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::time::timeout;
use tracing::debug;

use super::{Body, Request, Site, text};
use crate::net::{Accepted, Drain, Peer, Socket};

/// How long the next head may take, and so how long a connection may be idle: longer than the usual time between two scrapes.
const HEAD: Duration = Duration::from_mins(2);
/// Longest head in bytes.
const LONGEST_HEAD: usize = 64 * 1024;
/// Longest body of a request in bytes.
const LONGEST_BODY: usize = 64 * 1024;
/// How long the body of a request may take.
const BODY: Duration = Duration::from_secs(10);
/// How long the first request of a connection may take once the server ends.
const FIRST: Duration = Duration::from_millis(250);
/// How long a client may take nothing of an answer.
const STALLED: Duration = Duration::from_secs(30);

/// Serves one connection until either side closes it, or until `drain` asks for a close after the request under way.
pub(super) async fn serve(accepted: Accepted, site: Arc<dyn Site>, drain: Drain) {
    let Accepted { socket, peer, .. } = accepted;
    if let Socket::Tcp(stream) = &socket {
        // The system ends a connection whose client has not taken anything for so long; on a unix socket nobody is far away.
        let _ = SockRef::from(stream).set_tcp_user_timeout(Some(STALLED));
    }
    let asked = Arc::new(AtomicBool::new(false));
    let service = {
        let (drain, asked) = (drain.clone(), Arc::clone(&asked));
        service_fn(move |request| {
            let (site, drain) = (Arc::clone(&site), drain.clone());
            asked.store(true, Ordering::Relaxed);
            async move { Ok::<_, Infallible>(answer(request, &*site, peer, drain).await) }
        })
    };
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.asked() => {
            // To its client the connection is there, and the request may be on its way.
            let fresh = !asked.load(Ordering::Relaxed);
            let first = timeout(if fresh { FIRST } else { Duration::ZERO }, connection.as_mut()).await;
            if let Ok(ended) = first {
                ended
            } else {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    if let Err(error) = ended {
        debug!(client.addr = %peer, %error, "Connection to a site beside the server has ended");
    }
}

async fn answer(request: hyper::Request<Incoming>, site: &dyn Site, peer: Peer, drain: Drain) -> Response<Body> {
    let (head, body) = request.into_parts();
    match timeout(BODY, Limited::new(body, LONGEST_BODY).collect()).await {
        Ok(Ok(body)) => site.answer(Request { head, body: body.to_bytes(), peer, drain }).await,
        Ok(Err(_)) => text(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {LONGEST_BODY} bytes here")),
        Err(_) => text(StatusCode::REQUEST_TIMEOUT, "the body does not arrive"),
    }
}
