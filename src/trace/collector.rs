//! A collector: takes requests for export over one connection, which is opened when it is needed.

use std::{
    io::{self, Write},
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER, TE, USER_AGENT},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::timeout;

use super::{Client, Config, Error, connect::Connector, grpc, otlp};

/// How long a collector may take to take what it is sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that is read.
const ANSWER: usize = 64 * 1024;
/// Says that a message of gRPC may be compressed, and how.
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// Where traces are sent.
pub(super) struct Collector {
    connector: Connector,
    client: Client,
    compress: bool,
    /// What every request says.
    uri: Uri,
    headers: HeaderMap,
    /// `None`: there is no connection.
    connection: Option<Connection>,
}

enum Connection {
    Http(http1::SendRequest<Full<Bytes>>),
    Grpc(http2::SendRequest<Full<Bytes>>),
}

/// Why something was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Nothing, or nothing sensible, came back.
    #[error("{0}")]
    Broken(String),
    /// The collector cannot take it now, but maybe after this time.
    #[error("{0}")]
    Later(String, Option<Duration>),
    /// It will never take it.
    #[error("{0}")]
    Never(String),
}

// === impl Collector ===

impl Collector {
    pub(super) fn new(config: &Config, connector: Connector) -> Result<Self, Error> {
        let Config { client, compress, .. } = *config;
        let authority = connector.endpoint().to_string();
        let mut headers: HeaderMap = config.headers.iter().cloned().collect();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let gzip = HeaderValue::from_static("gzip");
        let uri = match client {
            Client::Http => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
                headers.insert(HOST, HeaderValue::from_str(&authority).map_err(|_| Error::Name(authority))?);
                if compress {
                    headers.insert(CONTENT_ENCODING, gzip);
                }
                config.path.parse()
            }
            Client::Grpc => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
                headers.insert(TE, HeaderValue::from_static("trailers"));
                if compress {
                    headers.insert(GRPC_ENCODING, gzip);
                }
                let scheme = if connector.is_secure() { "https" } else { "http" };
                format!("{scheme}://{authority}{}", grpc::METHOD).parse()
            }
        };
        let uri = uri.map_err(|_| Error::Name(connector.endpoint().to_string()))?;
        Ok(Self { connector, client, compress, uri, headers, connection: None })
    }

    /// What goes over the wire for a request for export.
    pub(super) fn pack(&self, request: Vec<u8>) -> io::Result<Bytes> {
        let body = if self.compress {
            let mut encoder = GzEncoder::new(Vec::with_capacity(request.len() / 4), Compression::fast());
            encoder.write_all(&request)?;
            encoder.finish()?
        } else {
            request
        };
        Ok(match self.client {
            Client::Http => body.into(),
            Client::Grpc => grpc::framed(&body, self.compress).into(),
        })
    }

    /// Sends what was packed. Returns how many spans were rejected, and why, if some were.
    pub(super) async fn send(&mut self, body: Bytes) -> Result<Option<(u64, String)>, Failure> {
        let sent = timeout(PATIENCE, self.exchange(body)).await;
        let outcome =
            sent.unwrap_or_else(|_| Err(Failure::Broken(format!("no answer within {} s", PATIENCE.as_secs()))));
        if let Err(Failure::Broken(_)) = outcome {
            self.connection = None;
        }
        outcome
    }

    async fn exchange(&mut self, body: Bytes) -> Result<Option<(u64, String)>, Failure> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let response = match self.connection().await? {
            Connection::Http(sender) => sender.send_request(request).await,
            Connection::Grpc(sender) => sender.send_request(request).await,
        };
        let response = response.map_err(broken)?;
        match self.client {
            Client::Http => over_http(response).await,
            Client::Grpc => over_grpc(response).await,
        }
    }

    /// The connection that there is, or a new one.
    async fn connection(&mut self) -> Result<&mut Connection, Failure> {
        let ready = match &mut self.connection {
            Some(Connection::Http(sender)) => sender.ready().await.is_ok(),
            Some(Connection::Grpc(sender)) => sender.ready().await.is_ok(),
            None => false,
        };
        if !ready {
            self.connection = None;
            let stream = self.connector.connect().await.map_err(|error| Failure::Broken(error.to_string()))?;
            let stream = TokioIo::new(stream);
            let connection = match self.client {
                Client::Http => {
                    let (sender, connection) = http1::handshake(stream).await.map_err(broken)?;
                    // Its errors come out where a request is sent.
                    tokio::spawn(async move { drop(connection.await) });
                    Connection::Http(sender)
                }
                Client::Grpc => {
                    let handshake = http2::handshake(TokioExecutor::new(), stream).await;
                    let (sender, connection) = handshake.map_err(broken)?;
                    tokio::spawn(async move { drop(connection.await) });
                    Connection::Grpc(sender)
                }
            };
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or_else(|| Failure::Broken("there is no connection".to_owned()))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn broken(error: hyper::Error) -> Failure {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::Broken(format!("{error}{cause}"))
}

async fn over_http(response: Response<Incoming>) -> Result<Option<(u64, String)>, Failure> {
    let status = response.status();
    let pause = response.headers().get(RETRY_AFTER).and_then(|pause| pause.to_str().ok()?.parse().ok());
    let body = Limited::new(response.into_body(), ANSWER).collect().await;
    match status.as_u16() {
        // Taken, even if the rest of the answer is lost.
        200..=299 => Ok(body.ok().and_then(|body| otlp::rejected(&body.to_bytes()))),
        429 | 502..=504 => Err(Failure::Later(said(status), pause.map(Duration::from_secs))),
        _ => Err(Failure::Never(said(status))),
    }
}

fn said(status: StatusCode) -> String {
    format!("the collector says {status}")
}

async fn over_grpc(response: Response<Incoming>) -> Result<Option<(u64, String)>, Failure> {
    let status = response.status();
    // An answer without a message has its status in front.
    let early = grpc::status(response.headers());
    let body = Limited::new(response.into_body(), ANSWER).collect().await;
    let body = body.map_err(|error| Failure::Broken(error.to_string()))?;
    let late = body.trailers().and_then(grpc::status);
    match early.or(late) {
        Some((0, _)) => Ok(otlp::rejected(grpc::unframed(&body.to_bytes()))),
        Some((code, message)) => {
            let text = format!("the collector says status {code} of gRPC: {message}");
            Err(if grpc::is_passing(code) { Failure::Later(text, None) } else { Failure::Never(text) })
        }
        None if matches!(status.as_u16(), 429 | 502..=504) => Err(Failure::Later(said(status), None)),
        None => Err(Failure::Never(format!("the collector does not speak gRPC: {status}"))),
    }
}
