//! The limit: hyper alone, with the settings of the server, answering from the connection's own task.
//!
//! plain-hyper <address> [<certificate> <key>]: serves until killed, by TLS with a certificate.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program")]

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderValue;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::ServerSessionMemoryCache,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

static SIZED: [u8; 100 * 1024] = [b'x'; 100 * 1024];

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    let headers = response.headers_mut();
    let path = request.uri().path();
    if path == "/json" {
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("cache-control", HeaderValue::from_static("no-store"));
        for (name, value) in [("x-a", "one"), ("x-b", "two"), ("x-c", "three"), ("vary", "accept")] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    } else {
        headers.insert("content-type", HeaderValue::from_static("text/plain"));
    }
    let body = match path {
        "/echo" => request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default(),
        "/json" if request.uri().query() == Some("status=200") => {
            Bytes::from_static(include_bytes!("compare/body.json"))
        }
        _ => match path.strip_prefix("/size/").and_then(|size| SIZED.get(..size.parse::<usize>().ok()?)) {
            Some(body) => Bytes::from_static(body),
            None => Bytes::from_static(b"Hello, world!\n"),
        },
    };
    *response.body_mut() = Full::new(body);
    Ok(response)
}

/// TLS as the server does it: HTTP/2 for whom can speak it.
fn acceptor(certificate: &str, key: &str) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(4096);
    TlsAcceptor::from(Arc::new(config))
}

async fn http1(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_mins(1));
    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn http2(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let builder = http2::Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn serve(stream: TcpStream, acceptor: Option<TlsAcceptor>) {
    match acceptor {
        Some(acceptor) => {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                http2(stream).await;
            } else {
                http1(stream).await;
            }
        }
        None => {
            let mut first = [0];
            if stream.peek(&mut first).await.is_ok() && first == *b"P" && is_preface(&stream).await {
                http2(stream).await;
            } else {
                http1(stream).await;
            }
        }
    }
}

/// Whether a client begins with HTTP/2. `POST` begins with the same letter.
async fn is_preface(stream: &TcpStream) -> bool {
    let mut start = [0; 3];
    while stream.peek(&mut start).await.is_ok_and(|length| length > 0 && length < start.len()) {
        tokio::task::yield_now().await;
    }
    start == *b"PRI"
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let address = arguments.first().map_or("127.0.0.1:0", String::as_str);
    let acceptor = match &arguments[..] {
        [_, certificate, key] => Some(acceptor(certificate, key)),
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.unwrap();
        println!("Serving http://{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream, acceptor.clone()));
        }
    });
}
