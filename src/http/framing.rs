//! Refuses requests whose framing two parsers could read differently.
//!
//! hyper is lenient where RFC 9112 lets a server be: it takes a bare LF for a line end, and of `Content-Length` and
//! `Transfer-Encoding` together it drops the former. Behind a proxy that reads the same bytes otherwise, each of these
//! smuggles a request. [`Checked`] follows the framing of the bytes on their way to hyper and spoils the byte at which
//! a request becomes ambiguous, so that hyper answers 400 and closes; no later byte is looked at.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, ReadBuf};

/// No header name or value may hold this byte, so a head that does is refused.
const SPOILED: u8 = 0;
/// Bytes of a header name that are remembered, enough to tell the two that matter.
const NAME: usize = "transfer-encoding".len();

/// A byte stream of HTTP/1 requests, checked while it is read.
#[derive(Debug)]
pub struct Checked<S> {
    stream: S,
    framing: Framing,
}

/// Where in a request the next byte stands.
#[derive(Debug, Default)]
struct Framing {
    state: State,
    /// Name and value of the header line so far.
    line: Line,
    /// `Content-Length` of this head.
    length: Option<u64>,
    /// Whether this head has `Transfer-Encoding`.
    chunked: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    /// Empty lines before a request line, or its first byte.
    #[default]
    Start,
    /// In the request line.
    RequestLine,
    /// In a header line, or at its first byte.
    Header,
    /// In a body with a length.
    Body(u64),
    /// In the line that gives a chunk's size.
    ChunkSize(u64),
    /// Behind the `;` of such a line.
    ChunkExtension(u64),
    /// In a chunk's data and the CR LF behind it.
    Chunk(u64),
    /// In a line behind the last chunk, `true` at its first byte.
    Trailer(bool),
    /// A byte was spoiled; hyper will close.
    Refused,
}

#[derive(Debug, Default)]
struct Line {
    /// Lower-case start of the name.
    name: [u8; NAME],
    /// Bytes of the name so far, those beyond `NAME` too.
    name_length: usize,
    /// Whether the colon was passed.
    in_value: bool,
    /// The number in a value, `None` once it is something else.
    number: Option<u64>,
    /// Whether the value had a digit.
    digits: bool,
    /// Whether the digits ended by white space.
    ended: bool,
    /// Whether the byte before was CR.
    carriage_return: bool,
}

// === impl Checked ===

impl<S> Checked<S> {
    /// Checks what is read from `stream`.
    pub fn new(stream: S) -> Self {
        Self { stream, framing: Framing::default() }
    }

    /// Returns the stream itself.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Returns the stream itself, to write to it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Returns whether what was read ended with a complete request.
    pub fn is_between_requests(&self) -> bool {
        self.framing.state == State::Start
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Checked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.framing.check(&mut buffer.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

// === impl Framing ===

impl Framing {
    /// Follows `bytes`; spoils the first one that makes the request ambiguous.
    fn check(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.state {
                State::Refused => return,
                // Bodies are passed over in one step.
                State::Body(left) => {
                    let step = left_to_step(*left, bytes.len() - at);
                    *left -= step as u64;
                    at += step;
                    if *left == 0 {
                        self.next_request();
                    }
                }
                State::Chunk(left) if *left > 2 => {
                    let step = left_to_step(*left - 2, bytes.len() - at);
                    *left -= step as u64;
                    at += step;
                }
                // Most of a head is neither a line end nor the start of a line.
                State::RequestLine => match memchr(b'\n', &bytes[at..]) {
                    Some(step) => {
                        let before = if step == 0 { self.line.carriage_return } else { bytes[at + step - 1] == b'\r' };
                        at += step;
                        if before {
                            self.state = State::Header;
                            self.line = Line::default();
                            at += 1;
                        } else {
                            return self.refuse(&mut bytes[at]);
                        }
                    }
                    None => {
                        self.line.carriage_return = bytes.last() == Some(&b'\r');
                        return;
                    }
                },
                _ => {
                    if !self.step(bytes[at]) {
                        return self.refuse(&mut bytes[at]);
                    }
                    at += 1;
                }
            }
        }
    }

    fn refuse(&mut self, byte: &mut u8) {
        *byte = SPOILED;
        self.state = State::Refused;
    }

    /// Follows one byte. Returns false if it makes the request ambiguous.
    fn step(&mut self, byte: u8) -> bool {
        match self.state {
            State::Start => {
                if byte == b'\n' && !self.line.carriage_return {
                    return false;
                }
                if byte != b'\r' && byte != b'\n' {
                    self.state = State::RequestLine;
                }
                self.line.carriage_return = byte == b'\r';
                true
            }
            State::Header => self.header(byte),
            State::ChunkSize(size) => match (byte, (byte as char).to_digit(16)) {
                (_, Some(digit)) if size >> 60 == 0 => {
                    self.state = State::ChunkSize(size << 4 | u64::from(digit));
                    true
                }
                (b';' | b' ' | b'\t', _) => {
                    self.state = State::ChunkExtension(size);
                    true
                }
                (b'\r', _) => self.line_end_next(),
                (b'\n', _) => self.line.carriage_return && self.chunk(size),
                _ => false,
            },
            State::ChunkExtension(size) => match byte {
                b'\r' => self.line_end_next(),
                b'\n' => self.line.carriage_return && self.chunk(size),
                _ => !self.line.carriage_return,
            },
            // Only the CR LF behind the data comes here.
            State::Chunk(left) => {
                self.state = if left == 2 { State::Chunk(1) } else { State::ChunkSize(0) };
                self.line.carriage_return = false;
                byte == if left == 2 { b'\r' } else { b'\n' }
            }
            State::Trailer(first) => match byte {
                b'\r' => self.line_end_next(),
                b'\n' if !self.line.carriage_return => false,
                b'\n' if first => {
                    self.next_request();
                    true
                }
                b'\n' => {
                    self.line.carriage_return = false;
                    self.state = State::Trailer(true);
                    true
                }
                _ => {
                    self.state = State::Trailer(false);
                    !self.line.carriage_return
                }
            },
            State::RequestLine | State::Body(_) | State::Refused => true,
        }
    }

    fn line_end_next(&mut self) -> bool {
        !std::mem::replace(&mut self.line.carriage_return, true)
    }

    fn chunk(&mut self, size: u64) -> bool {
        self.line.carriage_return = false;
        self.state = if size == 0 { State::Trailer(true) } else { State::Chunk(size + 2) };
        true
    }

    fn header(&mut self, byte: u8) -> bool {
        let line = &mut self.line;
        match byte {
            b'\r' => {
                // A CR that ends no line is refused at the byte behind it.
                !std::mem::replace(&mut line.carriage_return, true)
            }
            b'\n' => line.carriage_return && self.header_end(),
            _ if line.carriage_return => false,
            // A line that starts with white space continues the one before: RFC 9112 section 5.2 has it refused.
            b' ' | b'\t' if line.name_length == 0 && !line.in_value => false,
            b':' if !line.in_value => {
                line.in_value = true;
                line.number = Some(0);
                true
            }
            _ if line.in_value => {
                line.value(byte);
                true
            }
            _ => {
                if let Some(place) = line.name.get_mut(line.name_length) {
                    *place = byte.to_ascii_lowercase();
                }
                line.name_length += 1;
                // White space between name and colon: RFC 9112 section 5.1 has it refused.
                byte != b' ' && byte != b'\t'
            }
        }
    }

    fn header_end(&mut self) -> bool {
        let line = std::mem::take(&mut self.line);
        if line.name_length == 0 && !line.in_value {
            return self.head_end();
        }
        match line.name.get(..line.name_length) {
            Some(b"content-length") => {
                // Two of them, even equal ones, and anything but one number are refused.
                let number = line.number.filter(|_| line.digits);
                let first = self.length.is_none();
                self.length = number;
                first && number.is_some()
            }
            Some(b"transfer-encoding") => !std::mem::replace(&mut self.chunked, true),
            _ => true,
        }
    }

    fn head_end(&mut self) -> bool {
        match (self.length, self.chunked) {
            (Some(_), true) => return false,
            (Some(0) | None, false) => self.next_request(),
            (Some(length), false) => self.state = State::Body(length),
            (None, true) => self.state = State::ChunkSize(0),
        }
        true
    }

    fn next_request(&mut self) {
        *self = Self::default();
    }
}

// === impl Line ===

impl Line {
    /// Reads one byte of a value as part of a number.
    fn value(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' => self.ended |= self.digits,
            b'0'..=b'9' if !self.ended => {
                self.digits = true;
                self.number = self
                    .number
                    .and_then(|number| number.checked_mul(10))
                    .and_then(|number| number.checked_add(u64::from(byte - b'0')));
            }
            _ => self.number = None,
        }
    }
}

fn left_to_step(left: u64, available: usize) -> usize {
    usize::try_from(left).map_or(available, |left| left.min(available))
}

fn memchr(needle: u8, haystack: &[u8]) -> Option<usize> {
    haystack.iter().position(|byte| *byte == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `bytes` pass, cut into pieces of `size`.
    fn passes(bytes: &[u8], size: usize) -> bool {
        let mut framing = Framing::default();
        for piece in bytes.chunks(size) {
            let mut piece = piece.to_vec();
            framing.check(&mut piece);
        }
        framing.state != State::Refused
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: bool) {
        for size in 1..=bytes.len() {
            assert_eq!(passes(bytes, size), expected, "in pieces of {size}: {:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn plain_requests_pass() {
        check(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", true);
        check(b"\r\nPOST / HTTP/1.1\r\nContent-Length: 4 \r\n\r\na\nb\0GET / HTTP/1.1\r\n\r\n", true);
        check(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;x=\"y\"\r\na\n\0b\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            true,
        );
    }

    #[test]
    fn length_and_encoding_together_are_refused() {
        check(b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", false);
        check(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n", false);
    }

    #[test]
    fn doubtful_lengths_are_refused() {
        for length in ["4, 4", "+4", "-1", "0x4", "", " ", "4 4", "99999999999999999999", "4;"] {
            check(format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n").as_bytes(), false);
        }
        check(b"POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n", false);
    }

    #[test]
    fn bare_line_feeds_are_refused() {
        check(b"GET / HTTP/1.1\nHost: a\r\n\r\n", false);
        check(b"GET / HTTP/1.1\r\nHost: a\n\r\n", false);
        check(b"GET / HTTP/1.1\r\nHost: a\r\n\n", false);
        check(b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", false);
        check(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", false);
        check(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n", false);
    }

    #[test]
    fn folded_lines_and_spaces_before_the_colon_are_refused() {
        check(b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", false);
        check(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", false);
        check(b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", false);
    }

    #[test]
    fn a_smuggled_second_request_is_found() {
        check(
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n",
            false,
        );
    }
}
