//! HTTP/2 clients: one that behaves, and one that sends the frames it is told to.

use std::{
    future::Future,
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bytes::Bytes;
use h2::{
    Reason, RecvStream,
    client::{self, SendRequest},
};
use http::{HeaderMap, Request, Response};

use super::PATIENCE;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// Error code of a GOAWAY.
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// `GET /` of host `test`.
const GET: &[u8] = b"\x82\x86\x84\x41\x04test";
/// The same with POST.
const POST: &[u8] = b"\x83\x86\x84\x41\x04test";

/// Runs a test with asynchronous clients.
#[track_caller]
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await });
    runtime.shutdown_background();
    done.expect("the test must come to its end")
}

/// A connection whose frames are driven by a task of its own, which ends with it.
pub struct Connection {
    pub requests: SendRequest<Bytes>,
    pub driven: tokio::task::JoinHandle<Result<(), h2::Error>>,
}

/// A whole response.
#[derive(Debug)]
pub struct Whole {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_as(address, &client::Builder::new()).await
    }

    pub async fn open_as(address: SocketAddr, builder: &client::Builder) -> Self {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (requests, connection) = builder.handshake(stream).await.unwrap();
        Self { requests, driven: tokio::spawn(connection) }
    }

    /// Sends a request.
    pub async fn begin(
        &self,
        request: Request<()>,
        body: impl Into<Bytes>,
    ) -> Result<client::ResponseFuture, h2::Error> {
        let body = body.into();
        let mut requests = self.requests.clone().ready().await?;
        let (response, mut stream) = requests.send_request(request, body.is_empty())?;
        if !body.is_empty() {
            stream.send_data(body, true)?;
        }
        Ok(response)
    }

    /// Sends a request and reads the whole response.
    pub async fn send(&self, request: Request<()>, body: impl Into<Bytes>) -> Result<Whole, h2::Error> {
        whole(self.begin(request, body).await?.await?).await
    }

    pub async fn get(&self, path: &str) -> Result<Whole, h2::Error> {
        self.send(get(path), "").await
    }
}

/// A GET request.
pub fn get(path: &str) -> Request<()> {
    Request::get(format!("http://test{path}")).body(()).unwrap()
}

/// A POST request.
pub fn post(path: &str) -> Request<()> {
    Request::post(format!("http://test{path}")).body(()).unwrap()
}

/// Reads the rest of a response.
pub async fn whole(response: Response<RecvStream>) -> Result<Whole, h2::Error> {
    let (head, mut stream) = response.into_parts();
    let mut body = Vec::new();
    while let Some(data) = stream.data().await.transpose()? {
        stream.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    Ok(Whole { status: head.status.as_u16(), headers: head.headers, body })
}

/// Sends requests with a body, two at a time, counts those that are `served`, and ends once the server tells it to.
/// Panics when a request is cut: one that fails before the server is `ending`, or that the server has begun with.
pub async fn ask_until_told(address: SocketAddr, served: &AtomicUsize, ending: &AtomicBool) {
    let connection = Connection::open(address).await;
    let mut told = false;
    while !told {
        let both = (connection.send(post("/"), "body"), connection.send(post("/"), "body"));
        for result in <[_; 2]>::from(tokio::join!(both.0, both.1)) {
            match result {
                Ok(response) => {
                    assert_eq!((response.status, response.body.as_slice()), (200, b"body".as_slice()));
                    served.fetch_add(1, Ordering::Relaxed);
                }
                // The client may ask somebody else.
                Err(error) => {
                    let safe = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR)
                        || error.reason() == Some(Reason::REFUSED_STREAM);
                    assert!(safe && ending.load(Ordering::SeqCst), "cut: {error:?}");
                    told = true;
                }
            }
        }
    }
}

/// One frame as it came over the wire.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// A connection that sends what it is told to.
pub struct Raw {
    pub stream: TcpStream,
}

impl Raw {
    /// Connects, and says what every client says first.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let mut raw = Self::silent(address);
        raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        raw.frame(SETTINGS, 0, 0, b"");
        raw
    }

    /// Connects, and says nothing.
    #[track_caller]
    pub fn silent(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    #[track_caller]
    pub fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.send(&frame(kind, flags, stream, payload));
    }

    /// Begins a request; `kind` and `flags` as those of its first frame.
    #[track_caller]
    pub fn request(&mut self, stream: u32, flags: u8) {
        self.send(&request(stream, flags));
    }

    /// Reads one frame. `None`: the server has closed.
    pub fn read(&mut self) -> io::Result<Option<Frame>> {
        let mut head = [0; 9];
        match self.stream.read_exact(&mut head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.stream.read_exact(&mut payload)?;
        let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
        Ok(Some(Frame { kind: head[3], flags: head[4], stream, payload }))
    }

    /// Reads until a frame of this kind comes.
    #[track_caller]
    pub fn until(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.read().unwrap().expect("a frame must come before the end");
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// Reads until the server closes, and returns the code of the last GOAWAY.
    ///
    /// A reset is an error.
    pub fn end(&mut self) -> io::Result<Option<u32>> {
        let mut code = None;
        while let Some(frame) = self.read()? {
            if frame.kind == GOAWAY {
                code = Some(u32::from_be_bytes(frame.payload[4..8].try_into().unwrap()));
            }
        }
        Ok(code)
    }
}

/// The bytes of a frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The bytes of a request's head; without `END_STREAM` its method is POST.
pub fn request(stream: u32, flags: u8) -> Vec<u8> {
    frame(HEADERS, flags, stream, if flags & END_STREAM == 0 { POST } else { GET })
}
