//! Lines as Apache and nginx write them.

use std::{fmt::Write as _, io::Write as _};

use super::Record;
use crate::log::{Layout, Moment, plain};

/// Writes `client - - [time] "request" status bytes`, and `"referrer" "user agent"` if `combined`.
pub(super) fn line(record: &Record, status: u16, now: &Moment, time: &Layout, combined: bool) -> String {
    let mut line = Vec::with_capacity(256);
    let _ = match record.peer.remote {
        Some(remote) => write!(line, "{}", remote.ip().to_canonical()),
        None => write!(line, "unix:"),
    };
    line.extend_from_slice(b" - - [");
    time.write(now, &mut line);
    line.extend_from_slice(b"] ");
    let mut line = String::from_utf8(line).unwrap_or_default();
    let request =
        record.request.as_ref().map(|request| format!("{} {} {:?}", request.method, request.target(), request.version));
    quoted(request.as_deref().map(str::as_bytes), &mut line);
    let _ = write!(line, " {status} {}", record.written);
    if combined {
        for header in [&record.referer, &record.user_agent] {
            line.push(' ');
            quoted(header.as_ref().map(http::HeaderValue::as_bytes), &mut line);
        }
    }
    line
}

/// Writes text between quotes, in ASCII, so that it can be told where it ends.
fn quoted(text: Option<&[u8]>, to: &mut String) {
    to.push('"');
    let mut rest = text.unwrap_or(b"-");
    loop {
        let (written, odd) = rest.split_at(plain(rest));
        to.push_str(str::from_utf8(written).unwrap_or_default());
        let Some((byte, behind)) = odd.split_first() else { break };
        let _ = match byte {
            b'"' | b'\\' => write!(to, "\\{}", char::from(*byte)),
            byte => write!(to, "\\x{byte:02x}"),
        };
        rest = behind;
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_can_be_told_from_its_surroundings() {
        let written = |text: &[u8]| {
            let mut to = String::new();
            quoted(Some(text), &mut to);
            to
        };
        assert_eq!(written(b"a b"), "\"a b\"");
        assert_eq!(written(b"\" 200 \\"), "\"\\\" 200 \\\\\"");
        assert_eq!(written(b"\t\x7f\xc3\xa9\x1b"), "\"\\x09\\x7f\\xc3\\xa9\\x1b\"");
    }
}
