//! Bad chunks and trailers.

use super::{Row, row};

/// A chunked request with this body.
fn chunked(what: &'static str, body: impl AsRef<[u8]>) -> Row {
    let head = b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
    row(what, [head, body.as_ref()].concat(), &[400])
}

pub fn malformed_chunks() -> Vec<Row> {
    vec![
        chunked("no size", "\r\n\r\n"),
        chunked("no size, but an extension", ";a\r\n\r\n"),
        chunked("a space before the size", " 4\r\nbody\r\n0\r\n\r\n"),
        chunked("a minus sign", "-4\r\nbody\r\n0\r\n\r\n"),
        chunked("a plus sign", "+4\r\nbody\r\n0\r\n\r\n"),
        chunked("a prefix", "0x4\r\nbody\r\n0\r\n\r\n"),
        chunked("a suffix", "4h\r\nbody\r\n0\r\n\r\n"),
        chunked("an underscore", "0_4\r\nbody\r\n0\r\n\r\n"),
        chunked("two sizes", "4 4\r\nbody\r\n0\r\n\r\n"),
        chunked("a letter that is no digit", "g\r\nbody\r\n0\r\n\r\n"),
        chunked("a size of 2^64", "10000000000000000\r\nbody\r\n0\r\n\r\n"),
        chunked("a size of 2^64 + 4", "10000000000000004\r\nbody\r\n0\r\n\r\n"),
        chunked("a size of 2^64 - 1", "ffffffffffffffff\r\nbody\r\n0\r\n\r\n"),
        chunked("a size of 2^64 - 2", "fffffffffffffffe\r\n\nbody\r\n0\r\n\r\n"),
        chunked("a bare LF after the size", "4\nbody\r\n0\r\n\r\n"),
        chunked("a bare CR after the size", "4\rbody\r\n0\r\n\r\n"),
        chunked("a doubled CR after the size", "4\r\r\nbody\r\n0\r\n\r\n"),
        chunked("a bare LF after the last size", "0\n\r\n"),
        chunked("no line end after the data", "4\r\nbody0\r\n\r\n"),
        chunked("a bare LF after the data", "4\r\nbody\n0\r\n\r\n"),
        chunked("a bare CR after the data", "4\r\nbody\r0\r\n\r\n"),
        chunked("other bytes for the line end after the data", "4\r\nbodyXX0\r\n\r\n"),
        chunked("more data than announced", "3\r\nbody\r\n0\r\n\r\n"),
        chunked("less data than announced", "5\r\nbody\r\n0\r\n\r\n"),
        chunked("a bare LF in an extension", "4;a\nb\r\nbody\r\n0\r\n\r\n"),
        chunked("a bare LF behind an extension", "4;a\nbody\r\n0\r\n\r\n"),
        chunked("a bare LF behind the last extension", "0;a\n\r\n"),
        chunked("a bare LF for an extension", "1;\na\r\nX\r\n0\r\n\r\n"),
        chunked("a bare CR in an extension", "4;a\rb\r\nbody\r\n0\r\n\r\n"),
        chunked("a NUL in an extension", "4;a\0b\r\nbody\r\n0\r\n\r\n"),
        chunked("a control character in an extension", "4;a\x08b\r\nbody\r\n0\r\n\r\n"),
        chunked("an extension without a semicolon", "4 a\r\nbody\r\n0\r\n\r\n"),
        chunked("a huge extension", format!("4;{}\r\nbody\r\n0\r\n\r\n", "a".repeat(20_000))),
        chunked("many extensions", format!("1;{}\r\nb\r\n", "a".repeat(900)).repeat(20) + "0\r\n\r\n"),
    ]
}

pub fn malformed_trailers() -> Vec<Row> {
    vec![
        chunked("a bare LF at the end", "0\r\n\n"),
        chunked("a bare CR at the end", "0\r\n\rX"),
        chunked("a bare LF behind a trailer", "0\r\nX-A: a\n\r\n"),
        chunked("a bare LF between trailers", "0\r\nX-A: a\nX-B: b\r\n\r\n"),
        chunked("a bare CR in a trailer", "0\r\nX-A: a\rX-B: b\r\n\r\n"),
        chunked("a NUL in a trailer", "0\r\nX-A: a\0b\r\n\r\n"),
        chunked("a trailer without a colon", "0\r\nX-A\r\n\r\n"),
        chunked("a trailer without a name", "0\r\n: a\r\n\r\n"),
        chunked("a space before a trailer's colon", "0\r\nX-A : a\r\n\r\n"),
        chunked("a folded trailer", "0\r\nX-A: a\r\n b\r\n\r\n"),
        chunked("a folded line for the first trailer", "0\r\n X-A: a\r\n\r\n"),
        chunked("a delimiter in a trailer's name", "0\r\nX(A): a\r\n\r\n"),
        chunked("a request in place of trailers", "0\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n"),
        chunked("too many trailers", format!("0\r\n{}\r\n", "X-A: a\r\n".repeat(129))),
        chunked("too large a trailer", format!("0\r\nX-A: {}\r\n\r\n", "a".repeat(66_000))),
    ]
}
