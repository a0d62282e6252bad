//! The format of server-sent events (HTML standard, section 9.2).

use memchr::memchr2;
use thiserror::Error;

/// An event for whoever listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event<'a> {
    /// Its text, of any number of lines.
    pub data: &'a [u8],
    /// Its type; `None` is `message`.
    pub kind: Option<&'a [u8]>,
    /// What a client says it had last when it comes again.
    pub id: Option<&'a [u8]>,
    /// Milliseconds after which a client that has lost its connection is to come again.
    pub retry: Option<u64>,
}

/// A field of one line has a line break, or a NUL.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the {0} has a line break or a NUL")]
pub struct Lines(pub &'static str);

// === impl Event ===

impl Event<'_> {
    /// The event as it is sent.
    ///
    /// # Errors
    ///
    /// When type or id have more than one line, or a NUL.
    pub fn format(&self) -> Result<Vec<u8>, Lines> {
        let mut lines = Vec::with_capacity(self.data.len() + 64);
        for (field, value) in [("event", self.kind), ("id", self.id)] {
            let Some(value) = value else { continue };
            if value.iter().any(|byte| matches!(byte, b'\n' | b'\r' | 0)) {
                return Err(Lines(field));
            }
            append(&mut lines, field.as_bytes(), value);
        }
        if let Some(retry) = self.retry {
            append(&mut lines, b"retry", retry.to_string().as_bytes());
        }
        for line in split(self.data) {
            append(&mut lines, b"data", line);
        }
        lines.push(b'\n');
        Ok(lines)
    }
}

/// A comment as it is sent: clients pass over it.
pub fn comment(text: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for line in split(text) {
        append(&mut lines, b"", line);
    }
    lines.push(b'\n');
    lines
}

/// Lines of a text, ended by LF, CR LF or CR.
fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = memchr2(b'\n', b'\r', text) else { return rest.take() };
        let next = if text[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
        rest = Some(&text[next..]);
        Some(&text[..end])
    })
}

fn append(lines: &mut Vec<u8>, field: &[u8], value: &[u8]) {
    lines.extend_from_slice(field);
    lines.extend_from_slice(b": ");
    lines.extend_from_slice(value);
    lines.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_line_for_each_of_its_fields_and_of_its_text() {
        let event = Event { data: b"two\r\nlines\n", kind: Some(b"greeting"), id: Some(b"id 7"), retry: Some(1500) };
        let text = "event: greeting\nid: id 7\nretry: 1500\ndata: two\ndata: lines\ndata: \n\n";
        assert_eq!(event.format().unwrap(), text.as_bytes());
        assert_eq!(Event::default().format().unwrap(), b"data: \n\n");
        assert_eq!(comment(b"ping\rpong"), b": ping\n: pong\n\n");
    }

    #[test]
    fn fields_of_one_line_have_one_line() {
        for wrong in [b"a\nb", b"a\rb", b"a\0b"] {
            assert_eq!(Event { kind: Some(wrong), ..Event::default() }.format(), Err(Lines("event")));
            assert_eq!(Event { id: Some(wrong), ..Event::default() }.format(), Err(Lines("id")));
        }
    }
}
