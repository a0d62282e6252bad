//! Takes a `multipart/form-data` body (RFC 7578) apart while it arrives.
//!
//! It reads what PHP's own parser reads, and as that does: line ends may be a bare LF, names may be quoted or not, what
//! stands before the first boundary and behind the last one is passed over.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;

/// Longest head of a part.
const HEAD: usize = 16 * 1024;
/// Longest boundary (RFC 2046 section 5.1.1).
const BOUNDARY: usize = 70;
/// Most headers of a part that are looked at.
const HEADERS: usize = 32;

/// A parser that is fed with pieces of a body.
#[derive(Debug)]
pub(super) struct Parser {
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
pub(super) enum Event {
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
    /// `Content-Type`, as it is; empty if there is none.
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
    pub(super) fn new(content_type: &[u8]) -> Result<Self, Malformed> {
        let boundary = parameter(content_type, b"boundary").ok_or(Malformed::Boundary)?;
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
    pub(super) fn feed(&mut self, piece: &[u8]) {
        if self.state != State::Over {
            self.buffer.extend_from_slice(piece);
        }
    }

    /// Returns what comes next; `None`: that is still to arrive.
    ///
    /// # Errors
    ///
    /// When the body is malformed; nothing of it is of use any more.
    pub(super) fn next(&mut self) -> Result<Option<Event>, Malformed> {
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
                    self.buffer.advance(end + 1);
                    self.state = State::Head;
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

    /// The contents that are left of a part in which the body has ended; `None`: it has not ended in a part.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        (self.state == State::Contents).then(|| self.buffer.split().freeze())
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
    fn parse(bytes: &[u8], headers: bool) -> Self {
        let mut head = Self::default();
        for line in unfolded(bytes).iter().take(HEADERS) {
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
            if headers {
                head.headers.push((name.to_ascii_lowercase(), value.to_vec()));
            }
            if name.eq_ignore_ascii_case(b"content-disposition") {
                head.name = parameter(value, b"name");
                head.file = parameter(value, b"filename");
            } else if name.eq_ignore_ascii_case(b"content-type") {
                head.media_type = value.to_vec();
            }
        }
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

/// The value of a parameter of a header, quoted or not. In quotes a backslash stands before a quote or backslash only.
fn parameter(value: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let mut rest = &value[memchr::memchr(b';', value)? + 1..];
    loop {
        rest = rest.trim_ascii_start();
        let equals = memchr::memchr2(b'=', b';', rest)?;
        if rest[equals] == b';' {
            rest = &rest[equals + 1..];
            continue;
        }
        let name = rest[..equals].trim_ascii();
        let (found, behind) = word(rest[equals + 1..].trim_ascii_start());
        if name.eq_ignore_ascii_case(wanted) {
            return Some(found);
        }
        rest = &behind[memchr::memchr(b';', behind)? + 1..];
    }
}

/// A value of a parameter, and what stands behind it.
fn word(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some((quote @ (b'"' | b'\''), quoted)) = text.split_first() else {
        let end = memchr::memchr(b';', text).unwrap_or(text.len());
        return (text[..end].trim_ascii().to_vec(), &text[end..]);
    };
    let (mut word, mut at) = (Vec::new(), 0);
    while at < quoted.len() && quoted[at] != *quote {
        let escaped =
            quoted[at] == b'\\' && quoted.get(at + 1).is_some_and(|next| matches!(next, b'\\') || next == quote);
        at += usize::from(escaped);
        word.push(quoted[at]);
        at += 1;
    }
    (word, quoted.get(at + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &[u8] = b"multipart/form-data; boundary=XX";

    /// All parts of `body`, which comes in pieces of `size` bytes; `true` once the last boundary was passed.
    fn parts(body: &[u8], size: usize) -> (Vec<(Head, Vec<u8>)>, bool) {
        let mut parser = Parser::new(TYPE).unwrap();
        let mut parts: Vec<(Head, Vec<u8>)> = Vec::new();
        for piece in body.chunks(size) {
            parser.feed(piece);
            while let Some(event) = parser.next().unwrap() {
                match event {
                    Event::Part(head) => parts.push((head, Vec::new())),
                    Event::Data(data) => parts.last_mut().unwrap().1.extend_from_slice(&data),
                    Event::End | Event::Over => {}
                }
            }
        }
        if let Some(rest) = parser.rest() {
            parts.last_mut().unwrap().1.extend_from_slice(&rest);
        }
        (parts, parser.is_over())
    }

    fn head(name: &str, file: Option<&str>, media_type: &str) -> Head {
        Head {
            name: Some(name.into()),
            file: file.map(|file| file.into()),
            media_type: media_type.into(),
            headers: Vec::new(),
        }
    }

    #[test]
    fn parts_are_found_however_the_body_is_cut() {
        let body = b"preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--XX  \r\n\
            content-disposition: form-data; filename=\"f.txt\"; name=b\r\nContent-Type: text/plain; charset=x\r\n\r\n\
            \r\n--X\r\n\r--XX\n\r\n--XX\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--XX--\r\nepilogue\r\n--XX\r\n";
        for size in [1, 2, 3, 5, 7, 11, 64, body.len()] {
            let (parts, over) = parts(body, size);
            assert!(over);
            assert_eq!(
                parts,
                [
                    (head("a", None, ""), b"one".to_vec()),
                    (head("b", Some("f.txt"), "text/plain; charset=x"), b"\r\n--X\r\n\r--XX\n".to_vec()),
                    (head("empty", None, ""), Vec::new()),
                ],
                "in pieces of {size}"
            );
        }
    }

    #[test]
    fn bare_line_feeds_are_line_ends() {
        let body = b"--XX\nContent-Disposition: form-data; name=a\n\none\n--XX--\n";
        assert_eq!(parts(body, 4), (vec![(head("a", None, ""), b"one".to_vec())], true));
    }

    #[test]
    fn names_are_quoted_or_not() {
        for (given, name, file) in [
            (r#"form-data; name="a b""#, "a b", None),
            ("form-data; name=a", "a", None),
            ("form-data; name='a'", "a", None),
            (r#"form-data; name="a\"b\\c\d""#, r#"a"b\c\d"#, None),
            (r#"form-data; name="a;b=c"; filename="x;y""#, "a;b=c", Some("x;y")),
            (r#"form-data; filename="C:\dir\x.txt"; name="a""#, "a", Some(r"C:\dir\x.txt")),
            (r#"form-data; NAME="a"; FileName="""#, "a", Some("")),
            (r#"form-data; filename*=UTF-8''%41; name="a""#, "a", None),
            (r#"form-data; name="unended"#, "unended", None),
            ("form-data; flag; name=a ; filename = b", "a", Some("b")),
            ("form-data;\r\n name=\"folded\"", "folded", None),
        ] {
            let body = format!("--XX\r\nContent-Disposition: {given}\r\n\r\nx\r\n--XX--");
            assert_eq!(parts(body.as_bytes(), 1000).0[0].0, head(name, file, ""), "{given}");
        }
        let nameless = b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--";
        assert_eq!(parts(nameless, 1000).0[0].0, Head::default());
    }

    #[test]
    fn a_body_that_ends_too_early_gives_what_has_come() {
        let body = b"--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nhalf of it\r\n--X";
        assert_eq!(parts(body, 3), (vec![(head("a", None, ""), b"half of it\r\n--X".to_vec())], false));
        assert_eq!(parts(b"nothing at all", 3), (vec![], false));
        assert_eq!(parts(b"", 3), (vec![], false));
    }

    #[test]
    fn boundaries_and_heads_have_bounds() {
        for wrong in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\""] {
            assert_eq!(Parser::new(wrong.as_bytes()).unwrap_err(), Malformed::Boundary, "{wrong}");
        }
        let long = format!("multipart/form-data; boundary={}", "x".repeat(BOUNDARY + 1));
        assert_eq!(Parser::new(long.as_bytes()).unwrap_err(), Malformed::Boundary);
        assert!(Parser::new(b"multipart/form-data; charset=x; boundary=\"a b\"").is_ok());
        let mut parser = Parser::new(TYPE).unwrap();
        parser.feed(b"--XX\r\nContent-Disposition: form-data; name=a");
        parser.feed(&vec![b'x'; HEAD]);
        assert_eq!(parser.next(), Err(Malformed::Head));
    }

    #[test]
    fn contents_without_a_boundary_are_passed_on_in_pieces() {
        let mut parser = Parser::new(TYPE).unwrap();
        parser.feed(b"--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n");
        assert!(matches!(parser.next(), Ok(Some(Event::Part(_)))));
        for _ in 0..100 {
            parser.feed(&[b'\n'; 1000]);
            while parser.next().unwrap().is_some() {}
            assert!(parser.buffer.len() < 10);
        }
    }
}
