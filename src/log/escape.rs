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

/// How many bytes `text` starts with that may stand everywhere: printable ASCII but for quotes and backslashes. Most text
/// is made of nothing else, so eight are looked at at a time.
pub(crate) fn plain(text: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The highest bit of each byte that is less than `bound`; perhaps of bytes behind such a one, too.
        let less = |word: u64, bound: u8| word.wrapping_sub(EACH * u64::from(bound)) & !word;
        let is = |byte: u8| less(word ^ (EACH * u64::from(byte)), 1);
        let odd = (word | less(word, b' ') | is(b'"') | is(b'\\') | is(0x7f)) & (EACH << 7);
        if odd != 0 {
            return index * 8 + odd.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'"' && *byte != b'\\';
    text.len() - rest.len() + rest.iter().take_while(|byte| is_plain(byte)).count()
}

/// Writes into a buffer what may stand at a place.
pub(super) struct Escaped<'a> {
    pub(super) to: &'a mut Vec<u8>,
    pub(super) place: Place,
}

// === impl Escaped ===

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        loop {
            let (plain, odd) = rest.split_at(plain(rest.as_bytes()));
            self.to.extend_from_slice(plain.as_bytes());
            let Some(character) = odd.chars().next() else { return Ok(()) };
            let (written, behind) = odd.split_at(character.len_utf8());
            if self.may_stand(character) {
                self.to.extend_from_slice(written.as_bytes());
            } else {
                self.escape(character);
            }
            rest = behind;
        }
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
    fn plain_text_ends_before_the_first_odd_byte() {
        for length in 0..20 {
            let mut text: Vec<u8> = (b'#'..).take(length).collect();
            assert_eq!(plain(&text), length);
            for at in 0..length {
                let kept = text[at];
                for byte in 0..=u8::MAX {
                    text[at] = byte;
                    let odd = !(b' '..=b'~').contains(&byte) || byte == b'"' || byte == b'\\';
                    assert_eq!(plain(&text), if odd { at } else { length }, "{byte} at {at} of {length}");
                }
                text[at] = kept;
            }
        }
        assert_eq!(plain(b"abc\"\x1f\\\x7f\xff"), 3);
    }

    #[test]
    fn every_character_survives_json() {
        let all: String = ('\0'..='\u{2100}').chain(['\u{ffff}', '😀']).collect();
        let json = format!("\"{}\"", escaped(&all, Place::Json));
        assert!(!json.contains(char::is_control));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
    }
}
