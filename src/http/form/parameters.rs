//! Parameters of headers, as PHP reads them in forms.

/// How the values of a header's parameters are written.
#[derive(Clone, Copy)]
pub(super) struct Syntax {
    /// What may stand around one.
    quotes: &'static [u8],
    /// What ends one without quotes.
    ends: &'static [u8],
}

/// In the head of a part.
pub(super) const DISPOSITION: Syntax = Syntax { quotes: b"\"'", ends: b"; \t" };
/// In the head of a request.
pub(super) const CONTENT_TYPE: Syntax = Syntax { quotes: b"\"", ends: b";," };

/// The parameters of what is left of a header's value: their names, and their values without quotes.
pub(super) struct Parameters<'a>(pub(super) &'a [u8], pub(super) Syntax);

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a [u8], Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let Self(rest, syntax) = self;
        loop {
            let at = memchr::memchr2(b'=', b';', rest)?;
            let (before, behind) = (rest[..at].trim_ascii(), &rest[at + 1..]);
            if rest[at] == b';' {
                *rest = behind;
                continue;
            }
            let (value, behind) = syntax.word(behind.trim_ascii_start());
            *rest = memchr::memchr(b';', behind).map_or(&[], |end| &behind[end + 1..]);
            return Some((before, value));
        }
    }
}

impl Syntax {
    /// A value, and what stands behind it. In quotes a backslash stands before a quote or backslash only.
    fn word(self, text: &[u8]) -> (Vec<u8>, &[u8]) {
        let quoted = text.split_first().filter(|(first, _)| self.quotes.contains(first));
        let Some((quote, quoted)) = quoted else {
            let end = text.iter().position(|byte| self.ends.contains(byte)).unwrap_or(text.len());
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
}
