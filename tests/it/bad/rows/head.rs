//! Bad header lines.

use super::{Row, row};

/// A request with these header lines.
fn lines(what: &'static str, lines: impl AsRef<[u8]>) -> Row {
    refused(what, lines, &[400])
}

fn refused(what: &'static str, lines: impl AsRef<[u8]>, statuses: &'static [u16]) -> Row {
    row(what, [b"GET / HTTP/1.1\r\nHost: test\r\n", lines.as_ref(), b"\r\n"].concat(), statuses)
}

pub fn malformed_header_lines() -> Vec<Row> {
    vec![
        lines("a line without a colon", "X-A\r\n"),
        lines("no name", ": a\r\n"),
        lines("a space before the colon", "X-A : b\r\n"),
        lines("a tab before the colon", "X-A\t: b\r\n"),
        lines("a space in the name", "X A: b\r\n"),
        lines("a delimiter in the name", "X(A): b\r\n"),
        lines("a slash in the name", "X/A: b\r\n"),
        lines("a quote in the name", "X\"A: b\r\n"),
        lines("a NUL in the name", "X\0A: b\r\n"),
        lines("a CR in the name", "X\rA: b\r\n"),
        lines("a LF in the name", "X\nA: b\r\n"),
        lines("a control character in the name", "X\x01A: b\r\n"),
        lines("a DEL in the name", "X\x7fA: b\r\n"),
        lines("a byte beyond ASCII in the name", b"X\xe9A: b\r\n"),
        lines("a NUL in the value", "X-A: a\0b\r\n"),
        lines("a NUL behind the value", "X-A: a\0\r\n"),
        lines("a CR in the value", "X-A: a\rb\r\n"),
        lines("a CR before a hidden line", "X-A: a\rX-B: b\r\n"),
        lines("a LF in the value", "X-A: a\nX-B: b\r\n"),
        lines("a control character in the value", "X-A: a\x01b\r\n"),
        lines("a vertical tab in the value", "X-A: a\x0bb\r\n"),
        lines("a form feed in the value", "X-A: a\x0cb\r\n"),
        lines("a backspace in the value", "X-A: a\x08b\r\n"),
        lines("an escape in the value", "X-A: a\x1bb\r\n"),
        lines("a DEL in the value", "X-A: a\x7fb\r\n"),
        lines("a doubled CR", "X-A: a\r\r\n"),
        lines("LF and CR exchanged", "X-A: a\n\r"),
        lines("a folded line", "X-A: a\r\n b\r\n"),
        lines("a line folded by a tab", "X-A: a\r\n\tb\r\n"),
        lines("a folded line of nothing", "X-A: a\r\n \r\n"),
        row("a folded line before the first", "GET / HTTP/1.1\r\n Host: test\r\n\r\n", &[400]),
        lines("a bare LF at the end of a line", "X-A: a\n"),
        row("a bare LF at the end of the head", "GET / HTTP/1.1\r\nHost: test\r\n\n", &[400]),
        row("a bare CR at the end of the head", "GET / HTTP/1.1\r\nHost: test\r\n\rx", &[400]),
    ]
}

pub fn heads_beyond_their_bounds() -> Vec<Row> {
    vec![
        refused("a header too many", "X-A: b\r\n".repeat(100), &[431]),
        refused("very many headers", "a:\r\n".repeat(10_000), &[431]),
        refused("a long value", format!("X-A: {}\r\n", "a".repeat(66_000)), &[431]),
        refused("a long name", format!("{}: a\r\n", "a".repeat(66_000)), &[431]),
        refused("a megabyte without an end", format!("X-A: {}", "a".repeat(1 << 20)), &[431]),
        row("a megabyte of empty lines", "\r\n".repeat(1 << 19), &[400, 431]),
    ]
}

pub fn doubtful_lengths() -> Vec<Row> {
    let lengths = [
        ("nothing", ""),
        ("a space", " "),
        ("a minus sign", "-1"),
        ("a plus sign", "+4"),
        ("a hexadecimal number", "0x4"),
        ("hexadecimal digits", "a"),
        ("a fraction", "4.0"),
        ("an exponent", "4e0"),
        ("two equal numbers", "4, 4"),
        ("two numbers", "4,5"),
        ("two numbers and a space", "4 4"),
        ("a parameter", "4;a"),
        ("quotes", "\"4\""),
        ("an underscore", "1_0"),
        ("a vertical tab", "\u{b}4"),
        ("a digit of another script", "٤"),
        ("2^64", "18446744073709551616"),
        ("many nines", "99999999999999999999999999999999"),
    ];
    let mut rows: Vec<_> = lengths
        .iter()
        .map(|(what, length)| {
            row(what, format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\nbody"), &[400])
        })
        .collect();
    rows.extend([
        lines("two equal lines", "Content-Length: 4\r\nContent-Length: 4\r\n"),
        lines("two lines", "Content-Length: 4\r\nContent-Length: 5\r\n"),
        lines("two lines of zero", "Content-Length: 0\r\nContent-Length: 0\r\n"),
        lines("two lines of different case", "Content-Length: 4\r\ncontent-length: 4\r\n"),
        lines("a space before the colon", "Content-Length : 4\r\n"),
        refused("2^64 - 1", "Content-Length: 18446744073709551615\r\n", &[400, 413, 431]),
        refused("2^63", "Content-Length: 9223372036854775808\r\n", &[413]),
    ]);
    rows
}

pub fn doubtful_encodings() -> Vec<Row> {
    let encodings = [
        ("nothing", ""),
        ("another coding", "gzip"),
        ("identity", "identity"),
        ("a coding before", "gzip, chunked"),
        ("a coding behind", "chunked, gzip"),
        ("identity behind", "chunked, identity"),
        ("twice", "chunked, chunked"),
        ("an empty element before", ", chunked"),
        ("an empty element behind", "chunked,"),
        ("letters before", "xchunked"),
        ("letters behind", "chunkedx"),
        ("a word before", "x chunked"),
        ("a word behind", "chunked x"),
        ("a parameter", "chunked;a=b"),
        ("quotes", "\"chunked\""),
        ("a vertical tab before", "\u{b}chunked"),
        ("a vertical tab behind", "chunked\u{b}"),
        ("a form feed behind", "chunked\u{c}"),
        ("a no-break space before", "\u{a0}chunked"),
        ("a NUL behind", "chunked\0"),
        ("a long s", "chunſed"),
        ("a colon before", ":chunked"),
    ];
    let request =
        |headers: &str| format!("POST / HTTP/1.1\r\nHost: test\r\n{headers}\r\n4\r\nbody\r\n0\r\n\r\n").into_bytes();
    let mut rows: Vec<_> = encodings
        .iter()
        .map(|(what, coding)| row(what, request(&format!("Transfer-Encoding: {coding}\r\n")), &[400, 501]))
        .collect();
    let more = |what, headers: &str| row(what, request(headers), &[400]);
    rows.extend([
        more("two lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        more("two lines, the last another", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
        more("two lines, the first another", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
        more("a length before", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
        more("a length behind", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        more("a length of zero", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
        more("a length beside another coding", "Content-Length: 4\r\nTransfer-Encoding: x\r\n"),
        more("a space before the colon", "Transfer-Encoding : chunked\r\n"),
        more("a folded value", "Transfer-Encoding:\r\n chunked\r\n"),
        row(
            "in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
            &[400],
        ),
        row(
            "in HTTP/1.0 that is kept alive",
            "POST / HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            &[400],
        ),
    ]);
    rows
}
