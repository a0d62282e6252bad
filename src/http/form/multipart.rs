//! Takes a `multipart/form-data` body (RFC 7578) apart while it arrives.
//!
//! It reads what PHP's own parser reads, and as that does: line ends may be a bare LF, names may be quoted or not, what
//! stands before the first boundary and behind the last one is passed over. `tests/e2e/form_table` holds the two
//! together, and says where they part.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;

use super::parameters::{CONTENT_TYPE, DISPOSITION, Parameters};

#[cfg(test)]
mod tests;

/// Longest head of a part.
const HEAD: usize = 16 * 1024;
/// Longest boundary (RFC 2046 section 5.1.1).
const BOUNDARY: usize = 70;
/// Most headers of a part that are looked at.
const HEADERS: usize = 32;

/// A parser that is fed with pieces of a body.
#[derive(Debug)]
pub(in crate::http) struct Parser {
    /// LF and the boundary with its two dashes; a CR may stand before it.
    delimiter: Finder<'static>,
    buffer: BytesMut,
    state: State,
    /// Whether heads have all their headers.
    headers: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Before the first boundary, at the first byte or not.
    Preamble { first: bool },
    /// Behind a boundary, in its line.
    Boundary,
    /// In the head of a part.
    Head,
    /// In its contents.
    Contents,
    /// Behind the last boundary.
    Over,
}

/// What comes next in a body.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum Event {
    /// A part begins.
    Part(Head),
    /// A piece of its contents, not empty.
    Data(Bytes),
    /// It ends.
    End,
    /// The last boundary was passed.
    Over,
}

/// The head of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The field's name; `None`: it has none, and PHP passes it over.
    pub name: Option<Vec<u8>>,
    /// The file's name as the client gives it; `None`: it is no file.
    pub file: Option<Vec<u8>>,
    /// `Content-Type` without parameters; empty if there is none.
    pub media_type: Vec<u8>,
    /// Lower-case names and values of its headers, if they are wanted.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A body is not what its type says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    /// The type has no boundary, or one that may not be.
    #[error("the content-type has no valid boundary")]
    Boundary,
    /// The head of a part does not end.
    #[error("the head of a part is longer than {HEAD} bytes")]
    Head,
    /// There are too many parts.
    #[error("there are more than {0} parts")]
    Parts(usize),
    /// It ends within a part, and is read part by part.
    #[error("the body ended within a part")]
    Unended,
}

// === impl Parser ===

impl Parser {
    /// A parser for a body of this `Content-Type`.
    ///
    /// # Errors
    ///
    /// When that has no boundary.
    pub(in crate::http) fn new(content_type: &[u8]) -> Result<Self, Malformed> {
        let boundary = Parameters(content_type, CONTENT_TYPE).find(|(name, _)| name.eq_ignore_ascii_case(b"boundary"));
        let (_, boundary) = boundary.ok_or(Malformed::Boundary)?;
        if boundary.is_empty() || boundary.len() > BOUNDARY {
            return Err(Malformed::Boundary);
        }
        let delimiter = Finder::new(&[b"\n--", boundary.as_slice()].concat()).into_owned();
        Ok(Self { delimiter, buffer: BytesMut::new(), state: State::Preamble { first: true }, headers: false })
    }

    /// Gives heads all their headers.
    pub(super) fn with_headers(self) -> Self {
        Self { headers: true, ..self }
    }

    /// Adds what has arrived.
    pub(in crate::http) fn feed(&mut self, piece: &[u8]) {
        if self.state != State::Over {
            self.buffer.extend_from_slice(piece);
        }
    }

    /// Returns what comes next; `None`: that is still to arrive.
    ///
    /// # Errors
    ///
    /// When the body is malformed; nothing of it is of use any more.
    pub(in crate::http) fn next(&mut self) -> Result<Option<Event>, Malformed> {
        loop {
            match self.state {
                State::Preamble { first } => {
                    let start = &self.delimiter.needle()[1..];
                    if first && self.buffer.len() < start.len() && start.starts_with(&self.buffer) {
                        return Ok(None);
                    }
                    if first && self.buffer.starts_with(start) {
                        self.buffer.advance(start.len());
                        self.state = State::Boundary;
                        continue;
                    }
                    self.state = State::Preamble { first: false };
                    let Some(at) = self.delimiter.find(&self.buffer) else {
                        self.buffer.advance(self.buffer.len().saturating_sub(self.tail()));
                        return Ok(None);
                    };
                    self.pass_boundary(at);
                }
                State::Boundary => {
                    if self.buffer.starts_with(b"--") {
                        self.buffer.clear();
                        self.state = State::Over;
                        return Ok(Some(Event::Over));
                    }
                    let Some(end) = memchr::memchr(b'\n', &self.buffer) else { return self.more() };
                    // With other text behind it, it was none: the next one counts, which may begin with this line end.
                    let none = !self.buffer[..end].trim_ascii().is_empty();
                    self.buffer.advance(if none { end } else { end + 1 });
                    self.state = if none { State::Preamble { first: false } } else { State::Head };
                }
                State::Head => {
                    let Some(length) = head_length(&self.buffer) else { return self.more() };
                    let head = Head::parse(&self.buffer[..length], self.headers);
                    self.buffer.advance(length);
                    self.state = State::Contents;
                    return Ok(Some(Event::Part(head)));
                }
                State::Contents => match self.delimiter.find(&self.buffer) {
                    Some(0) => {
                        self.pass_boundary(0);
                        return Ok(Some(Event::End));
                    }
                    Some(1) if self.buffer[0] == b'\r' => {
                        self.pass_boundary(1);
                        return Ok(Some(Event::End));
                    }
                    Some(at) => {
                        let length = if self.buffer[at - 1] == b'\r' { at - 1 } else { at };
                        return Ok(Some(Event::Data(self.buffer.split_to(length).freeze())));
                    }
                    None => {
                        let length = self.buffer.len().saturating_sub(self.tail());
                        let data = self.buffer.split_to(length).freeze();
                        return Ok((!data.is_empty()).then_some(Event::Data(data)));
                    }
                },
                State::Over => return Ok(None),
            }
        }
    }

    /// The contents that are left of a part in which the body has ended, without the start of a boundary; `None`: it has
    /// not ended in a part.
    pub(in crate::http) fn rest(&mut self) -> Option<Bytes> {
        (self.state == State::Contents).then(|| {
            let needle = self.delimiter.needle();
            let started = (1..needle.len()).rev().find(|length| self.buffer.ends_with(&needle[..*length]));
            let rest = self.buffer.split().freeze();
            let Some(started) = started else { return rest };
            let kept = &rest[..rest.len() - started];
            rest.slice_ref(kept.strip_suffix(b"\r").unwrap_or(kept))
        })
    }

    /// Returns whether the last boundary was passed.
    #[cfg(test)]
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    fn pass_boundary(&mut self, at: usize) {
        self.buffer.advance(at + self.delimiter.needle().len());
        self.state = State::Boundary;
    }

    /// Bytes at the end that may be the start of a boundary, with the CR before it.
    fn tail(&self) -> usize {
        self.delimiter.needle().len()
    }

    /// The rest of a line or head is still to come, if there may be one.
    fn more(&self) -> Result<Option<Event>, Malformed> {
        if self.buffer.len() > HEAD { Err(Malformed::Head) } else { Ok(None) }
    }
}

/// Length of a head with the empty line that ends it.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let end = start + memchr::memchr(b'\n', &bytes[start..])?;
        if matches!(&bytes[start..end], b"" | b"\r") {
            return Some(end + 1);
        }
        start = end + 1;
    }
}

// === impl Head ===

impl Head {
    /// Reads the first header of a name, and the last parameter of one, as PHP does. To PHP a line ends at a null byte.
    fn parse(bytes: &[u8], headers: bool) -> Self {
        let mut head = Self::default();
        let (mut disposition, mut media_type) = (None, None);
        let lines = unfolded(bytes);
        for line in lines.iter().take(HEADERS) {
            let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
            if headers {
                head.headers.push((name.to_ascii_lowercase(), value.to_vec()));
            }
            if name.eq_ignore_ascii_case(b"content-disposition") {
                disposition.get_or_insert(value);
            } else if name.eq_ignore_ascii_case(b"content-type") {
                media_type.get_or_insert(value);
            }
        }
        for (name, value) in Parameters(disposition.unwrap_or_default(), DISPOSITION) {
            if name.eq_ignore_ascii_case(b"name") {
                head.name = Some(value);
            } else if name.eq_ignore_ascii_case(b"filename") {
                head.file = Some(value);
            }
        }
        let media_type = media_type.and_then(|value| value.split(|byte| *byte == b';').next());
        head.media_type = media_type.unwrap_or_default().trim_ascii().to_vec();
        head
    }
}

/// Lines of a head; those that begin with white space belong to the one before.
fn unfolded(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.first(), lines.last_mut()) {
            (Some(b' ' | b'\t'), Some(before)) => {
                before.push(b' ');
                before.extend_from_slice(line.trim_ascii());
            }
            _ => lines.push(line.to_vec()),
        }
    }
    lines
}
