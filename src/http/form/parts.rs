//! A form part by part, for those who read it themselves.

use bytes::{Buf, Bytes};

use super::multipart::{Event, Head, Malformed, Parser};

/// Takes a form apart that is fed with pieces of it. One part is open at a time; to go on is to pass over what is left of it.
#[derive(Debug)]
pub struct Parts {
    parser: Parser,
    /// Number of the part that is open, from 1.
    number: u64,
    open: bool,
    /// What has come of its contents.
    contents: Bytes,
    /// Whether nothing more is fed.
    ended: bool,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A part.
    Part(Head),
    /// Nothing, before more was fed.
    More,
    /// Nothing any more.
    Over,
}

// === impl Parts ===

impl Parts {
    /// Begins a form of this `Content-Type`.
    ///
    /// # Errors
    ///
    /// When that has no boundary.
    pub fn new(content_type: &[u8]) -> Result<Self, Malformed> {
        let parser = Parser::new(content_type)?.with_headers();
        Ok(Self { parser, number: 0, open: false, contents: Bytes::new(), ended: false })
    }

    /// Number of the part that is open, or was last.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Adds what has arrived.
    pub fn feed(&mut self, piece: &[u8]) {
        self.parser.feed(piece);
    }

    /// Nothing more arrives.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Goes on to the next part.
    ///
    /// # Errors
    ///
    /// When the form is malformed, or ends within a part.
    pub fn advance(&mut self) -> Result<Next, Malformed> {
        self.contents = Bytes::new();
        loop {
            match self.parser.next()? {
                Some(Event::Part(head)) => {
                    self.number += 1;
                    self.open = true;
                    return Ok(Next::Part(head));
                }
                Some(Event::Data(_)) => {}
                Some(Event::End) => self.open = false,
                Some(Event::Over) => {
                    self.end();
                    return Ok(Next::Over);
                }
                None if !self.ended => return Ok(Next::More),
                None if self.open => return Err(Malformed::Unended),
                None => return Ok(Next::Over),
            }
        }
    }

    /// Reads some of the contents of the open part. `None`: more is to be fed; 0: it has ended.
    ///
    /// # Errors
    ///
    /// When the form is malformed, or ends within the part.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Malformed> {
        while self.contents.is_empty() && self.open {
            match self.parser.next()? {
                Some(Event::Data(data)) => self.contents = data,
                Some(_) => self.open = false,
                None if self.ended => return Err(Malformed::Unended),
                None => return Ok(None),
            }
        }
        let length = self.contents.len().min(buffer.len());
        self.contents.copy_to_slice(&mut buffer[..length]);
        Ok(Some(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--XX\r\nContent-Disposition: form-data; name=a\r\nX-More: 1\r\n\r\none\r\n\
        --XX\r\nContent-Disposition: form-data; name=b; filename=f\r\n\r\nskipped\r\n\
        --XX\r\nContent-Disposition: form-data; name=c\r\n\r\nthree\r\n--XX--\r\n";

    /// Names, and contents of all parts but those of files, from a body in pieces of `size`.
    type NameAndContents = (Vec<u8>, Vec<u8>);

    fn read(body: &[u8], size: usize) -> Result<Vec<NameAndContents>, Malformed> {
        let mut parts = Parts::new(b"multipart/form-data; boundary=XX")?;
        let mut pieces = body.chunks(size);
        let mut feed = |parts: &mut Parts| match pieces.next() {
            Some(piece) => parts.feed(piece),
            None => parts.end(),
        };
        let mut found = Vec::new();
        loop {
            match parts.advance()? {
                Next::Over => return Ok(found),
                Next::More => feed(&mut parts),
                Next::Part(head) => {
                    let (mut contents, mut buffer) = (Vec::new(), [0; 2]);
                    while head.file.is_none() {
                        match parts.read(&mut buffer)? {
                            None => feed(&mut parts),
                            Some(0) => break,
                            Some(length) => contents.extend_from_slice(&buffer[..length]),
                        }
                    }
                    assert_eq!(parts.number(), found.len() as u64 + 1);
                    found.push((head.name.unwrap(), contents));
                }
            }
        }
    }

    #[test]
    fn parts_come_one_after_the_other_and_those_not_read_are_passed_over() {
        let owned = |name: &[u8], contents: &[u8]| (name.to_vec(), contents.to_vec());
        for size in [1, 3, 7, 50, BODY.len()] {
            let expected = [owned(b"a", b"one"), owned(b"b", b""), owned(b"c", b"three")];
            assert_eq!(read(BODY, size).unwrap(), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn a_form_that_ends_within_a_part_is_malformed() {
        for cut in [BODY.len() - 10, BODY.len() - 70] {
            assert_eq!(read(&BODY[..cut], 5), Err(Malformed::Unended), "after {cut}");
        }
        assert_eq!(read(b"", 5).unwrap(), []);
    }

    #[test]
    fn all_headers_of_a_part_are_there() {
        let mut parts = Parts::new(b"multipart/form-data; boundary=XX").unwrap();
        parts.feed(BODY);
        let Next::Part(head) = parts.advance().unwrap() else { panic!("a part") };
        assert_eq!(head.headers[1], (b"x-more".to_vec(), b"1".to_vec()));
    }
}
