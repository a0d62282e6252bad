//! Text of others inside an entry: whatever it contains, it stays inside.

use std::fmt;

/// Where text lands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// A line of text: everything that ends a line or steers a terminal is written as an escape.
    Line,
    /// A terminal: the same, but a line feed starts a new line, indented so that it does not look like an entry.
    Screen,
    /// Between the quotes of a value on a line.
    Quotes,
    /// Between the quotes of a JSON string.
    Json,
}

/// The bytes that may stand everywhere, which most are.
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        table[byte as usize] = byte != b'"' && byte != b'\\';
        byte += 1;
    }
    table
};

/// Writes into a buffer what may stand at a place.
pub(super) struct Escaped<'a> {
    pub(super) to: &'a mut Vec<u8>,
    pub(super) place: Place,
}

// === impl Escaped ===

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| !PLAIN[usize::from(byte)]) {
            let (plain, odd) = rest.split_at(at);
            self.to.extend_from_slice(plain.as_bytes());
            let Some(character) = odd.chars().next() else { break };
            let (written, behind) = odd.split_at(character.len_utf8());
            if self.may_stand(character) {
                self.to.extend_from_slice(written.as_bytes());
            } else {
                self.escape(character);
            }
            rest = behind;
        }
        self.to.extend_from_slice(rest.as_bytes());
        Ok(())
    }
}

impl Escaped<'_> {
    fn may_stand(&self, character: char) -> bool {
        match character {
            '\t' => self.place != Place::Json,
            '"' | '\\' => matches!(self.place, Place::Line | Place::Screen),
            // Terminals obey control characters; readers of files may break lines at separators; overrides of the
            // direction of text show it in another order than it has.
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
            _ => !character.is_control(),
        }
    }

    fn escape(&mut self, character: char) {
        let short: &[u8] = match character {
            '\n' if self.place == Place::Screen => b"\n    ",
            '\n' => b"\\n",
            '\r' => b"\\r",
            '\t' => b"\\t",
            '"' => b"\\\"",
            '\\' => b"\\\\",
            _ => {
                use std::io::Write;
                // All of them are in the first plane, where JSON needs no pair.
                let code = u32::from(character);
                let _ = if self.place == Place::Json {
                    write!(self.to, "\\u{code:04x}")
                } else {
                    write!(self.to, "\\u{{{code:x}}}")
                };
                return;
            }
        };
        self.to.extend_from_slice(short);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn escaped(text: &str, place: Place) -> String {
        let mut to = Vec::new();
        Escaped { to: &mut to, place }.write_str(text).unwrap();
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn text_stays_on_its_line() {
        let hostile = "a\r\nb\u{1b}[31m\u{85}\u{2028}\u{202e}\0\u{7f}\tä\"\\";
        assert_eq!(escaped(hostile, Place::Line), r#"a\r\nb\u{1b}[31m\u{85}\u{2028}\u{202e}\u{0}\u{7f}	ä"\"#);
        assert_eq!(escaped("\"\\\t", Place::Quotes), "\\\"\\\\\t");
        assert_eq!(escaped("a\nb", Place::Screen), "a\n    b");
    }

    #[test]
    fn every_character_survives_json() {
        let all: String = ('\0'..='\u{2100}').chain(['\u{ffff}', '😀']).collect();
        let json = format!("\"{}\"", escaped(&all, Place::Json));
        assert!(!json.contains(char::is_control));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
    }
}
