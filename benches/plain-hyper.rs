//! The limit: hyper alone, with the settings of the server, answering from the connection's own task.
//!
//! plain-hyper <address>: serves until killed.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program")]

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::HeaderValue;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

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

fn main() {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.unwrap();
        println!("Serving http://{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(Duration::from_mins(1))
                    .serve_connection(TokioIo::new(stream), service_fn(answer))
                    .await;
            });
        }
    });
}
