//! Names for files that a client is to save: header `Content-Disposition` (RFC 6266, RFC 8187).

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `filename*` may not hold as it is: all but `attr-char` of RFC 8187 section 3.2.1.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header for a file that is to be saved, or, if `inline`, to be shown under a name. `None` if `name` is no name of a
/// file: it is empty, or has a slash, a backslash or a control character.
///
/// A name with characters that not every client reads is sent twice: as a plain one with `_` in their place, and as it is.
pub fn disposition(name: &str, inline: bool) -> Option<HeaderValue> {
    if name.is_empty() || name.chars().any(|character| character.is_control() || matches!(character, '/' | '\\')) {
        return None;
    }
    let kind = if inline { "inline" } else { "attachment" };
    // Some clients take a percent sign for the beginning of an escape.
    let is_plain = |character: char| matches!(character, ' '..='~') && !matches!(character, '"' | '%');
    let plain: String = name.chars().map(|character| if is_plain(character) { character } else { '_' }).collect();
    let value = if plain == name {
        format!("{kind}; filename=\"{plain}\"")
    } else {
        format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ENCODED))
    };
    HeaderValue::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sent_so_that_every_client_reads_them() {
        for (name, expected) in [
            ("report.pdf", r#"attachment; filename="report.pdf""#),
            ("my report (1).pdf", r#"attachment; filename="my report (1).pdf""#),
            ("a;b,c='d'.txt", r#"attachment; filename="a;b,c='d'.txt""#),
            ("naïve.txt", r#"attachment; filename="na_ve.txt"; filename*=UTF-8''na%C3%AFve.txt"#),
            ("€ 100%.csv", r#"attachment; filename="_ 100_.csv"; filename*=UTF-8''%E2%82%AC%20100%25.csv"#),
            (r#"a"b"#, r#"attachment; filename="a_b"; filename*=UTF-8''a%22b"#),
            ("*'()%", r#"attachment; filename="*'()_"; filename*=UTF-8''%2A%27%28%29%25"#),
        ] {
            assert_eq!(disposition(name, false).unwrap(), expected, "{name}");
        }
        assert_eq!(disposition("a.png", true).unwrap(), r#"inline; filename="a.png""#);
        for name in ["", "a/b", "a\\b", "a\nb", "a\u{0}", "\u{7f}", "\u{85}"] {
            assert_eq!(disposition(name, false), None, "{name:?}");
        }
    }
}
