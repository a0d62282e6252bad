//! A small HTTP/1.1 client that shows exactly what came over the wire.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
};

use super::PATIENCE;

/// One keep-alive connection.
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

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, rest: Vec::new() })
    }

    /// A client on a connection that is there.
    pub fn over(stream: TcpStream) -> Self {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, rest: Vec::new() }
    }

    /// The client's own address.
    pub fn local(&self) -> SocketAddr {
        self.stream.local_addr().unwrap()
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    pub fn request(&mut self, method: &str, target: &str, headers: &str, body: &[u8]) -> io::Result<Response> {
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{headers}{length}\r\n").into_bytes();
        bytes.extend_from_slice(body);
        self.send(&bytes)?;
        self.response(method == "HEAD")
    }

    pub fn get(&mut self, target: &str) -> io::Result<Response> {
        self.request("GET", target, "", b"")
    }

    fn more(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 65536];
        let length = self.stream.read(&mut buffer)?;
        self.rest.extend_from_slice(&buffer[..length]);
        Ok(length)
    }

    fn need(&mut self, length: usize) -> io::Result<()> {
        while self.rest.len() < length {
            if self.more()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Reads one response; interim ones (1xx) are passed over.
    pub fn response(&mut self, head_only: bool) -> io::Result<Response> {
        loop {
            let response = self.any_response(head_only)?;
            if response.status >= 200 {
                return Ok(response);
            }
        }
    }

    /// Reads one response, interim ones too.
    pub fn any_response(&mut self, head_only: bool) -> io::Result<Response> {
        let end = loop {
            if let Some(end) = self.rest.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if self.more()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.rest.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut response = Response { status, headers, body: Vec::new() };
        if head_only || status < 200 || status == 204 || status == 304 {
            return Ok(response);
        }
        if let Some(length) = response.header("content-length").and_then(|length| length.parse().ok()) {
            self.need(length)?;
            response.body = self.rest.drain(..length).collect();
        } else if response.header("transfer-encoding") == Some("chunked") {
            response.body = self.chunks()?;
        } else {
            while self.more()? > 0 {}
            response.body = std::mem::take(&mut self.rest);
        }
        Ok(response)
    }

    /// A chunked body, to its end and the trailers behind it.
    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(&self.line()?, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            if length == 0 {
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            self.need(length + 2)?;
            body.extend(self.rest.drain(..length + 2).take(length));
        }
    }

    /// A line without its end.
    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.rest.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.rest.drain(..end + 2).take(end).collect();
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            if self.more()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Takes out what has come, or waits for something; empty at the end.
    pub fn some(&mut self) -> io::Result<Vec<u8>> {
        if self.rest.is_empty() {
            self.more()?;
        }
        Ok(std::mem::take(&mut self.rest))
    }

    /// Reads until `text` has come, and returns everything up to it.
    pub fn until(&mut self, text: &str) -> io::Result<String> {
        loop {
            if let Some(at) = self.rest.windows(text.len()).position(|window| window == text.as_bytes()) {
                let seen: Vec<u8> = self.rest.drain(..at + text.len()).collect();
                return Ok(String::from_utf8_lossy(&seen).into_owned());
            }
            if self.more()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads until the other side closes.
    pub fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        while self.more()? > 0 {}
        Ok(std::mem::take(&mut self.rest))
    }
}

/// One request on a connection of its own.
#[track_caller]
pub fn get(address: SocketAddr, target: &str) -> Response {
    Client::connect(address)
        .and_then(|mut client| client.get(target))
        .unwrap_or_else(|error| panic!("GET {target}: {error}"))
}

/// One request with a body on a connection of its own.
#[track_caller]
pub fn post(address: SocketAddr, target: &str, body: &[u8]) -> Response {
    let answer = Client::connect(address).and_then(|mut client| client.request("POST", target, "", body));
    answer.unwrap_or_else(|error| panic!("POST {target}: {error}"))
}
