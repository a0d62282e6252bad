//! Refuses requests whose framing two parsers could read differently.
//!
//! hyper is lenient where RFC 9112 lets a server be: it takes a bare LF for a line end, and of `Content-Length` and
//! `Transfer-Encoding` together it drops the former. Behind a proxy that reads the same bytes otherwise, each of these
//! smuggles a request. [`Checked`] follows the framing of the bytes on their way to hyper and ends the stream at the byte
//! at which a request becomes ambiguous: in a head after bytes that make hyper answer 400, in a body as if the client had
//! broken off. hyper sees no later byte.
//!
//! In the other direction it puts interim answers between those of hyper, which knows none.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use memchr::memchr2;
use tokio::io::{AsyncRead, ReadBuf};

use super::patience::{Wait, Written};

mod writing;

/// Takes the place of a refused byte in a head, and of all that follow: a NUL is nowhere allowed in a head, and the rest
/// lets hyper look at it at once. Until it sees the end of a head that came in pieces, hyper parses nothing.
const SPOILT: &[u8] = b"\0\r\n\r\n";
/// Bytes of a header name that are remembered, enough to tell the two that matter.
const NAME: usize = TRANSFER_ENCODING.len();
const CONTENT_LENGTH: &[u8] = b"content-length";
const TRANSFER_ENCODING: &[u8] = b"transfer-encoding";

/// A byte stream of HTTP/1 requests, checked while it is read.
#[derive(Debug)]
pub struct Checked<S> {
    stream: S,
    framing: Framing,
    written: Written,
    /// Once a byte was refused: what is still to be read in its place.
    rest: Option<&'static [u8]>,
    /// What goes out before the next byte of hyper's.
    interim: Vec<u8>,
    /// Whether hyper has nothing left to write.
    flushed: bool,
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
    /// Requests that were read to their end.
    requests: u32,
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
    /// In the line that gives a chunk's size; `None` before its first digit.
    ChunkSize(Option<u64>),
    /// Behind the `;` of such a line.
    ChunkExtension(u64),
    /// In a chunk's data and the CR LF behind it.
    Chunk(u64),
    /// In a line behind the last chunk, `true` at its first byte.
    Trailer(bool),
    /// A byte of a head was refused; hyper will close.
    HeadRefused,
    /// A byte of a body was refused; hyper will close.
    BodyRefused,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the line, and they are independent")]
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
        let (framing, written) = (Framing::default(), Written::default());
        Self { stream, framing, written, rest: None, interim: Vec::new(), flushed: true }
    }

    /// Returns whether what was read ended with a complete request.
    pub fn is_between_requests(&self) -> bool {
        self.framing.state == State::Start
    }

    /// Returns whether what was read ended in the head of a request.
    pub(super) fn is_in_head(&self) -> bool {
        matches!(self.framing.state, State::RequestLine | State::Header)
    }

    /// Returns what the client is waited for, and a number that changes whenever it gets on. `busy`: a worker has its
    /// request.
    pub(super) fn wait(&self, busy: bool) -> (Wait, u64) {
        let requests = u64::from(self.framing.requests);
        match self.framing.state {
            _ if self.written.blocked => (Wait::Taken, self.written.bytes),
            _ if busy => (Wait::Untimed, 0),
            State::Start if requests > 0 => (Wait::Request, requests.wrapping_add(self.written.bytes)),
            State::Start | State::RequestLine | State::Header | State::HeadRefused => (Wait::Head, requests),
            _ => (Wait::Untimed, 0),
        }
    }

    pub(super) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Checked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.rest.is_none() {
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            let Err(passed) = self.framing.check(&buffer.filled()[before..]) else { return Poll::Ready(Ok(())) };
            buffer.set_filled(before + passed);
            self.rest = Some(if self.framing.state == State::HeadRefused { SPOILT } else { b"" });
            // Nothing read at all would be the end.
            if passed > 0 {
                return Poll::Ready(Ok(()));
            }
        }
        let rest = self.rest.take().unwrap_or_default();
        let (now, later) = rest.split_at(rest.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.rest = Some(later);
        Poll::Ready(Ok(()))
    }
}

// === impl Framing ===

impl Framing {
    /// Follows `bytes`. At the first one that makes the request ambiguous, returns the number of those before it.
    fn check(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.state {
                State::HeadRefused | State::BodyRefused => return Err(at),
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
                State::RequestLine => match memchr2(b'\n', b'#', &bytes[at..]) {
                    // A target has no fragment. hyper drops it in silence, where a proxy may have taken it for a path.
                    Some(step) if bytes[at + step] == b'#' => return Err(self.refuse(at + step)),
                    Some(step) => {
                        let before = if step == 0 { self.line.carriage_return } else { bytes[at + step - 1] == b'\r' };
                        at += step;
                        if !before {
                            return Err(self.refuse(at));
                        }
                        self.state = State::Header;
                        self.line = Line::default();
                        at += 1;
                    }
                    None => {
                        self.line.carriage_return = bytes.last() == Some(&b'\r');
                        return Ok(());
                    }
                },
                state => {
                    if *state == State::Header
                        && self.line.is_new()
                        && let Some(length) = harmless_line(&bytes[at..])
                    {
                        at += length;
                        continue;
                    }
                    if !self.step(bytes[at]) {
                        return Err(self.refuse(at));
                    }
                    at += 1;
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, at: usize) -> usize {
        self.state = match self.state {
            State::Start | State::RequestLine | State::Header | State::HeadRefused => State::HeadRefused,
            _ => State::BodyRefused,
        };
        at
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
                _ if self.line.carriage_return => byte == b'\n' && size.is_some_and(|size| self.chunk(size)),
                // A chunk of 2^60 bytes will never end; larger sizes are those that overflow somewhere.
                (_, Some(digit)) if size.unwrap_or(0) >> 56 == 0 => {
                    self.state = State::ChunkSize(Some(size.unwrap_or(0) << 4 | u64::from(digit)));
                    true
                }
                (b';' | b' ' | b'\t', _) => size.is_some_and(|size| {
                    self.state = State::ChunkExtension(size);
                    true
                }),
                (b'\r', _) => self.line_end_next(),
                _ => false,
            },
            State::ChunkExtension(size) => match byte {
                _ if self.line.carriage_return => byte == b'\n' && self.chunk(size),
                b'\r' => self.line_end_next(),
                // hyper passes over extensions whatever they hold.
                _ => byte == b'\t' || !byte.is_ascii_control(),
            },
            // Only the CR LF behind the data comes here.
            State::Chunk(left) => {
                self.state = if left == 2 { State::Chunk(1) } else { State::ChunkSize(None) };
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
            State::RequestLine | State::Body(_) | State::HeadRefused | State::BodyRefused => true,
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
            Some(CONTENT_LENGTH) => {
                // Two of them, even equal ones, and anything but one number are refused.
                let number = line.number.filter(|_| line.digits);
                let first = self.length.is_none();
                self.length = number;
                first && number.is_some()
            }
            Some(TRANSFER_ENCODING) => !std::mem::replace(&mut self.chunked, true),
            _ => true,
        }
    }

    fn head_end(&mut self) -> bool {
        match (self.length, self.chunked) {
            (Some(_), true) => return false,
            (Some(0) | None, false) => self.next_request(),
            (Some(length), false) => self.state = State::Body(length),
            (None, true) => self.state = State::ChunkSize(None),
        }
        true
    }

    fn next_request(&mut self) {
        *self = Self { requests: self.requests.wrapping_add(1), ..Self::default() };
    }
}

// === impl Line ===

impl Line {
    /// Returns whether no byte of the line was seen.
    fn is_new(&self) -> bool {
        self.name_length == 0 && !self.in_value && !self.carriage_return
    }

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

/// The length of the header line that `bytes` start with, if it is whole, well formed and of no meaning for the framing.
/// Nearly every line is; the others are looked at byte by byte.
fn harmless_line(bytes: &[u8]) -> Option<usize> {
    // Names are short: a search would cost more than it saves.
    let name = bytes.iter().position(|byte| matches!(byte, b':' | b'\r' | b'\n' | b' ' | b'\t'))?;
    if bytes[name] != b':' || name == 0 || name == CONTENT_LENGTH.len() || name == TRANSFER_ENCODING.len() {
        return None;
    }
    let end = name + memchr2(b'\r', b'\n', &bytes[name..])?;
    (bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n')).then_some(end + 2)
}

fn left_to_step(left: u64, available: usize) -> usize {
    usize::try_from(left).map_or(available, |left| left.min(available))
}

#[cfg(test)]
mod tests;
