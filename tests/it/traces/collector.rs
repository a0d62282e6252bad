//! A collector that takes traces over HTTP/1.1 and gRPC, and shows them.

use std::{
    convert::Infallible,
    io::Read,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    thread,
};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::{
    body::{Frame, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::{collector::trace::v1::ExportTraceServiceRequest, trace::v1::Span};
use prost::Message;
use tokio::net::TcpListener;

use crate::support::PATIENCE;

/// What a collector does instead of taking what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Closes the connection.
    Close,
    /// Says that it cannot take it now.
    Later,
    /// Says that it will not take it.
    Never,
}

/// A running collector. Its thread ends with the process.
pub struct Collector {
    pub address: SocketAddr,
    taken: Receiver<Taken>,
    asked: Arc<AtomicUsize>,
}

/// What came at a time.
pub struct Taken {
    pub path: String,
    pub headers: HeaderMap,
    pub request: ExportTraceServiceRequest,
}

/// A body, and what comes behind it.
struct Frames(Vec<Frame<Bytes>>);

impl hyper::body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0.is_empty() { Poll::Ready(None) } else { Poll::Ready(Some(Ok(self.0.remove(0)))) }
    }
}

impl Collector {
    /// One that does `deeds` to what comes first.
    pub fn start(grpc: bool, deeds: &[Deed]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, taken) = bounded(1024);
        let asked = Arc::new(AtomicUsize::new(0));
        let (deeds, counted): (Arc<[Deed]>, _) = (deeds.into(), Arc::clone(&asked));
        let serve = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, deeds, counted) = (sender.clone(), Arc::clone(&deeds), Arc::clone(&counted));
                let service = service_fn(move |request| {
                    let deed = deeds.get(counted.fetch_add(1, Ordering::SeqCst)).copied();
                    answer(request, grpc, deed, sender.clone())
                });
                let stream = TokioIo::new(stream);
                if grpc {
                    let served = http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service);
                    tokio::spawn(async move { drop(served.await) });
                } else {
                    let served = http1::Builder::new().serve_connection(stream, service);
                    tokio::spawn(async move { drop(served.await) });
                }
            }
        };
        thread::spawn(move || runtime.block_on(serve));
        Self { address, taken, asked }
    }

    /// Requests for export so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// What has come so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.try_iter().collect()
    }

    /// Waits for something to come.
    #[track_caller]
    pub fn next(&self) -> Taken {
        self.taken.recv_timeout(PATIENCE).expect("traces must come")
    }
}

impl Taken {
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        self.request.resource_spans.iter().flat_map(|one| &one.scope_spans).flat_map(|one| &one.spans)
    }
}

async fn answer(
    request: Request<Incoming>,
    grpc: bool,
    deed: Option<Deed>,
    sender: Sender<Taken>,
) -> Result<Response<Frames>, &'static str> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    if deed == Some(Deed::Close) {
        return Err("closed");
    }
    let compressed = if grpc {
        let (flag, length) = (body[0], u32::from_be_bytes(body[1..5].try_into().unwrap()));
        assert_eq!((head.uri.path(), length as usize), (METHOD, body.len() - 5));
        assert_eq!(head.headers["content-type"], "application/grpc");
        assert_eq!(head.headers["te"], "trailers");
        assert_eq!(flag == 1, head.headers.contains_key("grpc-encoding"));
        flag == 1
    } else {
        assert_eq!(head.headers["content-type"], "application/x-protobuf");
        head.headers.contains_key("content-encoding")
    };
    if deed.is_none() {
        let message = body.slice(if grpc { 5 } else { 0 }..);
        let mut plain = Vec::new();
        if compressed {
            GzDecoder::new(&message[..]).read_to_end(&mut plain).unwrap();
        } else {
            plain.extend_from_slice(&message);
        }
        let request = ExportTraceServiceRequest::decode(plain.as_slice()).unwrap();
        sender.send(Taken { path: head.uri.path().to_owned(), headers: head.headers, request }).unwrap();
    }
    let mut response = Response::new(Frames(Vec::new()));
    if grpc {
        let code = match deed {
            None => "0",
            Some(Deed::Never) => "3",
            Some(_) => "14",
        };
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static(code));
        if deed.is_none() {
            response.body_mut().0 = vec![Frame::data(Bytes::from_static(&[0; 5])), Frame::trailers(trailers)];
        } else {
            trailers.insert("grpc-message", HeaderValue::from_static("not%20now"));
            *response.headers_mut() = trailers;
        }
    } else {
        *response.status_mut() = match deed {
            None => StatusCode::OK,
            Some(Deed::Never) => StatusCode::BAD_REQUEST,
            Some(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
    }
    Ok(response)
}

const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
