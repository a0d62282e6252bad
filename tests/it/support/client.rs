//! A small HTTP/1.1 client that sends what it is told and shows exactly what came over the wire.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use super::{PATIENCE, until};

/// One connection.
pub struct Client {
    stream: TcpStream,
    /// Bytes read beyond the last response.
    rest: Vec<u8>,
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Waits until one of `clients` has an answer, and takes it out.
#[track_caller]
pub fn first_answered(clients: &mut Vec<Client>) -> Client {
    let mut found = None;
    until("one of the clients has an answer", || {
        found = clients.iter().position(|client| !client.is_silent());
        found.is_some()
    });
    clients.swap_remove(found.unwrap())
}

impl Response {
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "two {name} in {:?}", self.headers);
        value
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the server announces that it closes.
    pub fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }
}

impl Client {
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, rest: Vec::new() }
    }

    /// Waits no longer than `patience` for what the server sends.
    pub fn set_patience(&self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).unwrap();
    }

    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes.as_ref()).unwrap();
    }

    /// Sends, if the server still listens.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Waits no longer than `patience` until the server takes something.
    pub fn set_write_patience(&self, patience: Duration) {
        self.stream.set_write_timeout(Some(patience)).unwrap();
    }

    /// Sends as much as is taken at once.
    pub fn send_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    /// Sends no more, but listens on.
    pub fn end_sending(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads what comes until the end.
    pub fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        self.stream.read_to_string(text)
    }

    /// Reads what comes until the end.
    pub fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        self.stream.read_to_end(bytes)
    }

    /// Ends the connection the hard way.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Whether the connection is open, and nothing came over it.
    pub fn is_silent(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let read = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        self.rest.is_empty() && read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Sends a request with a body.
    #[track_caller]
    pub fn post(&mut self, body: &[u8]) {
        self.send(format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n", body.len()));
        self.send(body);
    }

    /// Sends a GET request and reads the response.
    #[track_caller]
    pub fn get(&mut self, target: &str) -> Response {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
        self.response()
    }

    /// Reads one response, interim ones too.
    #[track_caller]
    pub fn response(&mut self) -> Response {
        self.read(false).unwrap().expect("a response must come before the end")
    }

    /// Reads one response; the end of the connection is an error.
    pub fn try_response(&mut self) -> io::Result<Response> {
        self.read(false)?.ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    /// Reads one response to a HEAD request.
    #[track_caller]
    pub fn response_without_body(&mut self) -> Response {
        self.read(true).unwrap().expect("a response must come before the end")
    }

    /// Reads all responses to come, until the server closes.
    ///
    /// A reset is an error: it may destroy the last response on its way.
    pub fn responses(&mut self) -> io::Result<Vec<Response>> {
        std::iter::from_fn(|| self.read(false).transpose()).collect()
    }

    /// Checks that the server closes without another byte.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let length = self.more().unwrap();
        assert!(length == 0 && self.rest.is_empty(), "not the end: {:?}", String::from_utf8_lossy(&self.rest));
    }

    /// Takes out what has come, or waits for something; empty at the end.
    pub fn some(&mut self) -> io::Result<Vec<u8>> {
        if self.rest.is_empty() {
            self.more()?;
        }
        Ok(std::mem::take(&mut self.rest))
    }

    /// Reads on until `text` has come, and returns what has, it and what came with it included.
    #[track_caller]
    pub fn read_until(&mut self, text: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(text) {
            let more = self.some().unwrap();
            assert!(!more.is_empty(), "the end before {text:?}, after {seen:?}");
            seen += &String::from_utf8_lossy(&more);
        }
        seen
    }

    /// Checks that the server closes in the middle of a body.
    #[track_caller]
    pub fn expect_cut(&mut self) {
        let rest = std::iter::from_fn(|| self.some().ok().filter(|rest| !rest.is_empty())).collect::<Vec<_>>().concat();
        assert!(!rest.ends_with(b"0\r\n\r\n"), "the end of a body, not a cut: {:?}", String::from_utf8_lossy(&rest));
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let length = usize::from_str_radix(&line, 16).map_err(io::Error::other)?;
            while self.rest.len() < length {
                if self.more()? == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            }
            body.extend(self.rest.drain(..length));
            let end = self.line()?;
            assert!(end.is_empty(), "no end of a chunk but {end:?}");
            if length == 0 {
                return Ok(body);
            }
        }
    }

    /// A line without its end.
    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.rest.windows(2).position(|window| window == b"\r\n") {
                let line = self.rest.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(io::Error::other);
            }
            if self.more()? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads some of what comes, but so much at most.
    #[track_caller]
    pub fn take(&mut self, most: usize) {
        let mut buffer = vec![0; most];
        let length = self.stream.read(&mut buffer).unwrap();
        self.rest.extend_from_slice(&buffer[..length]);
    }

    fn more(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 65536];
        let length = self.stream.read(&mut buffer)?;
        self.rest.extend_from_slice(&buffer[..length]);
        Ok(length)
    }

    /// Reads one response; `None` when the server closes instead.
    fn read(&mut self, head_only: bool) -> io::Result<Option<Response>> {
        let end = loop {
            if let Some(end) = self.rest.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if self.more()? == 0 {
                return if self.rest.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        };
        let head = String::from_utf8(self.rest.drain(..end + 4).take(end).collect()).map_err(io::Error::other)?;
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let status = line.strip_prefix("HTTP/1.1 ").or(line.strip_prefix("HTTP/1.0 "));
        let status = status.and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("not a status line: {line:?}")))?;
        let headers = lines
            .map(|line| line.split_once(": ").ok_or_else(|| io::Error::other(format!("not a header: {line:?}"))))
            .map(|header| header.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())))
            .collect::<io::Result<_>>()?;
        let mut response = Response { status, headers, body: Vec::new() };
        if head_only || status < 200 || status == 204 || status == 304 {
            return Ok(Some(response));
        }
        if response.header("transfer-encoding") == Some("chunked") {
            response.body = self.chunks()?;
            return Ok(Some(response));
        }
        let length = response.header("content-length").and_then(|length| length.parse().ok());
        let length = length.ok_or_else(|| io::Error::other(format!("no length in {response:?}")))?;
        while self.rest.len() < length {
            if self.more()? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        response.body = self.rest.drain(..length).collect();
        Ok(Some(response))
    }
}
